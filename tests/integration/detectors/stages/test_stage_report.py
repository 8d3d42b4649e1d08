"""At which stage a change begins: seeded traces through three models in a real ClickHouse."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from detectors.stages import StageGraphs, StageQuestion, infer_graphs, parse_graph, stage_report
from driftline.errors import InvalidInput, NotFound
from driftline.readmodel.stages import StageReport
from driftline.settings import Settings
from driftline.store import Store
from tests.seeding.stages import (
    BEGIN,
    CHANGED_FROM,
    GRAPH,
    NONE,
    TRACES_A_WINDOW,
    WINDOW,
    WINDOWS,
    change,
    seed_stages,
)

CHANGED = BEGIN + CHANGED_FROM * WINDOW


def report(store: Store, settings: Settings, **seeded: Any) -> StageReport:
    seed_stages(store, **seeded)
    hourly = settings.model_copy(update={"window_seconds": 3600})
    return stage_report(store, hourly, StageQuestion("reading", since=CHANGED))


def verdicts(found: StageReport) -> list[str]:
    return [state.verdict for state in found.stages]


@pytest.mark.parametrize(
    ("model", "stage", "wanted"),
    [
        ("scan-prepare", "preprocess", ["changed", "follows", "follows"]),
        ("scan-read", "model", ["unchanged", "changed", "follows"]),
        ("scan-format", "postprocess", ["unchanged", "unchanged", "changed"]),
    ],
)
def test_a_change_of_one_stage_is_named_and_those_after_follow(
    store: Store, settings: Settings, model: str, stage: str, wanted: list[str]
) -> None:
    found = report(store, settings, changed=change({model: 0.8}))
    assert (found.begins, found.certain, verdicts(found)) == ("stage", True, wanted)
    assert [(one.stage, one.kind) for one in found.origins] == [(stage, "outputs")]
    first = found.origins[0]
    assert first.earliest is not None
    assert first.latest is not None
    assert first.earliest <= CHANGED <= first.latest
    assert f"The change begins at stage `{stage}` (" in found.words[0]
    assert "while its inputs did not" in found.words[0]
    assert found.complete > 0.99 * found.traces


def test_moved_traffic_begins_before_the_first_stage(store: Store, settings: Settings) -> None:
    found = report(store, settings, changed=change({"exposure": 1.0}))
    assert (found.begins, verdicts(found)) == ("before", ["follows"] * 3)
    assert [one.kind for one in found.origins] == ["inputs"]
    assert "The change begins before the first stage" in found.words[0]
    assert "`exposure` moved up by" in found.words[0]


def test_nothing_is_found_where_nothing_changed(store: Store, settings: Settings) -> None:
    found = report(store, settings)
    assert (found.begins, found.origins, verdicts(found)) == ("nothing", (), ["unchanged"] * 3)
    shares = [state.now.latency_share or 0 for state in found.stages]
    assert shares[1] == pytest.approx(40 / 51, abs=0.05)
    assert sum(shares) == pytest.approx(47 / 51, abs=0.03)
    assert len(found.windows) == WINDOWS
    assert {window.traces for window in found.windows} == {TRACES_A_WINDOW}


def test_upstream_and_later_downstream_are_told_apart(store: Store, settings: Settings) -> None:
    both = change({"scan-prepare": 0.8, "scan-format": 1.0})
    found = report(store, settings, changed=change({"scan-prepare": 0.8}), later={36: both})
    assert [one.stage for one in found.origins] == ["preprocess", "postprocess"]
    assert found.certain
    assert "A change of its own followed at `postprocess`" in found.words[1]
    start = found.origins[1].start
    assert start is not None
    assert abs(start - (BEGIN + 36 * WINDOW)) <= WINDOW


def test_changes_at_the_same_time_are_both_candidates(store: Store, settings: Settings) -> None:
    found = report(store, settings, changed=change({"scan-prepare": 0.8, "scan-format": 1.0}))
    assert [one.stage for one in found.origins] == ["preprocess", "postprocess"]
    assert not found.certain
    assert "It may as well begin at `postprocess`" in found.words[1]


def test_events_sampled_one_by_one_leave_few_complete_traces(store: Store, settings: Settings) -> None:
    found = report(store, settings, changed=change({"scan-prepare": 0.8}), kept=0.4)
    assert found.complete < 0.15 * found.traces
    assert "sample_by_trace: true" in found.trace_words
    assert found.stages[1].now.missing_rate is None
    assert [(one.stage, one.kind) for one in found.origins] == [("preprocess", "outputs")]


def test_a_stage_that_goes_missing_is_named(store: Store, settings: Settings) -> None:
    found = report(store, settings, changed=change(missing={"scan-read": 0.3}))
    assert (found.origins[0].stage, found.origins[0].kind) == ("model", "missing")
    assert found.stages[1].now.missing_rate == pytest.approx(0.3, abs=0.04)
    # What comes after it cannot be expected then.
    assert found.stages[2].now.missing_rate == 0.0


def test_failures_are_counted_where_they_begin(store: Store, settings: Settings) -> None:
    found = report(store, settings, changed=change(failures={"scan-read": 0.1}))
    assert (found.origins[0].stage, found.origins[0].kind) == ("model", "errors")
    failed = [state.now.first_failures for state in found.stages]
    assert failed[1] == pytest.approx(0.1 * 24 * TRACES_A_WINDOW, abs=40)
    assert failed[0] + failed[2] < 20


def test_a_slower_stage_is_named(store: Store, settings: Settings) -> None:
    found = report(store, settings, changed=change(slower={"scan-format": 2.0}))
    assert (found.origins[0].stage, found.origins[0].kind) == ("postprocess", "latency")
    assert "takes 2 times as long" in found.words[0]


def test_without_trace_ids_stages_stand_alone(store: Store, settings: Settings) -> None:
    found = report(store, settings, changed=change({"scan-read": 0.8}), traced=False)
    assert found.traces == 0
    assert "carries a trace id: stages cannot be joined" in found.trace_words
    assert [one.stage for one in found.origins] == ["model"]


def test_a_stage_without_events_leaves_the_others_their_say(store: Store, settings: Settings) -> None:
    found = report(store, settings, changed=change({"scan-prepare": 0.8}, missing={"scan-format": 1.0}))
    assert found.stages[2].verdict == "changed"
    assert found.stages[2].now.events == 0
    assert "preprocess" in {one.stage for one in found.origins}


def test_the_range_begins_where_monitoring_dates_the_change(store: Store, settings: Settings) -> None:
    seed_stages(store, change({"scan-read": 0.8}))
    last = BEGIN + (WINDOWS - 1) * WINDOW
    store.insert_rows(
        "findings",
        [
            {
                "finding_id": "f",
                "model": "scan-read",
                "version": "1",
                "window_start": last,
                "window_end": last + WINDOW,
                "field": "confidence",
                "role": "output",
                "change": "distribution",
                "status": "drifted",
                "effect": 1.0,
                "change_start": CHANGED,
                "change_earliest": CHANGED,
                "change_latest": CHANGED + WINDOW,
                "computed_at": last + WINDOW,
            }
        ],
    )
    hourly = settings.model_copy(update={"window_seconds": 3600})
    found = stage_report(store, hourly, StageQuestion("reading"))
    assert found.since == CHANGED
    first = found.origins[0]
    assert (first.stage, first.start, first.latest) == ("model", CHANGED, CHANGED + WINDOW)
    assert found.stages[1].findings[0].field == "confidence"


def test_the_graph_is_inferred_from_traces(store: Store) -> None:
    seed_stages(store, NONE, register=False)
    found = infer_graphs(store, BEGIN, BEGIN + WINDOWS * WINDOW)
    assert [[(stage.model, stage.after) for stage in one.graph.stages] for one in found] == [
        [("scan-prepare", ()), ("scan-read", ("scan-prepare",)), ("scan-format", ("scan-read",))]
    ]
    assert infer_graphs(store, BEGIN - timedelta(days=2), BEGIN) == ()


def test_wrong_questions_are_clear_errors(store: Store, settings: Settings) -> None:
    with pytest.raises(NotFound, match="'reading' is unknown \\(there is none yet\\)"):
        stage_report(store, settings, StageQuestion("reading"))
    with pytest.raises(InvalidInput, match="model 'scan-prepare' of stage 'preprocess'"):
        StageGraphs(store).register(GRAPH)
    seed_stages(store, NONE, traced=False)
    StageGraphs(store).register(parse_graph({**GRAPH.model_dump(mode="json"), "description": "again"}))
    assert [graph.description for graph in StageGraphs(store).all()] == ["again"]
    with pytest.raises(InvalidInput, match="must be before until"):
        stage_report(store, settings, StageQuestion("reading", CHANGED, CHANGED))
    early = stage_report(store, settings, StageQuestion("reading", BEGIN - WINDOW, BEGIN))
    assert early.begins == "insufficient_data"
    assert early.words[0].startswith("Nothing can be said")
