"""Examples that the OpenAPI document shows; built from the models, so they cannot go stale."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from driftline.contracts import Contract, ContractField
from driftline.readmodel.actions import Action, ActionDetail, ActionNote
from driftline.readmodel.bins import Bin, BinComparison
from driftline.readmodel.coverage import Coverage
from driftline.readmodel.episodes import Episode
from driftline.readmodel.fields import Finding
from driftline.readmodel.fleet import FleetPage, ModelSummary, OpenEpisode, Quality
from driftline.readmodel.health import Evidence, ModelDetail, ModelHealth
from driftline.readmodel.performance import Performance
from driftline.readmodel.windows import Window

_START = datetime(2026, 11, 23, 9, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_BASELINE_ID = "bl-7d3f0c1e5a2b4c6d8e9f0a1b2c3d4e5f"
_EPISODE_ID = "ep-0a1b2c3d4e5f60718293a4b5c6d7e8f9"
_ACTION_ID = "ac-9f8e7d6c5b4a39281706f5e4d3c2b1a0"
_WHY = (
    "Accuracy 69.7% [64.4%, 74.9%], 27.0 points below the baseline's 96.7% (292 of 308 rows labelled); "
    "field image.sharpness moved -1.90 standard units (evidence 31.7, 5.5 needed), 2 more drifted."
)

WINDOW = Window(
    version="1",
    window_start=_START,
    window_end=_START + _HOUR,
    baseline_id=_BASELINE_ID,
    status="drifted",
    reason="3 of 8 fields drifted",
    rows=308,
    weight_sum=6160.0,
    effective_rows=308.0,
    drifted_fields=("image.contrast", "image.noise", "image.sharpness"),
    computed_at=_START + _HOUR + timedelta(seconds=61),
)

FINDING = Finding(
    version="1",
    baseline_id=_BASELINE_ID,
    window_start=_START,
    window_end=_START + _HOUR,
    field="image.sharpness",
    segment="",
    change="distribution",
    kind="numeric",
    role="input",
    status="drifted",
    reason="effect -1.90 exceeds 0.05 and evidence 31.7 exceeds 5.5",
    effect=-1.9,
    direction="location",
    evidence=31.7,
    threshold=5.5,
    scale=3,
    minimum_detectable_effect=0.42,
    budget=0.0022,
    change_start=_START,
    change_earliest=_START,
    change_latest=_START,
    rows=308.0,
    effective_rows=308.0,
    statistics={"psi": 2.64, "jensen_shannon": 0.61, "ks": 0.6, "wasserstein": 1.64},
    carriers={},
    top_bins=({"bin": "< -2.5", "baseline": 0.006, "current": 0.309},),
    computed_at=_START + _HOUR + timedelta(seconds=61),
)

PERFORMANCE = Performance(
    version="1",
    window_start=_START,
    window_end=_START + _HOUR,
    metric="accuracy",
    value=0.697,
    lower=0.644,
    upper=0.749,
    baseline_value=0.967,
    baseline_lower=0.958,
    baseline_upper=0.974,
    risk_lower=0.246,
    risk_limit=0.048,
    labelled=292,
    effective_labelled=292.0,
    rows=308,
    evidence=9.4,
    threshold=4.5,
    status="decayed",
    reason="accuracy is more than 0.02 below the baseline's",
    computed_at=_START + 2 * _HOUR,
)

EPISODE = Episode(
    episode_id=_EPISODE_ID,
    model="digits-ocr",
    kind="harmful_drift",
    opened_kind="drift",
    state="open",
    opened_at=_START + _HOUR + timedelta(seconds=62),
    updated_at=_START + 2 * _HOUR,
    resolved_at=None,
    first_window=_START,
    last_window=_START + _HOUR,
    version="1",
    fields=("image.sharpness", "image.noise"),
    summary="The images lost sharpness and gained noise, and accuracy fell from 96.7% to 69.7%.",
    evidence={"accuracy": {"value": 0.697, "baseline": 0.967, "labelled": 292}},
    revision=2,
)

ACTION = Action(
    action_id=_ACTION_ID,
    episode_id=_EPISODE_ID,
    model="digits-ocr",
    kind="retrain",
    event="retrain",
    target="https://pipeline.example/hooks/retrain",
    state="succeeded",
    attempt=1,
    created_at=_START + 2 * _HOUR,
    at=_START + 2 * _HOUR + timedelta(minutes=24),
    next_attempt_at=_START + 2 * _HOUR,
    error_reason="",
    error="",
    reason="",
    reason_text="",
    run_id="run-418",
    run_url="https://pipeline.example/runs/418",
    outcome={
        "status": "succeeded",
        "run_id": "run-418",
        "detail": {
            "gate": {"passed": True, "champion_accuracy": 0.697, "challenger_accuracy": 0.958},
            "deployed_version": "2",
        },
    },
)

ACTION_DETAIL = ActionDetail(
    **dict(ACTION),
    payload={"type": "retrain.requested", "data": {"action_id": _ACTION_ID, "model": "digits-ocr"}},
    notes=tuple(
        ActionNote(
            state=state,
            attempt=attempt,
            at=_START + 2 * _HOUR + after,
            error_reason="",
            error="",
            reason="",
            reason_text="",
            outcome={},
        )
        for state, attempt, after in (
            ("pending", 0, timedelta(0)),
            ("sending", 0, timedelta(seconds=1)),
            ("sent", 1, timedelta(seconds=1)),
            ("running", 1, timedelta(seconds=4)),
        )
    ),
)

BINS = BinComparison(
    field="image.sharpness",
    kind="numeric",
    version="1",
    window_start=_START,
    window_end=_START + _HOUR,
    baseline_id=_BASELINE_ID,
    baseline_name="training",
    baseline_rows=1500,
    baseline_effective_rows=1500.0,
    baseline_mean=0.31,
    baseline_std=0.08,
    current_rows=308,
    current_effective_rows=308.0,
    current_mean=0.16,
    current_std=0.09,
    bins=(
        Bin(label="< 0.15", kind="range", lower=None, upper=0.15, baseline=0.03, current=0.44),
        Bin(label="0.15 to 0.31", kind="range", lower=0.15, upper=0.31, baseline=0.47, current=0.5),
        Bin(label="≥ 0.31", kind="range", lower=0.31, upper=None, baseline=0.5, current=0.06),
        Bin(label="missing", kind="missing", lower=None, upper=None, baseline=0.0, current=0.0),
    ),
)

SUMMARY = ModelSummary(
    model="digits-ocr",
    team="ocr",
    description="Reads one handwritten digit from a grey image.",
    status="decaying",
    why=_WHY,
    since=EPISODE.opened_at,
    versions=("1",),
    last_event_at=_START + 2 * _HOUR,
    predictions=6160,
    sampled=308,
    lost=0,
    traffic_seconds=14400.0,
    quality=Quality(
        metric="accuracy",
        value=0.697,
        lower=0.644,
        upper=0.749,
        baseline_value=0.967,
        labelled=292,
        rows=308,
        labelled_share=0.948,
        version="1",
        window_start=_START,
        window_end=_START + _HOUR,
        status="decayed",
    ),
    open_episode=OpenEpisode(episode_id=_EPISODE_ID, kind="harmful_drift", opened_at=EPISODE.opened_at),
)

FLEET = FleetPage(
    items=(SUMMARY,), total=1, counts={"decaying": 1}, teams=("face", "ocr", "speech"), limit=50, offset=0
)

DETAIL = ModelDetail(
    **dict(SUMMARY),
    contract=Contract(
        model="digits-ocr",
        team="ocr",
        fields=(
            ContractField(name="image", kind="image"),
            ContractField(name="scores", role="output", kind="prediction"),
        ),
        prediction="scores.class",
    ),
)

HEALTH = ModelHealth(
    **dict(SUMMARY),
    evidence=Evidence(windows=(WINDOW,), fields=(FINDING,), fields_measured=8),
    coverage=Coverage(
        since=_START - 2 * _HOUR,
        until=_START + 2 * _HOUR,
        seen=6160,
        kept=308,
        unsampled=5850,
        dropped={"spool_full": 2},
        by_tap={"splice": 6160},
        instances=1,
    ),
    episode=EPISODE,
    last_action=ACTION,
)


def example_of(example: BaseModel, *, listed: bool = False) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that answers with ``example``, or with a list of such entries."""
    body = example.model_dump(mode="json")
    return {
        200: {"content": {"application/json": {"example": {"items": [body]} if listed else body}}},
    }
