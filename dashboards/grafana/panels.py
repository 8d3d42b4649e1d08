"""The panels: what each shows, in which unit, and what a reader should know about it."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.builders import common as common_builder
from grafana_foundation_sdk.builders import dashboard as dashboard_builder
from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models import common, dashboard

from dashboards.grafana.query import DATASOURCE, Format, QueryOf

STRENGTH_UNIT = "suffix:×"
EFFECT_UNIT = "suffix: sd"
CORES_UNIT = "suffix: cores"

_GREEN, _YELLOW, _ORANGE, _RED = "green", "yellow", "orange", "red"
_STATUS_COLOURS = {
    "ok": _GREEN,
    "watch": _YELLOW,
    "drifted": _RED,
    "decayed": _RED,
    "no_baseline": "purple",
    "insufficient_data": "text",
    "failed": _ORANGE,
    "open": _RED,
    "resolved": _GREEN,
    "succeeded": _GREEN,
    "running": "blue",
    "dead": _RED,
}


def stat_panel(
    query: str, title: str, description: str, unit: str, limits: dict[float, str] | None = None
) -> Any:
    """One number, coloured from the limits it passes."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(unit)
        .no_value("no data")
        .thresholds(_thresholds(limits or {}))
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.VALUE)
        .with_target(QueryOf(query, Format.TABLE))
        .span(4)
        .height(4)
    )


def time_panel(
    query: str, title: str, description: str, unit: str, *, width: int = 12, limit: float | None = None
) -> Any:
    """Lines over time with a legend to sort by, and the limit as a dashed line."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(unit)
        .no_value("no data")
        .draw_style(common.GraphDrawStyle.LINE)
        .line_width(1)
        .show_points(common.VisibilityMode.AUTO)
        .span_nulls(False)
        .legend(
            common_builder.VizLegendOptions()
            .show_legend(True)
            .display_mode(common.LegendDisplayMode.TABLE)
            .placement(common.LegendPlacement.RIGHT if width > 12 else common.LegendPlacement.BOTTOM)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(common_builder.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
        .with_target(QueryOf(query, Format.TIME_SERIES))
        .span(width)
        .height(8)
    )
    if limit is not None:
        panel = panel.thresholds(_thresholds({limit: _RED})).thresholds_style(
            common_builder.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        )
    return panel


def table_panel(query: str, title: str, description: str, units: dict[str, str], height: int = 8) -> Any:
    """Rows of a query; a column named Status or State is coloured by its word."""
    panel = (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .no_value("none")
        .with_target(QueryOf(query, Format.TABLE))
        .span(24)
        .height(height)
    )
    for column, unit in units.items():
        panel = panel.override_by_name(column, [dashboard.DynamicConfigValue(id_val="unit", value=unit)])
    for column in ("Status", "State"):
        panel = panel.override_by_name(
            column,
            [
                dashboard.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"}),
                dashboard.DynamicConfigValue(
                    id_val="mappings", value=[{"type": "value", "options": _status_mapping()}]
                ),
            ],
        )
    return panel


def accuracy_panel(width: int) -> Any:
    """Accuracy with its interval as a band and the baseline as a dashed line."""
    panel = time_panel(
        "accuracy",
        "Accuracy",
        "Realised accuracy from the labels that have come so far, with its 95% interval and the "
        "baseline's level. Recent windows are revised while labels arrive.",
        "percentunit",
        width=width,
    )
    quiet = dashboard.DynamicConfigValue(id_val="custom.lineWidth", value=0)
    return (
        panel.override_by_name(
            "upper",
            [
                quiet,
                dashboard.DynamicConfigValue(id_val="custom.fillBelowTo", value="lower"),
                dashboard.DynamicConfigValue(id_val="custom.fillOpacity", value=15),
            ],
        )
        .override_by_name("lower", [quiet])
        .override_by_name(
            "baseline",
            [
                dashboard.DynamicConfigValue(
                    id_val="custom.lineStyle", value={"fill": "dash", "dash": [10, 10]}
                )
            ],
        )
    )


def _thresholds(limits: dict[float, str]) -> Any:
    steps = [dashboard.Threshold(value=None, color=_GREEN)]
    steps += [dashboard.Threshold(value=value, color=colour) for value, colour in sorted(limits.items())]
    return dashboard_builder.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)


def _status_mapping() -> dict[str, dict[str, Any]]:
    return {
        word: {"color": colour, "index": index, "text": word.replace("_", " ")}
        for index, (word, colour) in enumerate(_STATUS_COLOURS.items())
    }
