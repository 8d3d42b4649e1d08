"""Agreement of one output: figures against NumPy and SciPy, whatever the batches, and what is not finite."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from detectors.versions.output_parity import OutputComparison, Tolerance, exact_interval, judged
from driftline.readmodel.version_parity import OutputParity


def compared(
    a: list[object], b: list[object], tolerance: Tolerance | None = None, batch: int = 1000
) -> OutputParity:
    kind = "categorical" if any(isinstance(one, str) for one in [*a, *b]) else "numeric"
    comparison = OutputComparison(
        "y", "categorical" if kind == "categorical" else "numeric", tolerance or Tolerance(), 0.9
    )
    ids = [f"i{at}" for at in range(len(a))]
    for start in range(0, len(a), batch):
        here = slice(start, start + batch)
        comparison.add(ids[here], a[here], b[here])
    return comparison.result()


sized = st.floats(-1e6, 1e6, allow_subnormal=False).filter(lambda one: one == 0 or abs(one) > 1e-9)
numbers = st.lists(st.tuples(sized, st.floats(-1, 1)), min_size=1, max_size=80)


@given(numbers, st.integers(1, 40))
def test_figures_are_those_of_numpy_in_any_batches(rows: list[tuple[float, float]], batch: int) -> None:
    a = np.array([row[0] for row in rows])
    b = a + np.array([row[1] for row in rows])
    apart = np.abs(b - a)
    found = compared(a.tolist(), b.tolist(), Tolerance(0.3, 1e-3), batch)
    assert found.pairs == len(rows)
    assert found.agreeing == int((apart <= 0.3 + 1e-3 * np.abs(a)).sum())
    assert found.max_absolute == apart.max()
    assert found.mean_absolute == pytest.approx(apart.mean(), abs=1e-9)
    exact = float(np.quantile(apart, 0.99, method="inverted_cdf"))
    assert found.p99_absolute is not None
    assert exact * (1 - 1e-9) <= found.p99_absolute <= exact * 1.01 + 1e-300
    there = a != 0
    if there.any():
        assert found.max_relative == pytest.approx(float((apart[there] / np.abs(a[there])).max()))
    worst = [one.difference for one in found.worst]
    assert worst == sorted((x for x in apart.tolist() if x > 0), reverse=True)[:5]


@given(st.integers(0, 500), st.integers(1, 500))
def test_intervals_are_exact(successes: int, trials: int) -> None:
    successes = min(successes, trials)
    lower, upper = exact_interval(successes, trials)
    oracle = binomtest(successes, trials).proportion_ci(0.95, method="exact")
    assert lower == pytest.approx(oracle.low, abs=1e-9)
    assert upper == pytest.approx(oracle.high, abs=1e-9)


def test_what_is_not_finite_is_counted_and_only_alike_agrees() -> None:
    nan, inf = math.nan, math.inf
    found = compared([1.0, nan, inf, inf, 2.0, nan], [1.0, nan, inf, -inf, nan, 3.0])
    assert (found.not_finite_a, found.not_finite_b) == (4, 4)
    # Missing on both sides is no pair; 1 = 1 and the same infinity agree.
    assert (found.pairs, found.agreeing) == (5, 2)
    assert found.max_absolute == 0.0
    assert {one.id for one in found.worst} == {"i3", "i4", "i5"}
    assert all(one.difference is None for one in found.worst)
    assert {(one.a, one.b) for one in found.worst} == {("inf", "-inf"), ("2", "nan"), ("nan", "3")}


def test_categories_agree_when_equal() -> None:
    found = compared(["a", "b", None, "c", None], ["a", "c", "b", "c", None])
    assert (found.pairs, found.agreeing) == (4, 2)
    assert [(one.id, one.a, one.b) for one in found.worst] == [("i1", "b", "c"), ("i2", "missing", "b")]
    assert found.max_absolute is None
    assert found.absolute_tolerance is None


def test_a_share_passes_and_fails_only_when_it_is_shown() -> None:
    assert judged(0.991, 1.0, 0.99) == "pass"
    assert judged(0.5, 0.989, 0.99) == "fail"
    assert judged(0.98, 1.0, 0.99) == "undecided"
    many = compared([1.0] * 100, [1.0] * 100)
    few = compared([1.0] * 10, [1.0] * 10)
    assert (many.verdict, few.verdict) == ("pass", "undecided")
    assert "too few to tell" in few.words
    assert compared([1.0] * 100, [2.0] * 100).verdict == "fail"
    nothing = compared([math.nan], [math.nan])
    assert (nothing.pairs, nothing.verdict, nothing.share) == (0, "undecided", None)


def test_a_tolerance_is_a_number_of_at_least_zero() -> None:
    for wrong in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="at least 0"):
            Tolerance(wrong)
        with pytest.raises(ValueError, match="relative"):
            Tolerance(0.0, wrong)
