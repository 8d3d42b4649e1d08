"""Recipes followed on real traffic: what is taken, what is left out, and what is still waited for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors.baselines.baseline import Baseline
from detectors.baselines.declarations import declare
from detectors.baselines.making import make_baseline
from detectors.baselines.readiness import Collecting
from detectors.baselines.recipe import (
    FirstHoursRecipe,
    Recipe,
    RollingRecipe,
    SeasonalRecipe,
    WindowRecipe,
)
from detectors.baselines.refreshing import PutOff, refresh_baselines
from detectors.baselines.spans import Span
from detectors.baselines.stored import load_baselines
from detectors.reference_rows import Batch, baseline_from_rows
from driftline.contracts import parse_contract
from driftline.errors import InvalidInput
from driftline.events import Label, record_labels
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.detectors.hourly import BEGIN, CONTRACT, HOUR, Hours
from tests.integration.detectors.traffic import send

DAY = 24


@pytest.fixture
def hourly(settings: Settings) -> Settings:
    """Hourly windows, few rows."""
    return settings.model_copy(
        update={"window_seconds": 3600, "allowed_lateness_seconds": 0.0, "min_samples": 20}
    )


def made(result: Baseline | Collecting) -> Baseline:
    assert isinstance(result, Baseline), result
    return result


class TestWindow:
    def test_takes_the_range_and_leaves_out_what_is_excluded(self, store: Store, hourly: Settings) -> None:
        hours = Hours(store)
        hours.send(0, 48, rows=10)
        hours.send(20, 24, rows=10, shift=50.0)
        recipe = WindowRecipe(
            since=BEGIN,
            until=BEGIN + 48 * HOUR,
            exclude=(
                Span(since=BEGIN + 20 * HOUR, until=BEGIN + 22 * HOUR),
                Span(since=BEGIN + 21 * HOUR, until=BEGIN + 23.5 * HOUR),
            ),
        )
        baseline = made(make_baseline(store, CONTRACT, hourly, recipe, now=hours.now(48)))
        assert baseline.rows == 44 * 10
        assert baseline.columns["x"].layout.maximum < 20
        assert baseline.columns["x"].counts.sum() == 440
        assert load_baselines(store, "hourly")[""].recipe == recipe
        assert load_baselines(store, "hourly")[""].history == Span(since=BEGIN, until=BEGIN + 48 * HOUR)

    def test_its_windows_are_profiled_under_its_id(self, store: Store, hourly: Settings) -> None:
        hours = Hours(store)
        hours.send(0, 30, rows=10)
        recipe = WindowRecipe(since=BEGIN, until=BEGIN + 30 * HOUR)
        baseline = made(make_baseline(store, CONTRACT, hourly, recipe, now=hours.now(30)))
        found = store.query(
            "SELECT field, count() AS windows, sum(rows) AS rows, sum(arraySum(counts)) AS counted "
            "FROM profiles WHERE baseline_id = {id:String} GROUP BY field ORDER BY field",
            {"id": baseline.baseline_id},
        )
        assert found == [{"field": name, "windows": 30, "rows": 300, "counted": 300.0} for name in ("c", "x")]

    def test_a_range_without_events_is_refused(self, store: Store, hourly: Settings) -> None:
        recipe = WindowRecipe(since=BEGIN, until=BEGIN + HOUR)
        with pytest.raises(InvalidInput, match="no events of 'hourly' between"):
            make_baseline(store, CONTRACT, hourly, recipe)

    def test_excluding_everything_is_refused(self, store: Store, hourly: Settings) -> None:
        Hours(store).send(0, 4, rows=10)
        day = Span(since=BEGIN, until=BEGIN + DAY * HOUR)
        recipe = WindowRecipe(since=BEGIN, until=BEGIN + 4 * HOUR, exclude=(day, day))
        with pytest.raises(InvalidInput, match="leave nothing"):
            make_baseline(store, CONTRACT, hourly, recipe)

    def test_excluding_every_hour_with_events_is_refused(self, store: Store, hourly: Settings) -> None:
        Hours(store).send(0, 4, rows=10)
        recipe = WindowRecipe(
            since=BEGIN, until=BEGIN + 8 * HOUR, exclude=(Span(since=BEGIN, until=BEGIN + 4 * HOUR),)
        )
        with pytest.raises(InvalidInput, match="outside the 4 excluded windows"):
            make_baseline(store, CONTRACT, hourly, recipe)

    def test_holidays_are_left_out(self, store: Store, hourly: Settings) -> None:
        hours = Hours(store)
        hours.send(0, 48, rows=10)
        away = hourly.model_copy(update={"holidays": (BEGIN.date(),)})
        recipe = WindowRecipe(since=BEGIN, until=BEGIN + 48 * HOUR)
        assert made(make_baseline(store, CONTRACT, away, recipe, now=hours.now(48))).rows == 240


class TestFirstHours:
    def test_is_made_once_a_version_has_its_hours(self, store: Store, hourly: Settings) -> None:
        hours = Hours(store)
        hours.send(0, 5, rows=10, version="1")
        declare(store, "hourly", FirstHoursRecipe(hours=24), now=BEGIN)
        early = refresh_baselines(store, hourly, [CONTRACT], hours.now(5))
        assert early.made == ()
        assert early.waiting["hourly", "1"].text == "collecting 5 of 24 h"

        hours.send(5, 25, rows=10, version="1")
        # The hour in which it has them all has to close first.
        assert refresh_baselines(store, hourly, [CONTRACT], hours.now(23)).made == ()
        found = refresh_baselines(store, hourly, [CONTRACT], hours.now(24))
        assert [(one.version, one.rows) for one in found.made] == [("1", 240)]
        assert found.made[0].history == Span(since=BEGIN, until=BEGIN + 24 * HOUR)
        again = refresh_baselines(store, hourly, [CONTRACT], hours.now(25))
        assert (again.made, dict(again.waiting), dict(again.failed)) == ((), {}, {})

    def test_idle_hours_do_not_count(self, store: Store, hourly: Settings) -> None:
        hours = Hours(store)
        hours.send(0, 2, rows=10)
        hours.send(30, 32, rows=10)
        recipe = FirstHoursRecipe(hours=3)
        baseline = made(make_baseline(store, CONTRACT, hourly, recipe, version="1", now=hours.now(32)))
        assert baseline.history == Span(since=BEGIN, until=BEGIN + 31 * HOUR)
        assert baseline.rows == 30

    def test_hours_without_enough_rows_go_on_collecting(self, store: Store, hourly: Settings) -> None:
        hours = Hours(store)
        hours.send(0, 6, rows=3)
        recipe = FirstHoursRecipe(hours=2)
        waiting = make_baseline(store, CONTRACT, hourly, recipe, version="1", now=hours.now(6))
        assert isinstance(waiting, Collecting)
        assert waiting.text == "collecting 18 of 20 rows"

    def test_a_version_without_traffic_collects_nothing(self, store: Store, hourly: Settings) -> None:
        recipe = FirstHoursRecipe(hours=2)
        waiting = make_baseline(store, CONTRACT, hourly, recipe, version="9")
        assert isinstance(waiting, Collecting)
        assert waiting.text == "collecting 0 of 2 h"

    def test_each_version_gets_its_own_and_the_default_does_it_unasked(
        self, store: Store, hourly: Settings
    ) -> None:
        hours = Hours(store)
        hours.send(0, 4, rows=10, version="1")
        hours.send(3, 6, rows=10, version="2", shift=3.0)
        eager = hourly.model_copy(update={"default_baseline": "first 2h"})
        found = refresh_baselines(store, eager, [CONTRACT], hours.now(6))
        assert [one.version for one in found.made] == ["1", "2"]
        assert found.made[1].columns["x"].mean == pytest.approx(3.0, abs=0.8)
        none = hourly.model_copy(update={"default_baseline": "none"})
        hours.send(4, 8, rows=10, version="3")
        assert refresh_baselines(store, none, [CONTRACT], hours.now(8)).made == ()

    def test_the_default_leaves_alone_what_has_a_baseline(self, store: Store, hourly: Settings) -> None:
        hours = Hours(store)
        hours.send(0, 6, rows=10)
        made(make_baseline(store, CONTRACT, hourly, WindowRecipe(since=BEGIN, until=BEGIN + 3 * HOUR)))
        eager = hourly.model_copy(update={"default_baseline": "first 2h"})
        found = refresh_baselines(store, eager, [CONTRACT], hours.now(6))
        assert (found.made, dict(found.waiting)) == ((), {})


class TestRolling:
    RECIPE: Recipe = RollingRecipe(days=2, exclude_last_hours=6, refresh_hours=12)

    def test_follows_the_traffic(self, store: Store, hourly: Settings) -> None:
        hours = Hours(store)
        hours.send(0, 100, rows=5)
        declare(store, "hourly", self.RECIPE, now=BEGIN)
        waiting = refresh_baselines(store, hourly, [CONTRACT], hours.now(20)).waiting["hourly", ""]
        assert waiting.text == "collecting 14 of 24 h"
        first = refresh_baselines(store, hourly, [CONTRACT], hours.now(60))
        assert [one.history for one in first.made] == [Span(since=BEGIN + 6 * HOUR, until=BEGIN + 54 * HOUR)]
        assert refresh_baselines(store, hourly, [CONTRACT], hours.now(71)).made == ()
        second = refresh_baselines(store, hourly, [CONTRACT], hours.now(72))
        assert [one.history for one in second.made] == [
            Span(since=BEGIN + 18 * HOUR, until=BEGIN + 66 * HOUR)
        ]
        assert second.made[0].baseline_id != first.made[0].baseline_id

    def test_drifted_windows_are_left_out_and_reported(self, store: Store, hourly: Settings) -> None:
        hours = Hours(store)
        hours.send(0, 60, rows=5)
        hours.mark_drifted(30, 33, change_began=28)
        baseline = made(make_baseline(store, CONTRACT, hourly, self.RECIPE, now=hours.now(60)))
        assert baseline.rows == (48 - 5) * 5

    def test_all_is_taken_when_the_owner_says_so(self, store: Store, hourly: Settings) -> None:
        hours = Hours(store)
        hours.send(0, 60, rows=5)
        hours.mark_drifted(30, 33, change_began=28)
        recipe = RollingRecipe(days=2, exclude_last_hours=6, keep_drifted=True)
        assert made(make_baseline(store, CONTRACT, hourly, recipe, now=hours.now(60))).rows == 240

    def test_mostly_drifted_history_is_refused_with_what_to_do(self, store: Store, hourly: Settings) -> None:
        hours = Hours(store)
        hours.send(0, 60, rows=5)
        hours.mark_drifted(10, 50, change_began=10)
        found = refresh_baselines(store, hourly, [CONTRACT], hours.now(60))
        declare(store, "hourly", self.RECIPE, now=BEGIN)
        found = refresh_baselines(store, hourly, [CONTRACT], hours.now(60))
        assert "40 of the 48 windows" in found.failed["hourly", ""].message
        assert "--keep-drifted" in found.failed["hourly", ""].message

    def test_an_open_episode_puts_the_renewal_off(self, store: Store, hourly: Settings) -> None:
        hours = Hours(store)
        hours.send(0, 100, rows=5)
        declare(store, "hourly", self.RECIPE, now=BEGIN)
        assert refresh_baselines(store, hourly, [CONTRACT], hours.now(60)).made
        hours.open_episode(70)
        found = refresh_baselines(store, hourly, [CONTRACT], hours.now(80))
        assert found.made == ()
        assert found.waiting["hourly", ""] == PutOff(BEGIN + 70 * HOUR)
        assert "an episode is open since" in found.waiting["hourly", ""].text

    def test_reaching_further_back_than_events_are_kept_is_refused(
        self, store: Store, hourly: Settings
    ) -> None:
        with pytest.raises(InvalidInput, match="reaches 41 days back, but events are kept for 30"):
            make_baseline(store, CONTRACT, hourly, RollingRecipe(days=40))


class TestSeasonal:
    def test_takes_the_whole_weeks_there_are(self, store: Store, hourly: Settings) -> None:
        hours = Hours(store, begin=BEGIN - timedelta(days=15))
        hours.send(0, 16 * DAY, rows=2)
        recipe = SeasonalRecipe(weeks=4)
        now = hours.now(16 * DAY)
        baseline = made(make_baseline(store, CONTRACT, hourly, recipe, now=now))
        assert baseline.history == Span(since=now - timedelta(weeks=2), until=now)
        assert baseline.rows == 336 * 2

    def test_needs_two_weeks(self, store: Store, hourly: Settings) -> None:
        hours = Hours(store)
        hours.send(0, 30, rows=2)
        waiting = make_baseline(store, CONTRACT, hourly, SeasonalRecipe(weeks=4), now=hours.now(48))
        assert isinstance(waiting, Collecting)
        assert waiting.text == "collecting 2 of 14 days"

    def test_windows_that_do_not_divide_a_week_are_refused(self, store: Store, hourly: Settings) -> None:
        odd = hourly.model_copy(update={"window_seconds": 7000})
        with pytest.raises(InvalidInput, match="divide a week"):
            make_baseline(store, CONTRACT, odd, SeasonalRecipe(weeks=2))


def test_one_model_that_fails_does_not_stop_the_others(store: Store, hourly: Settings) -> None:
    hours = Hours(store)
    hours.send(0, 6, rows=10)
    other = parse_contract({"model": "b", "fields": [{"name": "x", "kind": "numeric"}]})
    declare(store, "b", RollingRecipe(days=100), now=BEGIN)
    declare(store, "hourly", FirstHoursRecipe(hours=2), now=BEGIN)
    found = refresh_baselines(store, hourly, [other, CONTRACT], hours.now(6))
    assert [one.model for one in found.made] == ["hourly"]
    assert list(found.failed) == [("b", "")]


def test_a_new_declaration_replaces_the_one_before(store: Store, hourly: Settings) -> None:
    hours = Hours(store)
    hours.send(0, 60, rows=5)
    now = datetime.now(UTC)
    declare(store, "hourly", FirstHoursRecipe(hours=2), now=BEGIN)
    assert refresh_baselines(store, hourly, [CONTRACT], hours.now(60)).made[0].version == "1"
    declare(store, "hourly", FirstHoursRecipe(hours=4), now=now + timedelta(minutes=1))
    renewed = refresh_baselines(store, hourly, [CONTRACT], hours.now(60))
    assert [(one.version, one.rows) for one in renewed.made] == [("1", 20)]


def test_weights_reach_the_baseline(store: Store, hourly: Settings) -> None:
    hours = Hours(store)
    hours.send(0, 4, rows=50, weights=np.tile([1.0, 9.0], 25).tolist())
    recipe = WindowRecipe(since=BEGIN, until=BEGIN + 4 * HOUR)
    baseline = made(make_baseline(store, CONTRACT, hourly, recipe))
    column = baseline.columns["x"]
    assert column.weight_sum == column.counts.sum() == 1000
    assert column.effective_rows == pytest.approx(1000**2 / (100 * 1 + 100 * 81))


class TestAccuracy:
    CONTRACT = parse_contract(
        {
            "model": "judged",
            "fields": [
                {"name": "x", "kind": "numeric"},
                {"name": "said", "kind": "categorical", "role": "output"},
            ],
            "prediction": "said",
        }
    )

    def send(self, store: Store, wrong: int) -> list[str]:
        said = ["a"] * (40 - wrong) + ["b"] * wrong
        return [
            event_id
            for hour in range(4)
            for event_id in send(
                store,
                self.CONTRACT,
                {"x": [0.5] * 40, "said": said},
                start=BEGIN + hour * HOUR,
                seconds=3600,
            )
        ]

    def test_labels_of_the_traffic_give_it_its_accuracy(self, store: Store, hourly: Settings) -> None:
        ids = self.send(store, wrong=4)
        record_labels(store, "judged", [Label(event_id, "a") for event_id in ids])
        recipe = WindowRecipe(
            since=BEGIN, until=BEGIN + 4 * HOUR, exclude=(Span(since=BEGIN, until=BEGIN + HOUR),)
        )
        baseline = made(make_baseline(store, self.CONTRACT, hourly, recipe))
        assert baseline.labelled == pytest.approx(120)
        assert baseline.accuracy == pytest.approx(0.9)

    def test_without_labels_that_of_the_file_before_is_kept(self, store: Store, hourly: Settings) -> None:
        self.send(store, wrong=0)
        rows: Batch = {"x": [0.5] * 50, "said": ["a"] * 50}
        baseline_from_rows(
            store, self.CONTRACT, [rows], name="holdout", source="file", labelled=50, correct=45
        )
        recipe = WindowRecipe(since=BEGIN, until=BEGIN + 4 * HOUR)
        assert made(make_baseline(store, self.CONTRACT, hourly, recipe)).accuracy == 0.9
        assert made(make_baseline(store, self.CONTRACT, hourly, recipe, version="1")).accuracy == 0.9
