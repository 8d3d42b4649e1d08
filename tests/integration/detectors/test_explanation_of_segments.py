"""An explanation of a segment's rows: the baseline stores the bins once, with the whole."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from detectors.baselines.stored import load_baselines, save_baseline
from detectors.explanation import Question, explain
from detectors.monitor import Monitor
from driftline.ids import BaselineId
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.detectors.traffic import window
from tests.seeding.shop import QUIET_WINDOWS, seed_shop


@pytest.fixture
def segmented(store: Store, settings: Settings) -> Settings:
    """The shop with a baseline of its own for each country, evaluated again."""
    quick = settings.model_copy(update={"window_seconds": 60, "allowed_lateness_seconds": 1.0})
    contract = seed_shop(store, quick)
    whole = load_baselines(store, "shop")[""]
    half = {
        name: dataclasses.replace(
            column,
            counts=column.counts / 2,
            rows=column.rows // 2,
            weight_sum=column.weight_sum / 2,
            effective_rows=column.effective_rows / 2,
        )
        for name, column in whole.columns.items()
    }
    save_baseline(
        store,
        dataclasses.replace(
            whole,
            baseline_id=BaselineId("countries"),
            created_at=whole.created_at + timedelta(seconds=1),
            segments={"country=A": half, "country=B": half},
        ),
    )
    Monitor(store, quick).evaluate(contract, window(QUIET_WINDOWS + 2) + timedelta(seconds=5))
    return quick


def test_a_segment_has_bins_figures_and_events_of_its_own(store: Store, segmented: Settings) -> None:
    moved = explain(store, segmented, Question("shop", "amount", segment="country=B"))
    still = explain(store, segmented, Question("shop", "amount", segment="country=A"))
    whole = explain(store, segmented, Question("shop", "amount"))
    assert [one.label for one in moved.bins] == [one.label for one in whole.bins]
    assert (moved.baseline_id, moved.baseline_rows, whole.baseline_rows) == ("countries", 2500, 5000)
    assert "'amount' of country=B" in moved.words[0]
    assert moved.rows + still.rows == whole.rows
    shift = {
        found.segment: next(one.value for one in found.statistics if one.name == "wasserstein")
        for found in (moved, still)
    }
    assert (shift["country=B"] or 0) > 1.5 > 0.5 > (shift["country=A"] or 0)
    assert moved.events
    assert sum(one.current or 0.0 for one in moved.bins) == pytest.approx(1.0)
