"""What is due, what is enough, what is good: decisions about baselines without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.baselines.declarations import Declaration
from detectors.baselines.due import BEFORE_ALL, GROWN, Due, due, with_default
from detectors.baselines.heads import Head
from detectors.baselines.readiness import Collecting, first_hours, trailing
from detectors.baselines.recipe import (
    FileRecipe,
    FirstHoursRecipe,
    Recipe,
    RollingRecipe,
    SeasonalRecipe,
    WindowRecipe,
    default_recipe,
    describe,
    hours,
    parse_recipe,
    recipe_json,
    trailing_span,
)
from detectors.baselines.spans import Span, merged, parse_span, window_number, windows_touched
from detectors.baselines.traffic import VersionTraffic
from detectors.baselines.verdict import verdict
from driftline.errors import InvalidInput
from driftline.ids import BaselineId
from driftline.readmodel.baseline_quality import FieldQuality, HistoryQuality, StretchQuality

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROLLING = RollingRecipe(days=28)
SPAN = Span(since=NOON, until=NOON + HOUR)
RECIPES: list[Recipe] = [
    FileRecipe(per_segment=False),
    WindowRecipe(since=NOON, until=NOON + HOUR, exclude=(SPAN,)),
    FirstHoursRecipe(hours=24),
    ROLLING,
    SeasonalRecipe(weeks=4, refresh_hours=168, keep_drifted=True),
]


def head(version: str, recipe: Recipe, made: datetime, until: datetime = BEFORE_ALL) -> Head:
    return Head(BaselineId("bl"), "m", version, made, recipe, until)


def declared(recipe: Recipe, version: str = "", at: datetime = NOON) -> Declaration:
    return Declaration("m", version, "", recipe, at)


class TestRecipes:
    @pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.kind)
    def test_stored_and_read_back_they_are_the_same(self, recipe: Recipe) -> None:
        assert parse_recipe(recipe_json(recipe)) == recipe
        assert describe(recipe)

    def test_none_stored_is_a_file(self) -> None:
        assert parse_recipe("") == FileRecipe()

    @pytest.mark.parametrize("text", ["{}", "oops", '{"kind":"weekly"}', '{"kind":"rolling","days":0}'])
    def test_what_is_no_recipe_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidInput, match="no recipe"):
            parse_recipe(text)

    @pytest.mark.parametrize("text", ["", "24", "h", "-1h", "1y", "1 h 2"])
    def test_what_is_no_duration_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidInput, match="no duration"):
            hours(text)

    @pytest.mark.parametrize("text", ["first", "24h", "last 24h", ""])
    def test_what_is_no_default_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidInput, match="default_baseline"):
            default_recipe(text)

    def test_a_trailing_span_ends_whole_windows_ago(self) -> None:
        recipe = RollingRecipe(days=1, exclude_last_hours=1.5)
        assert trailing_span(recipe, NOON, 3600) == Span(since=NOON - 26 * HOUR, until=NOON - 2 * HOUR)


class TestSpans:
    @given(
        st.lists(st.tuples(st.integers(0, 100), st.integers(1, 30)), max_size=8),
        st.integers(0, 100),
    )
    def test_merging_keeps_every_moment(self, drawn: list[tuple[int, int]], hour: int) -> None:
        spans = [
            Span(since=NOON + start * HOUR, until=NOON + (start + length) * HOUR) for start, length in drawn
        ]
        joined = merged(spans)
        assert all(one.until < following.since for one, following in pairwise(joined))
        moment = NOON + hour * HOUR

        def covers(some: list[Span]) -> bool:
            return any(span.since <= moment < span.until for span in some)

        assert covers(list(joined)) == covers(spans)

    def test_a_window_is_touched_by_its_least_part(self) -> None:
        within = Span(since=NOON, until=NOON + 5 * HOUR)
        inside = Span(since=NOON + 1.5 * HOUR, until=NOON + 2 * HOUR)
        beyond = Span(since=NOON + 4.9 * HOUR, until=NOON + 9 * HOUR)
        first = window_number(NOON, 3600)
        assert windows_touched([inside, beyond], within, 3600) == {first + 1, first + 4}

    @pytest.mark.parametrize("text", ["", "2026-01-01", "a/b", "2026-01-02/2026-01-01", "1/2/3"])
    def test_what_is_no_range_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidInput, match="is no range of time"):
            parse_span(text)


class TestDue:
    def decide(self, declarations: list[Declaration], *heads: Head, seen: tuple[str, ...] = ()) -> list[Due]:
        return due(declarations, {one.version: one for one in heads}, seen, NOON, 3600)

    def test_first_hours_are_due_for_every_version_seen_but_those_spoken_for(self) -> None:
        first = FirstHoursRecipe(hours=24)
        both = [declared(first), declared(FileRecipe(), "3")]
        found = self.decide(both, head("1", first, NOON), seen=("1", "2", "3"))
        assert [(one.version, one.renewal) for one in found] == [("2", False)]

    def test_a_new_recipe_is_due_although_an_older_one_was_followed(self) -> None:
        new = declared(FirstHoursRecipe(hours=48), at=NOON)
        old = head("1", FirstHoursRecipe(hours=24), NOON - HOUR)
        assert [one.version for one in self.decide([new], old, seen=("1",))] == ["1"]
        assert self.decide([new], head("1", new.recipe, NOON + HOUR), seen=("1",)) == []

    def test_rolling_is_due_when_it_has_outlived_itself(self) -> None:
        until = trailing_span(ROLLING, NOON, 3600).until
        young = head("", ROLLING, NOON, until - 23 * HOUR)
        old = head("", ROLLING, NOON, until - 24 * HOUR)
        assert self.decide([declared(ROLLING)], young) == []
        assert [one.renewal for one in self.decide([declared(ROLLING)], old)] == [True]

    def test_seasonal_is_made_again_only_when_asked(self) -> None:
        once, weekly = SeasonalRecipe(weeks=2), SeasonalRecipe(weeks=2, refresh_hours=168)
        assert self.decide([declared(once)], head("", once, NOON, NOON - 1000 * HOUR)) == []
        assert self.decide([declared(weekly)], head("", weekly, NOON, NOON - 168 * HOUR)) != []

    def test_files_and_ranges_are_never_due(self) -> None:
        assert self.decide([declared(FileRecipe()), declared(RECIPES[1], "2")], seen=("1",)) == []

    def test_the_first_day_of_the_default_grows_into_two_weeks(self) -> None:
        first = FirstHoursRecipe(hours=24)
        made = head("7", first, NOON, until=NOON)
        by_default, by_owner = declared(first, at=BEFORE_ALL), declared(first)

        def asked(one: Declaration, held: Head, days: float) -> list[Due]:
            return due([one], {"7": held}, ["7"], NOON + timedelta(days=days), 3600)

        assert asked(by_default, made, 13.9) == []
        assert asked(by_default, made, 14) == [Due("m", "7", "", GROWN, renewal=True)]
        assert asked(by_owner, made, 14) == [], "what an owner declared is left alone"
        assert asked(by_default, head("7", GROWN, NOON, until=NOON), 30) == [], "once is enough"

    def test_the_default_covers_what_nothing_else_covers(self) -> None:
        default = FirstHoursRecipe(hours=24)
        assert with_default("m", [], {}, default)[0].recipe == default
        assert with_default("m", [], {}, None) == []
        assert with_default("m", [declared(ROLLING)], {}, default) == [declared(ROLLING)]
        assert len(with_default("m", [declared(ROLLING, "2")], {}, default)) == 2
        assert with_default("m", [], {"": head("", FileRecipe(), NOON)}, default) == []


class TestReadiness:
    def test_rolling_begins_where_traffic_does(self) -> None:
        last = window_number(NOON, 3600)
        numbers = tuple(range(last - 60, last - 30))
        found = trailing(ROLLING, VersionTraffic(numbers, (10,) * 30), NOON, 3600, 100)
        assert found == Span(since=NOON - 60 * HOUR, until=NOON - 24 * HOUR)

    def test_a_quiet_first_night_does_not_cost_a_week(self) -> None:
        recipe = SeasonalRecipe(weeks=2)
        last = window_number(NOON, 3600)
        numbers = tuple(range(last - 336 + 10, last))
        found = trailing(recipe, VersionTraffic(numbers, (10,) * 326), NOON, 3600, 100)
        assert found == Span(since=NOON - timedelta(weeks=2), until=NOON)

    def test_windows_longer_than_the_hours_asked_for_count_once(self) -> None:
        found = first_hours(FirstHoursRecipe(hours=2), VersionTraffic((5,), (500,)), 86400, 100)
        assert isinstance(found, Span)
        assert found.length == timedelta(days=1)

    def test_no_traffic_is_collecting(self) -> None:
        nothing = VersionTraffic((), ())
        assert isinstance(first_hours(FirstHoursRecipe(hours=2), nothing, 3600, 1), Collecting)
        assert isinstance(trailing(SeasonalRecipe(weeks=2), nothing, NOON, 3600, 1), Collecting)


def field(*trouble: str, missing: float = 0.0) -> FieldQuality:
    return FieldQuality(
        field="x", kind="numeric", missing_share=missing, distinct=None, trouble=trouble, noise="", detects=()
    )


def history(**changes: object) -> HistoryQuality:
    whole: dict[str, object] = {
        "since": NOON - timedelta(weeks=2), "until": NOON, "windows": 336, "taken": 336, "left_out": 0,
        "empty": 0, "hours_of_week": 168, "kept_share": None, "dropped_share": None,
        "stretches_left_out": (), "stretches_noted": (),
    }  # fmt: skip
    return HistoryQuality.model_validate(whole | changes)


class TestVerdict:
    def test_two_clean_weeks_are_good(self) -> None:
        assert verdict(20_000, 100, history(), [field()]) == ("good", ())

    @pytest.mark.parametrize(
        ("rows", "found", "fields", "verdict_", "reason"),
        [
            (99, history(), [field()], "weak", "99 effective rows, 100 are needed"),
            (20_000, history(), [field(missing=1.0)], "weak", "no field has a value"),
            (20_000, history(left_out=200, taken=136), [field()], "weak", "200 of 336 windows left out"),
            (20_000, history(left_out=100), [field()], "usable", "100 of 336 windows left out"),
            (500, history(), [field()], "usable", "500 effective rows"),
            (20_000, None, [field()], "usable", "no order in time"),
            (20_000, history(), [field("constant")], "usable", "trouble with x"),
            (20_000, history(), [field(), field(missing=1.0)], "usable", "x without any value"),
            (20_000, history(taken=5), [field()], "usable", "5 windows: too few"),
            (20_000, history(since=NOON - 72 * HOUR), [field()], "usable", "3 days of history"),
            (20_000, history(hours_of_week=40), [field()], "usable", "40 of the 168 hours"),
            (20_000, history(empty=60), [field()], "usable", "60 of 336 windows without traffic"),
            (20_000, history(dropped_share=0.2), [field()], "usable", "20% of the traffic was lost"),
            (
                20_000,
                history(stretches_noted=(StretchQuality(since=NOON, until=NOON + HOUR, why="drifted"),)),
                [field()],
                "usable",
                "1 stretches of it were not normal",
            ),
        ],
    )
    def test_every_limit_is_named(
        self,
        rows: float,
        found: HistoryQuality | None,
        fields: list[FieldQuality],
        verdict_: str,
        reason: str,
    ) -> None:
        judged, reasons = verdict(rows, 100, found, fields)
        assert judged == verdict_
        assert any(reason in one for one in reasons), reasons
