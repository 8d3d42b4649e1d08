"""What the OpenAPI document shows of stage graphs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastapi.openapi.models import Example

from driftline.readmodel.stages import (
    Origin,
    StageEffect,
    StageFigures,
    StageGraphSummary,
    StageLink,
    StageReport,
    StageState,
)

_START = datetime(2026, 11, 20, 14, tzinfo=UTC)
_EFFECT = StageEffect(column="brightness", what="location", effect=1.2, lower=1.08, upper=1.31, marginal=1.21)
_FIGURES = StageFigures(
    events=1440,
    versions=("3",),
    error_rate=0.002,
    latency_ms=5.1,
    traces=1440,
    missing_rate=None,
    latency_share=0.1,
    first_failures=1,
)
GRAPH = StageGraphSummary(
    name="reading",
    description="Reads numbers from scans.",
    stages=(
        StageLink(name="preprocess", model="scan-prepare", after=()),
        StageLink(name="model", model="scan-read", after=("preprocess",)),
    ),
)
REPORT = StageReport(
    graph=GRAPH,
    reference_since=_START - timedelta(days=1),
    since=_START,
    until=_START + timedelta(days=1),
    begins="stage",
    words=(
        "The change begins at stage `preprocess` (2026-11-20 14:00 UTC): its output `brightness` moved up by "
        "1.2 standard units while its inputs did not; `model` follows it as its inputs say.",
    ),
    origins=(
        Origin(
            stage="preprocess",
            kind="outputs",
            cause=_EFFECT,
            start=_START,
            earliest=_START,
            latest=_START,
            words="its output `brightness` moved up by 1.2 standard units while its inputs did not",
        ),
    ),
    certain=True,
    traces=1440,
    complete=1438,
    trace_words="1,438 of 1,440 traces (100%) hold all 2 stages.",
    stages=(
        StageState(
            name="preprocess",
            model="scan-prepare",
            after=(),
            verdict="changed",
            words="Its output `brightness` moved up by 1.2 standard units while its inputs did not.",
            before=_FIGURES,
            now=_FIGURES,
            inputs=None,
            outputs=_EFFECT,
            own=_EFFECT,
            conditioned_on=("exposure", "source"),
            overlap=0.99,
            effective_rows=1391.0,
            not_checked="",
            findings=(),
            quality="",
        ),
    ),
    windows=(),
)

BODY: dict[str, Example] = {
    "reading": {
        "value": {
            "name": "reading",
            "stages": [
                {"name": "preprocess", "model": "scan-prepare"},
                {"name": "model", "model": "scan-read", "after": ["preprocess"]},
            ],
        }
    }
}
