"""One sweep over all registered statistics on rows: what each promises holds for any samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.statistics.samples import SAMPLE_STATISTICS, Sample, SampleStatistic
from driftline.errors import InvalidInput

EVERY = pytest.mark.parametrize("statistic", SAMPLE_STATISTICS.values(), ids=SAMPLE_STATISTICS.keys())
Rows = np.ndarray

QUICK = settings(max_examples=25, deadline=None)


def those(promise: str, value: object = True) -> pytest.MarkDecorator:
    kept = [one for one in SAMPLE_STATISTICS.values() if getattr(one, promise) == value]
    return pytest.mark.parametrize("statistic", kept, ids=[one.name for one in kept])


def fields_of(statistic: SampleStatistic) -> int:
    return 1 if statistic.fields == "one" else 3


@st.composite
def generators(draw: st.DrawFn) -> tuple[np.random.Generator, int, int, bool]:
    """A generator, two sizes and whether values are few, so that many are tied."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng, draw(st.integers(12, 60)), draw(st.integers(12, 60)), draw(st.booleans())


def drawn(statistic: SampleStatistic, made: tuple[np.random.Generator, int, int, bool]) -> tuple[Rows, Rows]:
    rng, n, m, tied = made
    d = fields_of(statistic)
    x, y = rng.normal(size=(n, d)), rng.normal(rng.normal(), 1.5, size=(m, d))
    return (np.round(x, 0), np.round(y, 0)) if tied else (x, y)


def measured(statistic: SampleStatistic, x: Rows, y: Rows) -> float:
    return statistic.measure(Sample.of(x), Sample.of(y))


@EVERY
@QUICK
@given(made=generators())
def test_identical_samples_give_the_unchanged_value(
    statistic: SampleStatistic, made: tuple[np.random.Generator, int, int, bool]
) -> None:
    x, _ = drawn(statistic, made)
    assert measured(statistic, x, x.copy()) == pytest.approx(statistic.unchanged, abs=1e-7)


@EVERY
@QUICK
@given(made=generators())
def test_bounded_and_the_estimate_agrees(
    statistic: SampleStatistic, made: tuple[np.random.Generator, int, int, bool]
) -> None:
    x, y = drawn(statistic, made)
    value = measured(statistic, x, y)
    found = statistic.estimate(Sample.of(x), Sample.of(y))
    assert found.value == pytest.approx(value, rel=1e-9, abs=1e-9)
    assert statistic.lower <= value <= statistic.upper
    assert statistic.lower - 1e-12 <= found.lower <= found.upper <= statistic.upper + 1e-12
    assert 0 <= found.p_value <= 1
    assert math.isnan(found.detectable) or found.detectable > statistic.unchanged


@EVERY
@QUICK
@given(made=generators())
def test_the_same_again_and_the_input_untouched(
    statistic: SampleStatistic, made: tuple[np.random.Generator, int, int, bool]
) -> None:
    x, y = drawn(statistic, made)
    before = x.copy(), y.copy()
    for rows in (x, y):
        rows.flags.writeable = False
    weights = np.ones(len(x))
    weights.flags.writeable = False
    first = statistic.estimate(Sample.of(x, weights), Sample.of(y))
    assert repr(first) == repr(statistic.estimate(Sample.of(x, weights), Sample.of(y)))
    assert np.array_equal(x, before[0])
    assert np.array_equal(y, before[1])


@those("symmetry", "symmetric")
@QUICK
@given(made=generators())
def test_symmetric_where_claimed(
    statistic: SampleStatistic, made: tuple[np.random.Generator, int, int, bool]
) -> None:
    x, y = drawn(statistic, made)
    assert measured(statistic, x, y) == pytest.approx(measured(statistic, y, x), rel=1e-9, abs=1e-9)


@those("symmetry", "mirrored")
@QUICK
@given(made=generators())
def test_mirrored_where_claimed(
    statistic: SampleStatistic, made: tuple[np.random.Generator, int, int, bool]
) -> None:
    x, y = drawn(statistic, made)
    there, back = measured(statistic, x, y), measured(statistic, y, x)
    assert there + back == pytest.approx(2 * statistic.unchanged, abs=1e-9)


@those("ordered_rows", False)
@QUICK
@given(made=generators())
def test_the_order_of_rows_does_not_matter_where_claimed(
    statistic: SampleStatistic, made: tuple[np.random.Generator, int, int, bool]
) -> None:
    x, y = drawn(statistic, made)
    mixed = measured(statistic, made[0].permutation(x), made[0].permutation(y))
    assert mixed == pytest.approx(measured(statistic, x, y), rel=1e-9, abs=1e-9)


@those("monotone")
@QUICK
@given(made=generators())
def test_increasing_transformations_do_not_matter_where_claimed(
    statistic: SampleStatistic, made: tuple[np.random.Generator, int, int, bool]
) -> None:
    x, y = drawn(statistic, made)
    assert measured(statistic, np.exp(x), np.exp(y)) == measured(statistic, x, y)


@those("affine")
@QUICK
@given(made=generators(), power=st.integers(-40, 40), shift=st.integers(-1000, 1000))
def test_units_and_offsets_do_not_matter_where_claimed(
    statistic: SampleStatistic,
    made: tuple[np.random.Generator, int, int, bool],
    power: int,
    shift: int,
) -> None:
    x, y = drawn(statistic, made)
    x, y = np.round(x, 3), np.round(y, 3)
    unit = 2.0**power
    moved = measured(statistic, (x + shift) * unit, (y + shift) * unit)
    assert moved == pytest.approx(measured(statistic, x, y), rel=1e-6, abs=1e-6)


@those("weighted")
@QUICK
@given(made=generators())
def test_integer_weights_are_repeated_rows(
    statistic: SampleStatistic, made: tuple[np.random.Generator, int, int, bool]
) -> None:
    # The same weights on both sides: effective sizes then keep their ratio, which pools the samples.
    x, y = drawn(statistic, (made[0], made[1], made[1], made[3]))
    weights = made[0].integers(1, 4, len(x))
    weighted = statistic.measure(Sample.of(x, weights), Sample.of(y, weights))
    repeated = measured(statistic, np.repeat(x, weights, axis=0), np.repeat(y, weights, axis=0))
    assert weighted == pytest.approx(repeated, rel=1e-9, abs=1e-9)


@those("weighted")
def test_uneven_weights_widen_the_interval(statistic: SampleStatistic) -> None:
    rng = np.random.default_rng(9)
    d = fields_of(statistic)
    x, y = rng.normal(size=(300, d)), rng.normal(1.0, size=(300, d))
    weights = rng.choice([1.0, 20.0], 300)
    even = statistic.estimate(Sample.of(x), Sample.of(y))
    uneven = statistic.estimate(Sample.of(x, weights), Sample.of(y, weights))
    assert uneven.upper - uneven.lower > even.upper - even.lower
    assert uneven.detectable > even.detectable


def rows_of(statistic: SampleStatistic, rows: int = 20) -> Rows:
    return np.random.default_rng(4).normal(size=(rows, fields_of(statistic)))


@EVERY
@pytest.mark.parametrize("side", ["baseline", "current"])
def test_bad_rows_are_refused_with_a_reason(statistic: SampleStatistic, side: str) -> None:
    good = rows_of(statistic)
    for bad, reason in (
        (np.full_like(good, math.nan), "NaN"),
        (np.full_like(good, math.inf), "infinite"),
        (good[:0], "too few rows: 0"),
        (good[:1], "too few rows: 1"),
        (good[: statistic.fewest - 1], f"{side} has too few rows: {statistic.fewest - 1}"),
        (np.ones((20, 2, 2)), "shape"),
    ):
        pair = (bad, good) if side == "baseline" else (good, bad)
        with pytest.raises(InvalidInput, match=reason):
            statistic.measure(Sample.of(pair[0], name="baseline"), Sample.of(pair[1], name="current"))


@EVERY
def test_other_fields_and_rates_out_of_range_are_refused(statistic: SampleStatistic) -> None:
    good = Sample.of(rows_of(statistic))
    with pytest.raises(InvalidInput, match="field"):
        statistic.measure(good, Sample.of(np.random.default_rng(1).normal(size=(20, 5))))
    for level, power in ((0.0, 0.9), (1.0, 0.9), (0.05, 1.0), (0.05, 0.01)):
        with pytest.raises(InvalidInput, match=r"level|power"):
            statistic.estimate(good, good, level, power)


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        ([1.0], "weights of shape"),
        ([math.nan] * 3, "finite"),
        ([-1.0] * 3, "negative"),
        ([0.0] * 3, "sum to 0"),
    ],
)
def test_weights_that_make_no_sense_are_refused(weights: list[float], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        Sample.of([1.0, 2.0, 3.0], weights)


def test_rows_without_weight_and_text_do_not_count() -> None:
    assert len(Sample.of([1.0, 2.0, math.nan], [1, 1, 0]).rows) == 2
    with pytest.raises(InvalidInput, match="numbers"):
        Sample.of(["a", "b"])


@EVERY
def test_a_constant_field_has_a_value_or_a_reason(statistic: SampleStatistic) -> None:
    constant, other = np.full((20, fields_of(statistic)), 3.0), rows_of(statistic)
    if not statistic.constant_baseline:
        with pytest.raises(InvalidInput, match="constant"):
            measured(statistic, constant, other)
        return
    assert measured(statistic, constant, constant) == pytest.approx(statistic.unchanged, abs=1e-12)
    same = statistic.estimate(Sample.of(constant), Sample.of(constant))
    assert same.lower - 1e-12 <= statistic.unchanged <= same.upper + 1e-12
    assert same.p_value >= 0.5 - 1e-9
    assert math.isfinite(measured(statistic, constant, other))
    moved = statistic.estimate(Sample.of(constant), Sample.of(constant + 1.0))
    assert moved.value > statistic.unchanged
    assert moved.p_value < 0.01


@EVERY
@pytest.mark.parametrize("scale", [1e-12, 1e9])
def test_a_move_of_a_tiny_or_huge_field_is_seen_like_any_other(
    statistic: SampleStatistic, scale: float
) -> None:
    rng = np.random.default_rng(6)
    d = fields_of(statistic)
    x, y = rng.normal(size=(200, d)), rng.normal(0.0, 2.0, size=(200, d)) + 1.0
    plain = statistic.estimate(Sample.of(x), Sample.of(y))
    scaled = statistic.estimate(Sample.of(x * scale), Sample.of(y * scale))
    assert scaled.p_value == pytest.approx(plain.p_value, rel=1e-5, abs=1e-12)
    assert scaled.p_value < 1e-3
    if statistic.affine:
        assert scaled.value == pytest.approx(plain.value, rel=1e-6)


@EVERY
def test_a_huge_offset_hides_nothing(statistic: SampleStatistic) -> None:
    # Timestamps: a shift by half a minute in values of 1.7e9, whose last digit is 2e-7.
    rng = np.random.default_rng(7)
    d = fields_of(statistic)
    x = np.round(rng.normal(0.0, 30.0, size=(400, d)), 3)
    y = np.round(rng.normal(30.0, 60.0, size=(400, d)), 3)
    plain = statistic.estimate(Sample.of(x), Sample.of(y))
    offset = statistic.estimate(Sample.of(x + 1.7e9), Sample.of(y + 1.7e9))
    assert offset.value == pytest.approx(plain.value, rel=1e-4)
    assert offset.p_value < 1e-3
