"""Online detectors: found soon, rarely for nothing, and clear about what they cannot watch."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable

import numpy as np
import pytest

from bench.streams import DEFAULTS, STREAMS, QuickKolmogorovSmirnov, alarms, delay
from detectors.streams.adwin import Adwin
from detectors.streams.ddm import Ddm
from detectors.streams.detector import StreamDetector, StreamUnit
from detectors.streams.page_hinkley import PageHinkley
from detectors.streams.parameters import BY_RUN_LENGTH, parameters_for
from detectors.streams.registry import STREAM_DETECTORS
from detectors.streams.watching import change_point, watch_stream
from driftline.errors import DependencyMissing, InvalidInput

QUICK = ["adwin", "page-hinkley", "ddm"]
SCORES = ["adwin", "page-hinkley"]


def errors(seed: int, *parts: tuple[float, int]) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.concatenate([(rng.random(n) < rate).astype(float) for rate, n in parts])


def scores(seed: int, *parts: tuple[float, int]) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(mean, 1.0, n) for mean, n in parts])


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("length", [1_000, 10_000])
@pytest.mark.parametrize("stream", [name for name in STREAMS if name.startswith("errors")])
def test_false_alarms_stay_within_the_average_run_length(name: str, length: int, stream: str) -> None:
    rng = np.random.default_rng([5, length])
    repeats = 100_000 // length
    found = sum(alarms(STREAM_DETECTORS[name](length), STREAMS[stream](rng, length)) for _ in range(repeats))
    # At most one a run length on average, plus what chance adds to a Poisson count of so many.
    assert found <= repeats + 3 * math.sqrt(repeats)


def test_kswin_keeps_its_run_length_too() -> None:
    rng = np.random.default_rng(6)
    assert alarms(STREAM_DETECTORS["kswin"](10_000), rng.normal(size=2_500)) <= 2


@pytest.mark.parametrize("name", QUICK)
def test_a_doubled_error_rate_is_found_soon(name: str) -> None:
    waits = [delay(lambda: STREAM_DETECTORS[name](100_000), "errors .1 to .2", seed) for seed in range(5)]
    assert all(wait is not None and wait < 1_500 for wait in waits)


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("direction", [-1.0, 1.0])
def test_a_shift_is_found_whatever_the_unit_and_direction(name: str, unit: float, direction: float) -> None:
    values = (scores(1, (0.0, 3_000), (direction, 500)) + 5) * unit
    report = watch_stream(name, values, false_alarm_every=100_000)
    assert report.status == "drifted"
    first = report.detections[0]
    assert 3_000 < first.index < 3_200
    assert first.change_index == pytest.approx(3_000, abs=30)
    assert first.before == pytest.approx(5 * unit, rel=0.05)
    assert first.after == pytest.approx((5 + direction) * unit, rel=0.1)


def test_kswin_sees_a_spread_that_means_do_not_show() -> None:
    rng = np.random.default_rng(2)
    values = np.concatenate([rng.normal(0, 1, 1_000), rng.normal(0, 4, 400)])
    report = watch_stream("kswin", values, false_alarm_every=10_000)
    assert report.status == "drifted"
    assert 1_000 < report.detections[0].index < 1_200


def test_the_librarys_page_hinkley_alarms_by_itself_and_ours_does_not() -> None:
    # Its forgetting factor makes the sum settle, and the minimum below it is reached again and again.
    values = scores(3, (0.0, 30_000))
    assert alarms(DEFAULTS["page-hinkley"](), values) >= 10
    assert alarms(PageHinkley(100_000), values) == 0


def test_the_librarys_ddm_takes_a_lucky_start_for_the_rule() -> None:
    streams = [errors(seed, (0.02, 1_000)) for seed in range(40)]
    assert sum(alarms(DEFAULTS["ddm"](), stream) for stream in streams) > 60
    assert sum(alarms(Ddm(100_000), stream) for stream in streams) <= 6


def test_autocorrelation_breaks_every_run_length() -> None:
    values = STREAMS["scores, AR(1) .9"](np.random.default_rng(4), 20_000)
    for name in SCORES:
        assert alarms(STREAM_DETECTORS[name](1_000_000), values) > 5


@pytest.mark.parametrize("name", STREAM_DETECTORS)
def test_the_same_again_and_after_a_reset(name: str) -> None:
    values = errors(7, (0.1, 1_500), (0.5, 400))
    detector = STREAM_DETECTORS[name](10_000)

    def flags(one: StreamDetector) -> list[bool]:
        found = []
        for value in values.tolist():
            one.update(value)
            found.append(one.drifted)
        return found

    first = flags(detector)
    detector.reset()
    assert not detector.drifted
    assert flags(detector) == first == flags(STREAM_DETECTORS[name](10_000))
    assert any(first)


@pytest.mark.parametrize("name", STREAM_DETECTORS)
@pytest.mark.parametrize("value", [math.nan, math.inf, "1", None, [1.0]])
def test_what_is_no_number_is_refused(name: str, value: object) -> None:
    with pytest.raises(InvalidInput, match=r"numbers|finite"):
        STREAM_DETECTORS[name](1_000).update(value)  # type: ignore[arg-type]


def test_ddm_takes_errors_alone() -> None:
    with pytest.raises(InvalidInput, match=r"0 or 1, got 0\.5"):
        Ddm(1_000).update(0.5)
    report = watch_stream("ddm", scores(1, (0.0, 200)), false_alarm_every=1_000)
    assert report.status == "not_applicable"


@pytest.mark.parametrize("name", STREAM_DETECTORS)
def test_constant_short_and_holed_streams_have_a_status(name: str) -> None:
    def status(values: np.ndarray) -> str:
        return watch_stream(name, values, false_alarm_every=1_000).status

    assert status(np.zeros(500)) == "constant"
    assert status(np.zeros(0)) == "insufficient_data"
    assert status(np.full(200, math.nan)) == "insufficient_data"
    assert status(np.ones(99)) == "insufficient_data"
    holed = errors(8, (0.1, 1_200), (0.8, 300))
    holed[::10] = math.nan
    report = watch_stream(name, holed, false_alarm_every=10_000, times=[f"t{i}" for i in range(1_500)])
    assert report.missing == 150
    assert report.observations == 1_350
    assert 1_200 < report.detections[0].index < 1_500
    assert report.detections[0].time == f"t{report.detections[0].index}"
    with pytest.raises(InvalidInput, match="observation 3 is infinite"):
        watch_stream(name, np.array([1.0, 2, 3, math.inf]), false_alarm_every=1_000)


@pytest.mark.parametrize("name", SCORES)
def test_a_stream_that_was_constant_and_jumps_is_found(name: str) -> None:
    values = np.concatenate([np.full(2_000, 0.3), np.full(100, 0.9)])
    report = watch_stream(name, values, false_alarm_every=100_000)
    assert report.status == "drifted"
    assert report.detections[0].index < 2_050


def test_a_short_stream_says_that_page_hinkley_is_still_learning_its_unit() -> None:
    report = watch_stream("page-hinkley", scores(1, (0.0, 500)), false_alarm_every=1_000)
    assert report.status == "insufficient_data"
    assert "1,000 needed" in report.reason


def test_the_unit_is_that_of_the_first_observations_and_waits_for_a_spread() -> None:
    unit = StreamUnit(warm_up=4)
    for value in (2.0, 2.0, 2.0, 2.0, 2.0):
        assert unit.learn(value) == []
    before = unit.ready
    held = unit.learn(7.0)
    assert (before, unit.ready) == (False, True)
    assert sum(held) == pytest.approx(0)
    assert unit.standardised(7.0) == held[-1]


def test_adwin_takes_a_stream_of_scores_that_begins_with_zeros_for_scores() -> None:
    values = np.concatenate([[0.0, 1.0, 0.0], 100 + 10 * scores(2, (0.0, 3_000), (2.0, 300))])
    found = Adwin(100_000)
    assert alarms(found, values) >= 1


@pytest.mark.parametrize("asked", [0, -5, 2_000_000])
def test_run_lengths_out_of_the_table_are_refused(asked: int) -> None:
    with pytest.raises(InvalidInput, match="ask for 1 to 1,000,000"):
        parameters_for(asked)
    with pytest.raises(InvalidInput, match="no detector is called"):
        watch_stream("cusum", np.zeros(200), false_alarm_every=1_000)


def test_longer_run_lengths_ask_for_more_evidence() -> None:
    rows = [BY_RUN_LENGTH[length] for length in sorted(BY_RUN_LENGTH)]
    takes: list[Callable[[int], float]] = [
        lambda i: -rows[i].adwin.delta,
        lambda i: rows[i].page_hinkley.threshold,
        lambda i: rows[i].ddm.drift_threshold * rows[i].ddm.warm_start,
        lambda i: -rows[i].kswin.alpha,
    ]
    for take in takes:
        assert all(take(i) < take(i + 1) for i in range(len(rows) - 1))


def test_the_change_point_of_two_levels_is_where_they_meet() -> None:
    assert change_point(np.array([1.0, 1, 1, 4, 4])) == (3, 1.0, 4.0)
    assert change_point(np.array([1.0]))[0] == 0


def test_the_quick_kolmogorov_smirnov_of_the_bench_is_scipys() -> None:
    from scipy.stats import ks_2samp

    rng, quick = np.random.default_rng(9), QuickKolmogorovSmirnov()
    for decimals in (0, 8):
        x, y = np.round(rng.normal(size=50), decimals), np.round(rng.normal(0.5, 1, size=50), decimals)
        expected = ks_2samp(x, y, method="exact")
        assert quick.ks_2samp(x.tolist(), y.tolist(), "auto") == pytest.approx(
            (float(expected.statistic), float(expected.pvalue)), abs=1e-9
        )


def test_without_the_library_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(DependencyMissing, match=r"driftline\[streams\]"):
        PageHinkley(1_000)
