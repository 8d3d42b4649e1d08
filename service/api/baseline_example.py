"""A baseline and its recipe as the OpenAPI document shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from driftline.readmodel.baseline_quality import (
    Detectable,
    FieldQuality,
    HistoryQuality,
    Quality,
    SegmentQuality,
    StretchQuality,
)
from driftline.readmodel.baseline_recipes import BaselineRecipe
from driftline.readmodel.baselines import Baseline

_END = datetime(2026, 11, 23, tzinfo=UTC)
_BEGIN = _END - timedelta(weeks=4)
_RECIPE = {"kind": "seasonal", "weeks": 4, "exclude_last_hours": 0.0, "refresh_hours": 168.0}

QUALITY = Quality(
    verdict="usable",
    reasons=("trouble with camera.firmware",),
    made="the trailing 4 weeks, made again every 168 h",
    rows=672_000,
    effective_rows=671_200.0,
    window_rows=1000.0,
    window_rows_from="its own windows",
    window_seconds=3600,
    history=HistoryQuality(
        since=_BEGIN,
        until=_END,
        windows=672,
        taken=660,
        left_out=12,
        empty=0,
        hours_of_week=168,
        kept_share=0.05,
        dropped_share=0.0,
        stretches_left_out=(
            StretchQuality(
                since=_END - timedelta(days=9), until=_END - timedelta(days=8, hours=12), why="drifted"
            ),
        ),
        stretches_noted=(),
    ),
    fields=(
        FieldQuality(
            field="image.sharpness",
            kind="numeric",
            missing_share=0.0,
            distinct=None,
            trouble=(),
            noise="learned from 660 windows",
            detects=(
                Detectable(windows=1, location_sd=0.23, category_points=None, missing_points=1.2),
                Detectable(windows=3, location_sd=0.14, category_points=None, missing_points=0.5),
                Detectable(windows=24, location_sd=0.08, category_points=None, missing_points=0.2),
            ),
        ),
    ),
    segments=(SegmentQuality(segment="site=Leeds", rows=41_000, kept=True, why=""),),
)

BASELINE = Baseline(
    baseline_id="bl-7d3f0c1e5a2b4c6d8e9f0a1b2c3d4e5f",
    version="1",
    name="the trailing 4 weeks to 2026-11-23 00:00",
    source="traffic 2026-10-26 00:00:00 to 2026-11-23 00:00:00 UTC",
    created_at=_END + timedelta(minutes=2),
    fields=("camera.firmware", "image.sharpness"),
    segments=("site=Leeds",),
    rows=672_000,
    effective_rows=671_200.0,
    labelled=30_000.0,
    correct=29_000.0,
    recipe=_RECIPE,
    history_since=_BEGIN,
    history_until=_END,
    window_seconds=3600,
    quality=QUALITY,
)

RECIPE = BaselineRecipe(version="", name="", recipe=_RECIPE, declared_at=_END)
