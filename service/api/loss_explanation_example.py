"""Example of a loss explained in the OpenAPI document; the words are real."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from driftline.readmodel.loss_explanation import (
    FieldPart,
    LossExplanation,
    LossPart,
    LossRange,
    NamedCause,
    SegmentPart,
)

_SINCE = datetime(2026, 11, 22, 12, tzinfo=UTC)
_DAY = timedelta(days=1)
_CHANGE = LossPart(value=0.151, lower=0.124, upper=0.178)

LOSS = LossExplanation(
    model="digits-ocr",
    version="1",
    status="explained",
    metric="accuracy",
    basis="realised",
    baseline_name="first 24 hours",
    before=LossRange(
        since=_SINCE - 9 * _DAY, until=_SINCE - 8 * _DAY, rows=1500, effective_rows=1500.0, loss=0.1
    ),
    now=LossRange(since=_SINCE, until=_SINCE + _DAY, rows=1500, effective_rows=1500.0, loss=0.251),
    change=_CHANGE,
    causes=(
        NamedCause(
            name="scanner=B",
            column="scanner",
            kind="changed",
            region="B",
            part=LossPart(value=0.148, lower=0.121, upper=0.175),
            share=0.98,
            loss_before=0.1,
            loss_now=0.4,
            share_now=0.5,
            alike=(),
        ),
    ),
    rest=LossPart(value=0.003, lower=-0.035, upper=0.041),
    segments=(
        SegmentPart(
            column="scanner",
            value="B",
            share_before=0.5,
            share_now=0.5,
            loss_before=0.1,
            loss_now=0.4,
            mix=LossPart(value=0.0, lower=-0.001, upper=0.001),
            within=LossPart(value=0.15, lower=0.124, upper=0.176),
            effective_before=750.0,
            effective_now=750.0,
        ),
    ),
    fields=(
        FieldPart(
            column="image.sharpness",
            moved=LossPart(value=0.001, lower=-0.004, upper=0.006),
            within=LossPart(value=0.15, lower=0.122, upper=0.178),
            region="",
            excess=None,
            region_before=None,
            region_now=None,
            region_share=0.0,
        ),
    ),
    words=(
        "The mean loss rose from 0.1 to 0.251 (+0.151, 95%: +0.124 to +0.178; 1,500 labelled rows before, "
        "1,500 now).",
        "98% of the change sits where `scanner` = B, 50% of the rows (+0.148, +0.121 to +0.175): there the "
        "loss rose from 0.1 to 0.4, beyond the change elsewhere.",
    ),
)
