"""What is learned from a baseline's own windows, and what it then takes for a change."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.evidence.decisions import DRIFTED
from detectors.evidence.noise import Noise
from detectors.evidence.numeric_scores import LOCATION
from detectors.evidence.score_set import CHANGES, Change
from detectors.evidence.season import Season
from detectors.evidence.wander import MODELS, mean_variance
from tests.unit.detectors.evidence.streams import HOUR, MONDAY, Learnt, Vector, drawn, learnt

HISTORY = 336
WEEK = 168
HOURS = np.arange(HISTORY + 720)


def wandering(rng: np.random.Generator, fields: int, windows: int, phi: float, std: float) -> Vector:
    level = np.zeros((fields, windows))
    level[:, 0] = rng.normal(size=fields) * std
    for window in range(1, windows):
        level[:, window] = phi * level[:, window - 1] + rng.normal(size=fields) * std * np.sqrt(1 - phi**2)
    return level


def alarms(known: Learnt, counts: Vector) -> int:
    decisions, _ = known.judge().decide(known.series(counts), targets=counts.shape[1])
    return int((decisions.status == DRIFTED).sum())


def found_within(known: Learnt, counts: Vector, change: Change = "distribution") -> float:
    """Part of the fields in which a change is found."""
    decisions, _ = known.judge().decide(known.series(counts), targets=counts.shape[1])
    return float((decisions.status[:, :, CHANGES.index(change)] == DRIFTED).any(axis=1).mean())


@pytest.fixture(scope="module")
def calm() -> Learnt:
    """60 fields whose history is as quiet as it gets."""
    return learnt(drawn(np.random.default_rng(21), np.zeros((60, HISTORY))))


class TestPower:
    """The reference's table, at the budget of one of 25 fields; the simulation in bench/ is the full one."""

    @pytest.mark.parametrize(("shift", "within"), [(0.5, 1), (0.2, 3), (0.1, 12)])
    def test_shifts(self, calm: Learnt, shift: float, within: int) -> None:
        counts = drawn(np.random.default_rng(22), np.full((60, within), shift))
        assert found_within(calm, counts) >= 0.95

    def test_missing_that_never_was(self, calm: Learnt) -> None:
        # Without the dispersion lent by other scores this is never found: nothing is known of its noise.
        counts = drawn(np.random.default_rng(23), np.zeros((60, 2)), 1000, 0.02)
        assert found_within(calm, counts, "missing") >= 0.95

    def test_a_slow_ramp_is_not_taken_for_wander(self, calm: Learnt) -> None:
        ramp = np.minimum(HOURS[:WEEK] / WEEK, 1) * 0.3
        counts = drawn(np.random.default_rng(24), np.broadcast_to(ramp, (60, WEEK)))
        assert found_within(calm, counts) == 1.0


class TestSeason:
    @pytest.mark.parametrize("period", [24, WEEK])
    def test_a_cycle_is_learned_and_no_alarm(self, period: int) -> None:
        rng = np.random.default_rng(25)
        mean = 0.5 * np.sin(2 * np.pi * (HOURS / period + rng.random((5, 1))))
        counts = drawn(rng, mean)
        known = learnt(counts[:, :HISTORY])
        assert set(known.noise.seasons) == set(range(5))
        assert alarms(known, counts[:, HISTORY:]) == 0
        assert known.noise.season_strength(0, known.scores) == pytest.approx(0.33, abs=0.05)

    def test_a_shift_on_top_of_a_cycle_is_found(self) -> None:
        rng = np.random.default_rng(26)
        mean = 0.5 * np.sin(2 * np.pi * (HOURS / 24 + rng.random((40, 1))))
        known = learnt(drawn(rng, mean[:, :HISTORY]))
        assert found_within(known, drawn(rng, mean[:, HISTORY : HISTORY + 3] + 0.2)) >= 0.95

    def test_four_days_show_a_daily_cycle(self) -> None:
        rng = np.random.default_rng(27)
        counts = drawn(rng, 0.5 * np.sin(2 * np.pi * (HOURS[:240] / 24 + rng.random((5, 1)))))
        known = learnt(counts[:, :96])
        assert all(not (season.lines % 7).any() for season in known.noise.seasons.values())
        assert set(known.noise.seasons) == set(range(5))
        assert alarms(known, counts[:, 96:]) == 0

    def test_windows_need_not_be_hours(self) -> None:
        rng = np.random.default_rng(28)
        windows = np.arange(4 * WEEK)
        counts = drawn(rng, 0.5 * np.sin(2 * np.pi * windows / (WEEK // 4)) * np.ones((3, 1)))
        known = learnt(counts[:, : 2 * WEEK], window_seconds=4 * HOUR)
        assert set(known.noise.seasons) == {0, 1, 2}

    def test_unchanged_rows_have_no_course(self) -> None:
        assert not learnt(drawn(np.random.default_rng(29), np.zeros((30, HISTORY)))).noise.seasons

    def test_the_course_is_that_of_the_week(self) -> None:
        season = Season(np.array([1], dtype=np.int32), np.array([[0.5]], dtype=np.complex64))
        windows = np.arange(MONDAY, MONDAY + 2 * WEEK)
        expected = np.cos(2 * np.pi * np.arange(2 * WEEK) / WEEK)
        assert season.course(windows, HOUR)[:, 0] == pytest.approx(expected, abs=1e-6)

    def test_over_whole_weeks_only_the_mean_is_uncertain(self) -> None:
        season = Season(np.array([1, 7], dtype=np.int32), np.ones((1, 2), dtype=np.complex64))
        spread = season.spread(np.array([1.0, 24.0, 168.0]), HOUR)[:, 0]
        assert spread[0] == pytest.approx(5)
        assert spread[2] == pytest.approx(1)
        assert 1 < spread[1] < 3


class TestWander:
    def test_slow_wander_is_learned_and_no_alarm(self) -> None:
        rng = np.random.default_rng(30)
        counts = drawn(rng, wandering(rng, 5, HISTORY + 400, 0.97, 0.1))
        known = learnt(counts[:, :HISTORY])
        assert set(known.noise.wanders) == set(range(5))
        assert alarms(known, counts[:, HISTORY:]) == 0
        assert 0.05 < known.noise.wander_strength(0, known.scores) < 0.3

    def test_a_large_shift_is_found_all_the_same(self) -> None:
        rng = np.random.default_rng(31)
        level = wandering(rng, 10, HISTORY + 12, 0.97, 0.1)
        level[:, HISTORY:] += 1.5
        counts = drawn(rng, level)
        assert found_within(learnt(counts[:, :HISTORY]), counts[:, HISTORY:]) == 1.0

    @pytest.mark.parametrize("phi", [0.3, 0.9, 0.995])
    @pytest.mark.parametrize("length", [1, 2, 7, 168])
    def test_the_variance_of_a_mean_is_the_sum_of_covariances(self, phi: float, length: int) -> None:
        apart = np.abs(np.subtract.outer(np.arange(length), np.arange(length)))
        expected = (phi**apart).sum() / length**2
        assert float(mean_variance(np.array(phi), np.array(float(length)))) == pytest.approx(expected)


class TestDispersion:
    def test_windows_of_any_size(self) -> None:
        rng = np.random.default_rng(32)
        rows = np.exp(rng.uniform(np.log(200), np.log(2000), size=(5, HISTORY + 300))).astype(int)
        mean = 0.05 * rng.normal(size=rows.shape)
        counts = drawn(rng, mean, rows)
        known = learnt(counts[:, :HISTORY])
        assert (known.noise.between[:, LOCATION].max(-1) > 0.001).all()
        assert alarms(known, counts[:, HISTORY:]) == 0

    def test_larger_windows_than_the_history_has_are_not_trusted_blindly(self) -> None:
        # Windows differ by .1: with 20 times the rows that is 14 standard errors of counting alone.
        rng = np.random.default_rng(33)
        known = learnt(drawn(rng, 0.1 * rng.normal(size=(5, HISTORY))))
        counts = drawn(rng, 0.1 * rng.normal(size=(5, 100)), 20_000)
        assert alarms(known, counts) == 0


class TestContamination:
    def test_broken_windows_are_left_out(self) -> None:
        rng = np.random.default_rng(34)
        mean = np.zeros((2, HISTORY))
        mean[0, [50, 51, 200]] = 3.0
        known = learnt(drawn(rng, mean))
        assert np.flatnonzero(~known.left_out.clean[0]).tolist() == [50, 51, 200]
        assert known.left_out.clean[1].all()
        assert known.left_out.words(0) == (
            "2 windows left out: far from all others", "1 window left out: far from all others",
        )  # fmt: skip
        assert known.left_out.spans[0][0] == (MONDAY + 50, MONDAY + 51, "far from all others")

    def test_an_episode_in_a_calm_history_is_left_out(self) -> None:
        rng = np.random.default_rng(35)
        mean = np.zeros((3, HISTORY))
        mean[0, 100:148] = 0.3
        known = learnt(drawn(rng, mean))
        left = np.flatnonzero(~known.left_out.clean[0])
        assert abs(left[0] - 100) <= 2
        assert abs(left[-1] - 147) <= 2
        wander = known.noise.wanders.get(0)
        assert wander is None or not wander.used[LOCATION]
        counts = drawn(rng, np.full((3, 3), 0.2))
        assert found_within(known, counts) == 1.0

    def test_wander_is_no_contamination(self) -> None:
        rng = np.random.default_rng(36)
        known = learnt(drawn(rng, wandering(rng, 10, HISTORY, 0.97, 0.1)))
        assert known.left_out.clean.mean() > 0.98

    def test_holidays_teach_nothing(self) -> None:
        rng = np.random.default_rng(37)
        mean = np.zeros((1, HISTORY))
        mean[0, 120:144] = 1.0
        known = learnt(drawn(rng, mean), holidays=mean[0] > 0)
        assert not known.left_out.clean[0, 120:144].any()
        assert known.left_out.words(0)[0] == "24 windows left out: a holiday"
        assert found_within(known, drawn(rng, np.full((1, 3), 0.3))) == 1.0

    def test_gaps_are_no_noise(self) -> None:
        rng = np.random.default_rng(38)
        rows = np.full((4, HISTORY + 200), 1000)
        rows[rng.random(rows.shape) < 0.2] = 0
        counts = drawn(rng, np.zeros(rows.shape), rows)
        known = learnt(counts[:, :HISTORY])
        v = known.scores.variance[:, LOCATION] / 1000
        assert known.noise.white[:, LOCATION] / v == pytest.approx(np.ones(4), rel=0.35)
        assert alarms(known, counts[:, HISTORY:]) == 0


class TestPacking:
    def test_what_is_stored_is_what_was_learned(self) -> None:
        rng = np.random.default_rng(39)
        mean = wandering(rng, 3, HISTORY, 0.97, 0.1)
        mean[1] = 0.5 * np.sin(2 * np.pi * HOURS[:HISTORY] / 24)
        known = learnt(drawn(rng, mean))
        assert known.noise.wanders
        assert known.noise.seasons
        packed = [known.noise.pack(field) for field in range(3)]
        back = Noise.unpack(packed, known.scores)
        assert [back.pack(field) for field in range(3)] == packed
        assert back.window_seconds == HOUR
        for name in ("history", "between", "design", "white", "freedom", "tail", "level", "reference_rows"):
            assert np.array_equal(getattr(back, name), getattr(known.noise, name)), name
        assert np.array_equal(back.seasons[1].coefficients, known.noise.seasons[1].coefficients)
        for field, wander in known.noise.wanders.items():
            assert np.array_equal(back.wanders[field].penalty, wander.penalty)
            assert (MODELS[wander.models] >= 0).all()
        assert Noise.joined([back.select(slice(0, 1)), back.select(slice(1, 3))]).pack(2) == packed[2]

    def test_nothing_is_stored_of_what_is_learned_live(self) -> None:
        known = learnt(drawn(np.random.default_rng(40), np.zeros((2, 10))))
        assert [known.noise.pack(field) for field in range(2)] == [b"", b""]
        assert not Noise.unpack([b"", b""], known.scores).history.any()

    @pytest.mark.parametrize("broken", [b"x", b"n1", b"zz" + bytes(200)])
    def test_what_is_no_noise_is_refused(self, broken: bytes) -> None:
        known = learnt(drawn(np.random.default_rng(41), np.zeros((1, 10))))
        with pytest.raises(ValueError, match="noise"):
            Noise.unpack([broken], known.scores)

    def test_it_is_said_what_is_known(self) -> None:
        known = learnt(drawn(np.random.default_rng(42), np.zeros((1, HISTORY))))
        assert known.noise.describe(0) == "learned from 336 windows"
        assert Noise.live(known.scores).describe(0).startswith("learned live")
