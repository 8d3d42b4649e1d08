"""One sweep over all registered statistics: what each promises holds for any counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from detectors.statistics import STATISTICS, Scale, Statistic, chi_square
from driftline.errors import InvalidInput

EVERY = pytest.mark.parametrize("statistic", STATISTICS.values(), ids=STATISTICS.keys())
UNORDERED = [statistic for statistic in STATISTICS.values() if not statistic.ordered]
ORDERED = [statistic for statistic in STATISTICS.values() if statistic.ordered]

MASS = st.one_of(st.just(0.0), st.floats(0.01, 1e6), st.integers(1, 50).map(float))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Two count vectors over the same bins, each with some mass; empty bins are common."""
    bins = draw(st.integers(1, 33))
    vectors = [
        np.array(draw(st.lists(MASS, min_size=bins, max_size=bins).filter(lambda counts: sum(counts) > 0)))
        for _ in range(2)
    ]
    return vectors[0], vectors[1]


def scale_of(bins: int, spread: float = 1.0) -> Scale:
    return Scale(np.linspace(-2, 2, bins), spread)


def measured(statistic: Statistic, first: np.ndarray, second: np.ndarray) -> float:
    return statistic.measure(first, second, scale_of(first.size))


@EVERY
@given(pair=pairs())
def test_identical_input_gives_zero(statistic: Statistic, pair: tuple[np.ndarray, np.ndarray]) -> None:
    assert measured(statistic, pair[0], pair[0].copy()) == pytest.approx(0, abs=1e-7)


@EVERY
@given(pair=pairs())
def test_symmetric(statistic: Statistic, pair: tuple[np.ndarray, np.ndarray]) -> None:
    there, back = measured(statistic, *pair), measured(statistic, pair[1], pair[0])
    assert there == pytest.approx(back, rel=1e-9, abs=1e-9)


@EVERY
@given(pair=pairs())
def test_bounded_and_finite(statistic: Statistic, pair: tuple[np.ndarray, np.ndarray]) -> None:
    value = measured(statistic, *pair)
    assert isinstance(value, float)
    assert math.isfinite(value)
    assert 0 <= value <= statistic.upper


@EVERY
@given(pair=pairs())
def test_the_same_again_and_the_input_untouched(
    statistic: Statistic, pair: tuple[np.ndarray, np.ndarray]
) -> None:
    before = [vector.copy() for vector in pair]
    for vector in pair:
        vector.flags.writeable = False
    assert measured(statistic, *pair) == measured(statistic, *pair)
    assert all(np.array_equal(vector, old) for vector, old in zip(pair, before, strict=True))


@pytest.mark.parametrize("statistic", UNORDERED, ids=lambda statistic: statistic.name)
@given(pair=pairs(), seed=st.integers(0, 2**32 - 1))
def test_unordered_ones_do_not_see_the_order_of_bins(
    statistic: Statistic, pair: tuple[np.ndarray, np.ndarray], seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(pair[0].size)
    mixed = measured(statistic, pair[0][order], pair[1][order])
    assert mixed == pytest.approx(measured(statistic, *pair), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("statistic", ORDERED, ids=lambda statistic: statistic.name)
def test_ordered_ones_do_see_it(statistic: Statistic) -> None:
    far = measured(statistic, np.array([1.0, 1, 0, 0]), np.array([0.0, 0, 1, 1]))
    near = measured(statistic, np.array([1.0, 0, 1, 0]), np.array([0.0, 1, 0, 1]))
    assert far > near


@EVERY
@given(pair=pairs())
def test_a_bin_empty_on_both_sides_changes_nothing(
    statistic: Statistic, pair: tuple[np.ndarray, np.ndarray]
) -> None:
    padded = [np.append(vector, 0.0) for vector in pair]
    positions = np.linspace(-2, 2, pair[0].size)
    with_gap = Scale(np.append(positions, positions[-1] + 9.0), 1.0)
    assert statistic.measure(padded[0], padded[1], with_gap) == pytest.approx(
        measured(statistic, *pair), rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize("name", ["jensen_shannon", "kolmogorov_smirnov", "wasserstein"])
@given(pair=pairs(), factor=st.floats(0.01, 100))
def test_distances_of_shares_do_not_depend_on_totals(
    name: str, pair: tuple[np.ndarray, np.ndarray], factor: float
) -> None:
    scaled = measured(STATISTICS[name], pair[0] * factor, pair[1])
    assert scaled == pytest.approx(measured(STATISTICS[name], *pair), rel=1e-6, abs=1e-6)


@given(pair=pairs(), factor=st.floats(0.1, 100))
def test_chi_square_grows_with_the_sample(pair: tuple[np.ndarray, np.ndarray], factor: float) -> None:
    once = chi_square(*pair)
    more = chi_square(pair[0] * factor, pair[1] * factor)
    assert more.statistic == pytest.approx(factor * once.statistic, rel=1e-6, abs=1e-6)
    assert 0 <= more.p_value <= 1


@given(pair=pairs(), unit=st.floats(1e-12, 1e12), offset=st.floats(-1e3, 1e3))
def test_wasserstein_does_not_depend_on_the_unit(
    pair: tuple[np.ndarray, np.ndarray], unit: float, offset: float
) -> None:
    positions = np.linspace(-2, 2, pair[0].size)
    moved = Scale((positions + offset) * unit, unit)
    expected = measured(STATISTICS["wasserstein"], *pair)
    assert STATISTICS["wasserstein"].measure(*pair, moved) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(pair=pairs())
def test_jensen_shannon_obeys_the_triangle(pair: tuple[np.ndarray, np.ndarray]) -> None:
    between = pair[0] / pair[0].sum() + pair[1] / pair[1].sum()
    distance = STATISTICS["jensen_shannon"]
    direct = measured(distance, *pair)
    assert direct <= measured(distance, pair[0], between) + measured(distance, between, pair[1]) + 1e-7


@settings(max_examples=50)
@given(pair=pairs())
def test_all_distances_agree_on_what_is_the_same(pair: tuple[np.ndarray, np.ndarray]) -> None:
    gap = float(np.abs(pair[0] / pair[0].sum() - pair[1] / pair[1].sum()).max())
    assume(gap > 1e-3)
    assert all(measured(STATISTICS[name], *pair) > 0 for name in ("jensen_shannon", "kolmogorov_smirnov"))


BAD = {
    "empty": np.array([]),
    "NaN": np.array([1.0, math.nan]),
    "infinite": np.array([1.0, math.inf]),
    "negative": np.array([1.0, -1.0]),
    "massless": np.array([0.0, 0.0]),
    "two-dimensional": np.ones((2, 2)),
    "other bins": np.ones(3),
}


@EVERY
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("side", [0, 1])
def test_bad_input_is_refused_with_a_reason(statistic: Statistic, bad: np.ndarray, side: int) -> None:
    good = np.array([1.0, 2.0])
    first, second = (bad, good) if side == 0 else (good, bad)
    with pytest.raises(InvalidInput, match=r"baseline|current"):
        statistic.measure(first, second, scale_of(2))
