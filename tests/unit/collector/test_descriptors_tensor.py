"""Moments and the sketch of tensors against NumPy and SciPy, and at the edges of a float's range."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from collector.descriptors.tensor import MOST_SORTED, measure_tensors
from driftline.contracts import DERIVED_COLUMNS

NAMES = [name for name, _ in DERIVED_COLUMNS["tensor"]]


def test_the_columns_are_those_of_the_contract() -> None:
    assert sorted(measure_tensors(np.zeros((1, 4)))) == sorted(NAMES)


def test_the_sketch_is_that_of_the_finite_elements() -> None:
    generator = np.random.default_rng(4)
    values = generator.gamma(2.0, 3.0, (5, 40))
    values[1, :7] = np.nan
    values[2, 3:20] = [np.inf, -np.inf] + [0.0] * 15
    found = measure_tensors(values)
    for row, line in enumerate(values):
        kept = line[np.isfinite(line)]
        expected = [kept.mean(), kept.std(), kept.min(), kept.max(), float(stats.skew(kept))]
        expected += np.quantile(kept, [0.05, 0.5, 0.95]).tolist()
        expected += [(kept == 0.0).mean(), 1.0 - len(kept) / 40]
        assert [found[name][row] for name in NAMES] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("size", [MOST_SORTED + 1, 3 * 64_000])
def test_quantiles_of_a_large_row_are_close_and_blind_to_channels(size: int) -> None:
    # Three interleaved channels of different level: a fixed step would hit one of them only.
    values = np.random.default_rng(5).normal(0.0, 1.0, (1, size)) + np.arange(size) % 3 * 10.0
    found = measure_tensors(values)
    for name, share in (("p05", 0.05), ("p50", 0.5), ("p95", 0.95)):
        assert (values < found[name][0]).mean() == pytest.approx(share, abs=0.012), name
    assert found["max"][0] == values.max()


@pytest.mark.parametrize("unit", [1e-150, 1.0, 1e150])
def test_skewness_has_no_unit(unit: float) -> None:
    # One in three is 1: p = 1/3, skewness (1 - 2p) / sqrt(p (1 - p)).
    found = measure_tensors(np.array([[0.0, 0.0, 1.0]]) * unit)
    assert found["skewness"] == pytest.approx([1.0 / math.sqrt(2.0)])


def test_a_constant_row_has_no_spread_and_no_skewness() -> None:
    found = measure_tensors(np.full((1, 3), 0.1))
    assert found["std"].tolist() == [0.0]
    assert math.isnan(found["skewness"][0])


def test_what_overflows_is_missing() -> None:
    found = measure_tensors(np.full((1, 4), 1.7e308) * [1.0, 1.0, -1.0, 1.0])
    assert math.isnan(found["std"][0])
    assert found["max"].tolist() == [1.7e308]


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0, 0), (2,), (3, 2, 2)])
def test_any_shape_gives_a_value_a_row(shape: tuple[int, ...]) -> None:
    found = measure_tensors(np.zeros(shape))
    assert {len(values) for values in found.values()} == {shape[0]}
    if 0 in shape[1:]:
        assert all(np.isnan(values).all() for values in found.values())
