"""Figures and decisions of windows as rows of the table ``performance``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from detectors.performance.decay.decision import DecayDecision
from detectors.performance.metrics.figure import Figure, WindowFigures
from detectors.performance.reference_quality import ReferenceQuality


def figure_rows(
    model: str,
    windows: Iterable[WindowFigures],
    reference: ReferenceQuality,
    answered: Mapping[tuple[str, datetime], int],
    now: datetime,
) -> list[dict[str, Any]]:
    """Rows of all figures of windows; none of them decides."""
    return [
        figure_row(model, window, figure, reference, answered.get((window.version, window.start), 0), now)
        for window in windows
        for figure in window.figures
    ]


def figure_row(
    model: str, window: WindowFigures, figure: Figure, reference: ReferenceQuality, rows: int, now: datetime
) -> dict[str, Any]:
    """One figure of one window beside the reference's."""
    value, lower, upper = reference.figures.get(
        (figure.metric, window.segment, figure.class_name), (math.nan, math.nan, math.nan)
    )
    return {
        "model": model,
        "version": window.version,
        "window_start": window.start,
        "window_end": window.end,
        "metric": figure.metric,
        "segment": window.segment,
        "basis": "",
        "class_name": figure.class_name,
        "value": figure.value,
        "lower": figure.lower,
        "upper": figure.upper,
        "baseline_value": value,
        "baseline_lower": lower,
        "baseline_upper": upper,
        "labelled": figure.labelled,
        "effective_labelled": figure.effective_labelled,
        "rows": rows,
        "evidence": math.nan,
        "threshold": math.nan,
        "status": "reported",
        "reason": figure.reason,
        "risk_lower": math.nan,
        "risk_limit": math.nan,
        "holds_since": datetime.fromtimestamp(0, tz=window.start.tzinfo),
        "log_bets": [],
        "details": orjson.dumps(dict(figure.details), option=orjson.OPT_SERIALIZE_NUMPY).decode()
        if figure.details
        else "",
        "computed_at": now,
    }


def decided_row(row: Mapping[str, Any], decision: DecayDecision, now: datetime) -> dict[str, Any]:
    """The row of the metric that decides, with what was decided."""
    return {
        **row,
        "evidence": decision.evidence,
        "threshold": decision.threshold,
        "status": decision.status,
        "reason": decision.reason,
        "risk_lower": decision.risk_lower,
        "risk_limit": decision.risk_limit,
        "holds_since": decision.holds_since or row["holds_since"],
        "computed_at": now,
    }


def undecided_row(
    model: str,
    decision: DecayDecision,
    metric: str,
    window_seconds: int,
    reference: ReferenceQuality,
    rows: int,
    now: datetime,
) -> dict[str, Any]:
    """The row of a decided window whose figure is not known."""
    nothing = Figure(metric, "", math.nan, math.nan, math.nan, decision.labelled, decision.effective_labelled)
    window = WindowFigures(
        decision.version, decision.start, decision.start + timedelta(seconds=window_seconds), "", (nothing,)
    )
    return decided_row(figure_row(model, window, nothing, reference, rows, now), decision, now)
