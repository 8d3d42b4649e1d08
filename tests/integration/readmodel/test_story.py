"""Views of the seeded story, read from real tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from driftline.errors import NotFound
from driftline.events import Event, insert_events
from driftline.readmodel.actions import action, actions
from driftline.readmodel.baselines import baselines
from driftline.readmodel.bins import compare_bins
from driftline.readmodel.coverage import traffic
from driftline.readmodel.episodes import episode, episodes
from driftline.readmodel.field_series import field_series
from driftline.readmodel.fields import finding_history
from driftline.readmodel.fleet import FleetQuery, fleet
from driftline.readmodel.health import detail, health, model_facts, require_model, served_findings
from driftline.readmodel.performance import performance
from driftline.readmodel.ranges import Range
from driftline.readmodel.windows import windows
from driftline.settings import Settings
from driftline.store import Store
from tests.seeding import tables
from tests.seeding.fleet import REGISTERED_ONLY, contract, seed_fleet
from tests.seeding.story import (
    EPISODE_ID,
    IMAGE_COLUMNS,
    MODEL,
    NOTIFY_ID,
    RESOLVED_ID,
    RETRAIN_ID,
    WINDOW_SECONDS,
    Stage,
    last_window_end,
    seed_digits,
)

NOW = datetime(2026, 11, 23, 12, 0, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def minute_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"window_seconds": WINDOW_SECONDS, "allowed_lateness_seconds": 1.0})


@pytest.mark.parametrize(
    ("stage", "status", "version"),
    [
        (Stage.HEALTHY, "healthy", "1"),
        (Stage.DRIFTING, "decaying", "1"),
        (Stage.DECAYING, "decaying", "1"),
        (Stage.RECOVERED, "healthy", "2"),
    ],
)
def test_status_follows_the_story(
    store: Store, minute_settings: Settings, stage: Stage, status: str, version: str
) -> None:
    seed_digits(store, stage, NOW)
    shown = health(store, minute_settings, MODEL, NOW)
    assert (shown.status, shown.versions) == (status, (version,))
    assert shown.last_event_at == last_window_end(NOW)
    assert (shown.episode is None) == (status == "healthy")
    assert shown.evidence.fields_measured == 8
    if status == "healthy":
        assert len(shown.evidence.fields) == 3
        assert {found.status for found in shown.evidence.fields} == {"ok"}
    else:
        assert shown.evidence.fields[0].field == "image.sharpness"
        assert {found.status for found in shown.evidence.fields} == {"drifted"}


def test_health_shows_what_it_rests_on(store: Store, minute_settings: Settings) -> None:
    seed_digits(store, Stage.DECAYING, NOW)
    shown = health(store, minute_settings, MODEL, NOW)
    window = shown.evidence.windows[0]
    assert window.rows == window.effective_rows
    assert window.rows > 200
    seen = shown.coverage
    assert seen.seen == seen.kept + seen.unsampled + sum(seen.dropped.values()) == shown.predictions
    assert shown.lost == seen.dropped["queue_full"]
    assert shown.quality is not None
    assert shown.quality.lower is not None
    assert shown.quality.value is not None
    assert shown.quality.lower < shown.quality.value < 0.75
    assert shown.quality.labelled_share == pytest.approx(0.95, abs=0.01)
    assert shown.last_action is not None
    assert shown.last_action.action_id == RETRAIN_ID


def test_the_latest_revision_of_an_episode_counts(store: Store) -> None:
    seed_digits(store, Stage.RECOVERED, NOW)
    found = episode(store, EPISODE_ID)
    assert (found.revision, found.kind, found.opened_kind, found.state) == (
        3,
        "harmful_drift",
        "drift",
        "resolved",
    )
    assert found.evidence["accuracy"]["labelled"] == 285
    assert episodes(store, Range(), MODEL) == [found]
    assert episodes(store, Range(), state="open") == []
    assert episodes(store, Range(until=found.opened_at)) == []
    with pytest.raises(NotFound, match="episode 'ep-none'"):
        episode(store, "ep-none")


def test_the_highest_rank_of_an_action_counts_even_when_an_older_note_comes_later(store: Store) -> None:
    seed_digits(store, Stage.RECOVERED, NOW)
    late = store.query(
        "SELECT * FROM actions WHERE action_id = {id:String} AND state = 'sent'", {"id": RETRAIN_ID}
    )
    store.insert_rows("actions", [late[0] | {"at": NOW, "attempt": 9}], token="late note")
    found = action(store, RETRAIN_ID)
    assert found.state == "succeeded"
    assert found.outcome["detail"]["deployed_version"] == "2"
    assert [note.state for note in found.notes] == ["pending", "sent", "running", "succeeded", "sent"]
    assert found.payload["data"]["action_id"] == RETRAIN_ID
    listed = actions(store, Range(), MODEL)
    assert [entry.action_id for entry in listed] == [RESOLVED_ID, RETRAIN_ID, NOTIFY_ID]
    assert actions(store, Range(), state="sent", episode_id=EPISODE_ID) == [listed[0], listed[2]]
    with pytest.raises(NotFound, match="action 'ac-none'"):
        action(store, "ac-none")


def test_histories_are_newest_first_and_keep_to_their_range(store: Store) -> None:
    seed_digits(store, Stage.RECOVERED, NOW)
    end = last_window_end(NOW)
    every = windows(store, MODEL, Range())
    assert [window.window_start for window in every] == [end - n * MINUTE for n in range(1, 41)]
    assert {window.version for window in every[:9]} == {"2"}
    span = Range(since=end - 10 * MINUTE, until=end - 5 * MINUTE)
    assert [window.window_start for window in windows(store, MODEL, span)] == [
        end - n * MINUTE for n in range(6, 11)
    ]
    assert len(performance(store, MODEL, span)) == 5
    assert performance(store, MODEL, Range(), version="2")[0].labelled_share == pytest.approx(0.95, abs=0.01)
    assert len(finding_history(store, MODEL, span, "image.noise")) == 5
    assert len(finding_history(store, MODEL, Range(limit=7))) == 7
    counted = traffic(store, MODEL, WINDOW_SECONDS, span)
    assert [window.window_start for window in counted] == [end - n * MINUTE for n in range(10, 5, -1)]
    assert all(window.seen > window.kept > 0 for window in counted)


def test_bins_stand_beside_their_baseline(store: Store) -> None:
    seed_digits(store, Stage.DECAYING, NOW)
    compared = compare_bins(store, MODEL, "image.sharpness")
    assert compared is not None
    assert compared.baseline_name == "training"
    assert (compared.bins[0].lower, compared.bins[0].upper) == (None, -2.5)
    assert compared.bins[-1].kind == "missing"
    assert sum(entry.baseline or 0 for entry in compared.bins) == pytest.approx(1)
    assert sum(entry.current or 0 for entry in compared.bins) == pytest.approx(1)
    assert (compared.bins[0].current or 0) > 0.2 > (compared.bins[0].baseline or 0)
    classes = compare_bins(store, MODEL, "scores.class")
    assert classes is not None
    assert [entry.label for entry in classes.bins] == [*"0123456789", "unseen", "missing"]
    assert compare_bins(store, MODEL, "nothing") is None


def test_only_findings_of_versions_that_serve_are_current(store: Store, minute_settings: Settings) -> None:
    seed_digits(store, Stage.RECOVERED, NOW)
    found = served_findings(store, model_facts(store, minute_settings, MODEL, NOW))
    assert {finding.version for finding in found} == {"2"}
    assert {finding.field for finding in found} >= set(IMAGE_COLUMNS)
    assert [entry.name for entry in baselines(store, MODEL)] == ["retrained", "training"]
    assert baselines(store, MODEL)[1].accuracy == pytest.approx(1450 / 1500)


def test_series_hold_the_strongest_fields_and_the_chosen_one(store: Store) -> None:
    seed_digits(store, Stage.RECOVERED, NOW)
    series, total = field_series(store, MODEL, Range(), most=2, field="image.brightness")
    assert total == 8
    assert [entry.field for entry in series] == ["image.brightness", "image.sharpness"]
    assert len(series[0].points) == 40
    assert series[0].points[0].window_start < series[0].points[-1].window_start


def test_the_fleet_has_every_status_and_agrees_with_each_model(
    store: Store, minute_settings: Settings
) -> None:
    seed_digits(store, Stage.DECAYING, NOW)
    total = 1 + seed_fleet(store, NOW)
    page = fleet(store, minute_settings, FleetQuery(limit=100), NOW)
    assert page.total == len(page.items) == total
    assert page.counts == {
        "decaying": 1,
        "no_traffic": 2,
        "watch": 1,
        "no_baseline": 1,
        "insufficient_data": 1,
        "healthy": total - 6,
    }
    for entry in page.items[:7]:
        alone = health(store, minute_settings, entry.model, NOW)
        assert (alone.status, alone.why, alone.since) == (entry.status, entry.why, entry.since)


def test_a_model_known_by_its_events_alone_is_learning(store: Store, minute_settings: Settings) -> None:
    tables.register(store, contract("fresh", "nlp"))
    event = Event("fresh", "3", "fresh-0", NOW - MINUTE, "e1", "", "ok", 4.0, 1.0, [0.1, 0.2, 0.3], [])
    insert_events(store, [event], token="fresh")
    shown = detail(store, minute_settings, "fresh", NOW)
    assert (shown.status, shown.versions, shown.last_event_at) == ("learning", ("3",), NOW - MINUTE)
    assert shown.contract.team == "nlp"


def test_an_unknown_model_is_not_found(store: Store, minute_settings: Settings) -> None:
    tables.register_many(store, [contract(REGISTERED_ONLY, "face")])
    require_model(store, REGISTERED_ONLY)
    for unknown in ("", "nobody", "x' OR 1=1 --"):
        with pytest.raises(NotFound, match="driftline register"):
            health(store, minute_settings, unknown, NOW)
