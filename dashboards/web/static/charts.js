// Charts of a model's page, drawn by uPlot from one JSON document. No build step, no dependency but uPlot.
"use strict";

const driftline = (() => {
  const HEIGHT = 200;
  const SYNC = uPlot.sync("model");

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  }

  function withAlpha(value, percent) {
    return `color-mix(in srgb, ${value} ${percent}%, transparent)`;
  }

  function compact(value) {
    if (value === null || value === undefined) return "";
    const size = Math.abs(value);
    if (size >= 1e6) return `${+(value / 1e6).toFixed(1)}M`;
    if (size >= 1e4) return `${+(value / 1e3).toFixed(1)}k`;
    return String(+value.toPrecision(4));
  }

  const percent = (value) => `${+(100 * value).toFixed(1)}%`;
  const figure = (value) => String(+value.toPrecision(4));
  const dollars = (value) => `$${value === 0 ? 0 : +value.toPrecision(2)}`;
  const signed = (value) => (value > 0 ? "+" : "") + value.toFixed(2);

  // Shades episodes, marks where a version begins, and draws level lines, below the series.
  function background(series, levels) {
    return {
      hooks: {
        drawClear: [(plot) => {
          const { ctx, bbox } = plot;
          const ratio = devicePixelRatio;
          const at = (x) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, plot.valToPos(x, "x", true)));
          ctx.save();
          for (const band of series.episodes) {
            const [start, end] = [at(band.start), at(band.end)];
            ctx.fillStyle = withAlpha(colour("bad"), band.open ? 11 : 7);
            ctx.fillRect(start, bbox.top, end - start, bbox.height);
          }
          ctx.font = `${11 * ratio}px ${colour("sans") || "sans-serif"}`;
          for (const mark of series.versions) {
            const x = plot.valToPos(mark.x, "x", true);
            if (x < bbox.left || x > bbox.left + bbox.width) continue;
            ctx.strokeStyle = colour("soft");
            ctx.fillStyle = colour("soft");
            ctx.setLineDash([3 * ratio, 3 * ratio]);
            ctx.beginPath();
            ctx.moveTo(x, bbox.top);
            ctx.lineTo(x, bbox.top + bbox.height);
            ctx.stroke();
            ctx.fillText(mark.label, x + 4 * ratio, bbox.top + bbox.height - 5 * ratio);
          }
          for (const level of levels) {
            const y = plot.valToPos(level, "y", true);
            if (!(y >= bbox.top && y <= bbox.top + bbox.height)) continue;
            ctx.strokeStyle = colour("limit");
            ctx.setLineDash([6 * ratio, 4 * ratio]);
            ctx.beginPath();
            ctx.moveTo(bbox.left, y);
            ctx.lineTo(bbox.left + bbox.width, y);
            ctx.stroke();
          }
          ctx.restore();
        }],
      },
    };
  }

  function line(label, stroke, show, extra = {}) {
    return {
      label, stroke, width: 1.6, spanGaps: false,
      points: { size: 4, show: (plot, index, first, last) => last - first < 60 },
      value: (plot, value) => (value === null || value === undefined ? "" : show(value)),
      ...extra,
    };
  }

  // Quality reads with its interval.
  function withInterval(show) {
    return (plot, value, series, index) => {
      if (value === null || value === undefined || index === null) return "";
      const [upper, lower] = [plot.data[1][index], plot.data[2][index]];
      return `${show(value)} [${show(lower)}, ${show(upper)}]`;
    };
  }

  // Each chart: columns to draw in order, and how. ``range`` keeps the levels in view.
  const CHARTS = {
    evidence: (series) => fieldChart(series, "evidence", (value) => `${value.toFixed(2)}×`, [1]),
    effect: (series) => fieldChart(series, "effect", signed, [series.effect_tolerance, -series.effect_tolerance]),
    quality: (series) => {
      const share = series.quality.unit === "share";
      const show = share ? percent : figure;
      const estimated = series.charts.quality.columns.estimated_value.some((value) => value !== null);
      const edge = (name, tint) => line(name, withAlpha(colour(tint), 35), show, { width: 0.5, class: "u-unlisted", points: { show: false } });
      return {
        columns: ["upper", "lower", "value", "baseline_value",
          ...(estimated ? ["estimated_upper", "estimated_lower", "estimated_value"] : [])],
        lines: [
          edge("upper", "chart-1"),
          edge("lower", "chart-1"),
          line(series.quality.label, colour("chart-1"), show, { width: 2, value: withInterval(show) }),
          line("baseline", colour("soft"), show, { dash: [6, 4], points: { show: false } }),
          ...(estimated ? [
            edge("estimated upper", "chart-3"),
            edge("estimated lower", "chart-3"),
            line("estimated without labels", colour("chart-3"), show, { dash: [3, 3] }),
          ] : []),
        ],
        bands: [
          { series: [1, 2], fill: withAlpha(colour("chart-1"), 16) },
          ...(estimated ? [{ series: [5, 6], fill: withAlpha(colour("chart-3"), 10) }] : []),
        ],
        axis: show,
        levels: [],
        range: (low, high) => (share ? [Math.max(0, low - 0.03), Math.min(1, high + 0.03)] : [low - 0.05 * (high - low), high + 0.05 * (high - low || 1)]),
      };
    },
    traffic: () => ({
      columns: ["seen", "kept", "compared"],
      lines: [
        line("seen", colour("baseline"), compact, { fill: withAlpha(colour("baseline"), 22), points: { show: false } }),
        line("kept", colour("chart-1"), compact),
        line("compared", colour("chart-3"), compact, { dash: [4, 3] }),
      ],
      axis: compact,
      levels: [],
      range: (low, high) => [0, (high || 1) * 1.08],
    }),
    cost: () => ({
      columns: ["per thousand"],
      lines: [line("per 1,000", colour("chart-4"), dollars, { width: 2, fill: withAlpha(colour("chart-4"), 12) })],
      axis: dollars,
      levels: [],
      range: (low, high) => [0, (high || 1) * 1.15],
    }),
  };

  function fieldChart(series, name, show, levels) {
    const columns = Object.keys(series.charts[name].columns);
    return {
      columns,
      lines: columns.map((column, index) => line(column, colour(`chart-${(index % 6) + 1}`), show)),
      axis: compact,
      levels,
      range: (low, high) => {
        const least = Math.min(0, low ?? 0, ...levels);
        const most = Math.max(high ?? 0, ...levels);
        const room = (most - least) * 0.08;
        return [least < 0 ? least - room : 0, most + room];
      },
    };
  }

  const hasData = (chart) => chart.x.length > 0 && Object.values(chart.columns).some((column) => column.some((value) => value !== null));

  class ChartPage {
    constructor(find, onFailure) {
      this.find = find;
      this.onFailure = onFailure;
      this.plots = new Map();
      this.url = "";
      this.series = null;
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw(true));
      let width = 0;
      new ResizeObserver(() => {
        if (Math.abs(this.find().clientWidth - width) < 2) return;
        width = this.find().clientWidth;
        for (const { plot, host } of this.plots.values()) plot.setSize({ width: host.clientWidth, height: HEIGHT });
      }).observe(this.find());
    }

    async run() {
      if (!document.hidden) await this.refresh();
      setTimeout(() => this.run(), 1000 * Number(this.find().dataset.refresh));
    }

    refreshIfMoved() {
      if (this.find() && this.find().dataset.series !== this.url) this.refresh();
    }

    async refresh() {
      const url = this.find().dataset.series;
      this.url = url;
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(10000) });
        if (!response.ok) return this.onFailure();
        const series = await response.json();
        if (url === this.url) {
          this.series = series;
          this.draw(false);
        }
      } catch {
        this.onFailure();
      }
    }

    draw(anew) {
      if (!this.series) return;
      for (const figure of this.find().querySelectorAll("[data-chart]")) this.drawOne(figure, anew);
    }

    drawOne(figure, anew) {
      const name = figure.dataset.chart;
      const chart = this.series.charts[name];
      const host = figure.querySelector(".plot");
      const filled = hasData(chart);
      host.hidden = !filled;
      figure.querySelector(".nothing").hidden = filled;
      const known = this.plots.get(name);
      const shape = JSON.stringify([Object.keys(chart.columns), this.series.episodes, this.series.versions]);
      if (known && (anew || !filled || known.shape !== shape || known.host !== host)) {
        known.plot.destroy();
        this.plots.delete(name);
      }
      if (!filled) return;
      const spec = CHARTS[name](this.series);
      const data = [chart.x, ...spec.columns.map((column) => chart.columns[column])];
      if (this.plots.has(name)) {
        this.plots.get(name).plot.setData(data);
      } else {
        host.replaceChildren();
        this.plots.set(name, { plot: this.build(host, spec, data), host, shape });
      }
    }

    build(host, spec, data) {
      const axis = { stroke: colour("soft"), grid: { stroke: colour("line-soft"), width: 1 }, ticks: { show: false }, font: `11px ${colour("sans")}` };
      return new uPlot({
        width: host.clientWidth,
        height: HEIGHT,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"),
        cursor: { sync: { key: SYNC.key }, drag: { x: true, y: false }, points: { size: 6 } },
        legend: { live: true, markers: { fill: (plot, index) => plot.series[index].stroke(plot, index) } },
        scales: { y: { range: (plot, low, high) => spec.range(low, high) } },
        series: [{ label: "UTC", value: (plot, value) => (value === null || value === undefined ? "" : new Date(value * 1e3).toISOString().slice(11, 19)) }, ...spec.lines],
        bands: spec.bands,
        axes: [
          { ...axis, space: 70, size: 38, values: [
            [86400, "{MMM} {D}", null, null, null, null, null, null, 1],
            [3600, "{HH}:{mm}", "\n{MMM} {D}", null, "\n{MMM} {D}", null, null, null, 1],
            [60, "{HH}:{mm}", "\n{MMM} {D}", null, "\n{MMM} {D}", null, null, null, 1],
            [1, "{HH}:{mm}:{ss}", "\n{MMM} {D}", null, "\n{MMM} {D}", null, null, null, 1],
          ] },
          { ...axis, size: 52, space: 26, values: (plot, ticks) => ticks.map((tick) => spec.axis(tick)) },
        ],
        plugins: [background(this.series, spec.levels)],
      }, data, host);
    }
  }

  return { ChartPage };
})();
