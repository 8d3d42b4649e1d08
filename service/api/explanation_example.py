"""The example of an explanation in the OpenAPI document; its words are the real ones."""

from __future__ import annotations

from datetime import timedelta

from detectors.explanation.words import in_words
from driftline.readmodel.explanation import (
    Change,
    Explanation,
    Measure,
    Origin,
    Rate,
    RowTests,
    SampleEvent,
)
from service.api.examples import BINS, FINDING

_FACTS = Explanation(
    model="digits-ocr",
    **{
        name: getattr(FINDING, name)
        for name in (
            "field",
            "kind",
            "role",
            "version",
            "window_start",
            "window_end",
            "status",
            "reason",
            "effect",
            "direction",
            "evidence",
            "threshold",
            "minimum_detectable_effect",
            "scale",
            "baseline_id",
            "effective_rows",
        )
    },
    segment="",
    words=(),
    tolerance=0.05,
    budget=0.0075,
    model_budget=0.12,
    change=Change(
        start=FINDING.window_start - timedelta(hours=2),
        earliest=FINDING.window_start - timedelta(hours=3),
        latest=FINDING.window_start - timedelta(hours=2),
    ),
    others=(),
    rows=308,
    baseline_name=BINS.baseline_name,
    baseline_source="training.parquet",
    baseline_rows=BINS.baseline_rows,
    baseline_effective_rows=BINS.baseline_effective_rows,
    statistics=(
        Measure(name="wasserstein", value=1.64, lower=1.52, upper=1.76, detectable=0.19, p_value=1e-9),
    ),
    rates=(
        Rate(
            name="missing", baseline=0.0, current=0.0, change=0.0, lower=-0.003, upper=0.012, detectable=0.011
        ),
    ),
    bins=BINS.bins,
    moved=(BINS.bins[2], BINS.bins[0]),
    events=(
        SampleEvent(
            event_id="c0ffee-17",
            ts=FINDING.window_start + timedelta(minutes=7),
            value=0.11,
            bin="< 0.15",
            version="1",
            instance="ocr-2",
        ),
    ),
    row_tests=RowTests(
        tests=(),
        baseline_rows=0,
        current_rows=0,
        reason="the baseline came from a file, and a file's rows are not kept: only its bins are",
    ),
    origins=(Origin(kind="instance", name="ocr-2", rows=150, share=0.49, carried=0.97),),
)

EXPLANATION = _FACTS.model_copy(update={"words": in_words(_FACTS)})
