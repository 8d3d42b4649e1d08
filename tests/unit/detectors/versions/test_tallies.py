"""Rows that were split onto levels: the same means, and never more evidence than the rows themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.versions.betting import Tally, log_wealth
from detectors.versions.latency import BIN, Latencies, quantile_bounds
from detectors.versions.tallies import tally_of_levels

Row = dict[str, float]


def levels(values: list[float], weights: list[float]) -> list[Row]:
    """What the database makes of rows."""
    rows = []
    for value, weight in zip(values, weights, strict=True):
        value_level, weight_level = math.floor(512 * value), math.floor(2 * math.log2(weight))
        value_part = 512 * value - value_level
        weight_part = (weight / 2 ** (weight_level / 2) - 1) / (math.sqrt(2) - 1)
        rows.append(
            {
                "value_level": value_level,
                "weight_level": weight_level,
                "rows": 1,
                "value_parts": value_part,
                "weight_parts": weight_part,
                "both_parts": value_part * weight_part,
            }
        )
    return rows


drawn = st.lists(st.tuples(st.floats(0, 1), st.floats(1, 500)), min_size=1, max_size=40)


@given(drawn, st.floats(0.02, 0.98))
def test_split_rows_keep_means_and_never_gain_evidence(rows: list[tuple[float, float]], mean: float) -> None:
    values, weights = [row[0] for row in rows], [row[1] for row in rows]
    split = tally_of_levels(levels(values, weights))
    heaviest = 2.0 ** math.ceil(math.log2(max(weights)) - 1e-12)
    exact = Tally.of(values, np.array(weights) / heaviest)
    assert split.rows == pytest.approx(len(rows))
    assert split.weight == pytest.approx(exact.weight, rel=1e-6)
    assert split.mean == pytest.approx(exact.mean, abs=1e-6)
    assert log_wealth(split, mean) <= log_wealth(exact, mean) + 1e-6
    assert log_wealth(split.mirrored(), mean) <= log_wealth(exact.mirrored(), mean) + 1e-6


def test_equal_weights_and_whole_losses_lose_nothing() -> None:
    split = tally_of_levels(levels([0.0, 1.0, 1.0, 0.5], [4.0] * 4))
    assert sorted(zip(split.values, split.weights, split.counts, strict=True)) == [
        (0.0, 1.0, 1.0),
        (0.5, 1.0, 1.0),
        (1.0, 1.0, 2.0),
    ]


def latencies(values: np.ndarray, weight: float = 1.0) -> Latencies:
    bins, counts = np.unique(np.floor(np.log(values) / np.log(BIN)).astype(int), return_counts=True)
    level = math.floor(2 * math.log2(weight))
    return Latencies.of_levels(
        {"latency_bin": at, "weight_level": level, "rows": n, "weight_parts": 0.0}
        for at, n in zip(bins.tolist(), counts.tolist(), strict=True)
    )


@pytest.mark.parametrize("p", [0.5, 0.95])
def test_quantiles_are_ever_missed_as_seldom_as_stated(p: float) -> None:
    """200 streams of 2,000 requests, looked at 25 times each, at alpha 10%."""
    rng = np.random.default_rng(3)
    true = float(np.quantile(np.exp(rng.normal(size=2_000_000)), p))
    streams, missed, narrow = 200, 0, []
    for _ in range(streams):
        values = np.exp(rng.normal(size=2000))
        bounds = [quantile_bounds(latencies(values[:n]), p, 0.1) for n in range(80, 2001, 80)]
        missed += any(not one.lower <= true <= one.upper for one in bounds)
        narrow.append(bounds[-1].upper / bounds[-1].lower)
    assert missed <= 0.1 * streams + 3 * math.sqrt(0.09 * streams)
    assert np.median(narrow) < 1.6


def test_quantiles_of_nothing_and_of_one_value() -> None:
    nothing = quantile_bounds(Latencies.of_levels([]), 0.5, 0.05)
    assert math.isnan(nothing.value)
    assert (nothing.lower, nothing.upper) == (0.0, math.inf)
    same = quantile_bounds(latencies(np.full(1000, 10.0), weight=8.0), 0.95, 0.05)
    assert same.lower <= 10.0 <= same.upper <= same.lower * 1.03
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile_bounds(latencies(np.ones(3)), 1.0, 0.05)
