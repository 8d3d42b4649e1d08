"""Weighted estimates of a sample agree with the whole stream, whatever the rates did meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from collector.pressure import Budget, Pressure
from collector.sampling import Sampler, SamplingOptions, trace_position
from driftline.errors import InvalidInput

ROWS = 20_000
CLASSES = ("common", "less", "rare", "rarest")
SHARES = (0.8, 0.17, 0.028, 0.002)


class Stream:
    """A stream whose errors and values depend on the class, so that a biased sample shows."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.classes = rng.choice(CLASSES, ROWS, p=SHARES)
        self.failed = rng.random(ROWS) < np.where(self.classes == "rare", 0.2, 0.01)
        self.values = rng.normal(0.0, 1.0, ROWS) + 3.0 * (self.classes == "rarest") + self.failed
        self.traces = [f"{seed}-{row // 2:x}" for row in range(ROWS)]


def weights_of(
    sampler: Sampler, stream: Stream, before: Callable[[Sampler, int], None] = lambda _sampler, _row: None
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Weight of every row of the stream, 0 for what was left out; batches of 50 as the worker has."""
    weights = np.zeros(ROWS)
    batch: list[int] = []
    draws = []
    for row in range(ROWS):
        before(sampler, row)
        draw = sampler.screen("m", stream.traces[row], failed=bool(stream.failed[row]))
        if draw is not None:
            batch.append(row)
            draws.append(draw)
        if len(batch) == 50 or (row == ROWS - 1 and batch):
            weights[batch] = sampler.keep(
                "m", draws, [bool(stream.failed[index]) for index in batch], list(stream.classes[batch])
            )
            batch, draws = [], []
    return weights


def figures(stream: Stream, weights: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    """Total, sum, errors and count of each class: estimated with weights, exact with ones."""
    return [
        float(weights.sum()),
        float((weights * stream.values).sum()),
        float((weights * stream.failed).sum()),
        *(float((weights * (stream.classes == name)).sum()) for name in CLASSES),
    ]


def changing(sampler: Sampler, row: int) -> None:
    """Pressure comes and goes, and an episode opens."""
    sampler.pressure_factor = 1.0 if row % 5000 < 2500 else 0.3
    sampler.in_episode = frozenset({"m"}) if 8000 <= row < 12000 else frozenset()


@pytest.mark.parametrize(
    ("options", "before"),
    [
        (SamplingOptions(rate=0.05, adaptive=False), lambda _sampler, _row: None),
        (SamplingOptions(rate=0.05), lambda _sampler, _row: None),
        (SamplingOptions(rate=0.05), changing),
        (SamplingOptions(rate=0.05, by_trace=True), changing),
    ],
    ids=["plain", "adaptive", "changing", "by_trace"],
)
def test_weighted_estimates_are_unbiased(
    options: SamplingOptions, before: Callable[[Sampler, int], None]
) -> None:
    errors = []
    for seed in range(60):
        stream = Stream(seed)
        weights = weights_of(Sampler(options, seed=seed), stream, before)
        estimated, exact = figures(stream, weights), figures(stream, np.ones(ROWS))
        errors.append(np.subtract(estimated, exact))
    mean, spread = np.mean(errors, axis=0), np.std(errors, axis=0) / np.sqrt(len(errors))
    # Seven figures at four standard errors: a false alarm in about one of 2,000 seeds.
    assert (np.abs(mean) <= 4.0 * spread + 1e-9).all(), (mean / spread).tolist()


def test_a_biased_estimate_would_show() -> None:
    """The same comparison without the weights is off by far, so the test above can fail."""
    stream = Stream(1)
    weights = weights_of(Sampler(SamplingOptions(rate=0.05), seed=1), stream)
    kept = (weights > 0).astype(float)
    rare_share = (kept * (stream.classes == "rarest")).sum() / kept.sum()
    assert rare_share > 2.5 * SHARES[3]


def test_errors_and_rare_classes_are_kept_more_often() -> None:
    stream = Stream(2)
    weights = weights_of(Sampler(SamplingOptions(rate=0.05), seed=2), stream)
    assert (weights[stream.failed] == 1.0).all()
    served = ~stream.failed
    kept = {name: (weights[(stream.classes == name) & served] > 0).mean() for name in CLASSES}
    assert kept["common"] == pytest.approx(0.05, abs=0.01)
    assert kept["rare"] == pytest.approx(0.05 * 0.05 / SHARES[2], abs=0.03)
    assert kept["rarest"] > 0.3  # as far as it is looked at: ten times the rate


def test_stages_of_one_trace_are_kept_together_and_rates_nest() -> None:
    low = Sampler(SamplingOptions(rate=0.1, by_trace=True, adaptive=False))
    high = Sampler(SamplingOptions(rate=0.3, by_trace=True, adaptive=False))
    traces = [f"{number:032x}" for number in range(5000)]
    first = {trace for trace in traces if low.screen("detect", trace, failed=False)}
    again = {trace for trace in traces if low.screen("recognise", trace, failed=False)}
    more = {trace for trace in traces if high.screen("detect", trace, failed=False)}
    assert first == again
    assert first < more
    assert len(first) == pytest.approx(500, abs=100)
    counts = Counter(int(10 * trace_position(trace)) for trace in traces)
    assert all(count == pytest.approx(500, abs=100) for count in counts.values())


def test_everything_at_rate_one() -> None:
    weights = weights_of(Sampler(SamplingOptions()), Stream(3))
    assert (weights == 1.0).all()


@pytest.mark.parametrize("rate", [0.0, -0.1, 1.1, 1e-9, float("nan")])
def test_bad_rates(rate: float) -> None:
    with pytest.raises(InvalidInput, match="sampling rate of sample_rate"):
        SamplingOptions(rate)
    with pytest.raises(InvalidInput, match="sampling rate of ocr"):
        SamplingOptions(model_rates={"ocr": rate})


def test_pressure_finds_a_factor_that_meets_the_budget() -> None:
    pressure = Pressure(Budget(cpu_cores=0.5, bytes_per_second=1e9))
    factor = 1.0
    for _ in range(30):  # a worker that would need two cores at full sampling
        factor = pressure.update(1.0, 2.0 * factor, 0, 0.0)
    assert factor == pytest.approx(0.25, rel=0.05)
    for _ in range(30):
        factor = pressure.update(1.0, 0.1, 0, 0.0)
    assert factor == 1.0


def test_a_filling_spool_lowers_the_factor_at_once() -> None:
    pressure = Pressure(Budget())
    assert [round(pressure.update(1.0, 0.0, 0, fill), 3) for fill in (0.4, 0.75, 0.95, 1.0)] == [
        1.0,
        0.5,
        0.1,
        0.001,
    ]


@pytest.mark.parametrize("budget", [(0.0, 1.0), (1.0, -1.0), (float("nan"), 1.0)])
def test_bad_budgets(budget: tuple[float, float]) -> None:
    with pytest.raises(InvalidInput, match="budgets must be above 0"):
        Budget(*budget)
