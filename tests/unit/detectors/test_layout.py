"""Bins and slots: whatever the baseline looks like, every value has exactly one place."""

from __future__ import annotations

import math

import numpy as np
import pytest

from detectors.profiles.layout import (
    BINS,
    KNOWN_CATEGORIES,
    MAX_EDGES,
    MISSING_AT,
    OTHER_GROUPS,
    TOP_CATEGORIES,
    UNSEEN_AT,
    WIDTH,
    ColumnLayout,
    categorical_layout,
    numeric_layout,
)
from tests.seeding.columns import categorical_column, numeric_column, numeric_counts

RNG = np.random.default_rng(1)
SHAPES = {
    "normal": RNG.normal(size=2000),
    "tiny scale": RNG.normal(size=2000) * 1e-12,
    "timestamps": 1.7e9 + RNG.integers(0, 86400, 2000).astype(float),
    "tiny spread at a huge offset": 1e15 + RNG.integers(0, 9, 2000).astype(float),
    "constant": np.full(2000, 5.0),
    "zero": np.zeros(2000),
    "binary": RNG.integers(0, 2, 2000).astype(float),
    "few values": RNG.integers(0, 7, 2000).astype(float),
    "heavy tail": np.exp(3 * RNG.normal(size=2000)),
    "large": RNG.normal(size=2000) * 1e150,
    "near the smallest float": np.abs(RNG.normal(size=2000)) * 1e-310,
    "mostly zero": np.where(RNG.random(2000) < 0.97, 0.0, RNG.exponential(size=2000)),
}


@pytest.mark.parametrize("values", SHAPES.values(), ids=SHAPES.keys())
def test_a_numeric_layout_holds_every_value_once(values: np.ndarray) -> None:
    column = numeric_column(values)
    layout = column.layout
    assert len(layout.edges) <= MAX_EDGES
    assert list(layout.edges) == sorted(set(layout.edges))
    assert all(math.isfinite(edge) for edge in layout.edges)
    assert layout.slots == len(layout.edges) + 2 <= BINS + 1
    assert column.counts.sum() == values.size
    regions = layout.regions()
    assert len(regions) == len(layout.labels()) - 1 == layout.positions().size == layout.slots - 1
    outside = [region != "inside" for region in regions]
    assert column.counts[:-1][outside].sum() == 0
    assert (np.diff(layout.positions()) >= 0).all()


@pytest.mark.parametrize("values", SHAPES.values(), ids=SHAPES.keys())
def test_values_just_outside_the_range_are_outside(values: np.ndarray) -> None:
    layout = numeric_column(values).layout
    beyond = np.array([np.nextafter(values.min(), -np.inf), np.nextafter(values.max(), np.inf)])
    counts = numeric_counts(layout, np.append(beyond, [np.inf, -np.inf]))
    outside = np.array([region != "inside" for region in layout.regions()])
    assert counts[:-1][outside].sum() == 4


def test_continuous_values_fill_inner_bins_evenly() -> None:
    column = numeric_column(SHAPES["normal"])
    inside = [i for i, region in enumerate(column.layout.regions()) if region == "inside"]
    assert len(inside) == 26
    assert column.counts[inside].max() < 1.2 * 2000 / 26


def test_few_values_have_a_bin_each() -> None:
    column = numeric_column(SHAPES["few values"])
    for value in range(7):
        counts = numeric_counts(column.layout, np.full(3, float(value)))
        assert (counts > 0).sum() == 1
    assert (column.counts > 0).sum() == 7


def test_nothing_finite_gives_one_bin_and_missing() -> None:
    layout = numeric_layout(math.inf, -math.inf, (math.nan,) * 25, math.nan)
    assert layout.edges == ()
    assert layout.slots == 2
    assert layout.labels() == ("(any)", "(missing)")
    assert layout.regions() == ("inside",)
    assert layout.positions().tolist() == [0.0]


@pytest.mark.parametrize("name", ["normal", "timestamps", "tiny spread at a huge offset", "few values"])
def test_labels_tell_bins_apart(name: str) -> None:
    labels = numeric_column(SHAPES[name]).layout.labels()
    assert len(set(labels)) == len(labels), labels


def test_the_label_of_a_constant_is_its_value() -> None:
    labels = numeric_column(SHAPES["constant"]).layout.labels()
    assert labels == ("< 5", "5", "≥ 5", "(missing)")


def test_few_categories_have_a_slot_each_and_no_others() -> None:
    column = categorical_column(["b"] * 3 + ["a"] * 5 + [None] * 2)
    assert column.layout.categories == ("a", "b")
    assert column.layout.labels() == ("a", "b", "(unseen)", "(missing)")
    assert column.counts.tolist() == [5, 3, 0, 2]
    assert column.layout.complete


def test_many_categories_share_groups_by_their_name() -> None:
    names = [f"c{i}" for i in range(200)]
    weights = 1 / np.arange(1, 201)
    values = np.random.default_rng(2).choice(names, 20_000, p=weights / weights.sum())
    layout = categorical_column(values.tolist()).layout
    assert 0 < layout.top <= TOP_CATEGORIES
    assert layout.other_groups == OTHER_GROUPS
    slots = layout.category_slots()
    assert slots[: layout.top] == list(range(layout.top))
    assert all(layout.top <= slot < layout.top + OTHER_GROUPS for slot in slots[layout.top :])
    assert len(set(slots[layout.top :])) == OTHER_GROUPS
    assert layout.slots == layout.top + OTHER_GROUPS + 2 == len(layout.labels())


def test_equally_frequent_categories_get_no_slot_of_their_own() -> None:
    # Those on top were only lucky: they would fall back without anything having changed.
    values = np.random.default_rng(3).integers(0, 200, 5000)
    assert categorical_column([str(value) for value in values]).layout.top == 0


def test_more_categories_than_are_kept_make_the_list_incomplete() -> None:
    names = tuple(f"n{i}" for i in range(KNOWN_CATEGORIES))
    layout = categorical_layout(names, (5,) * KNOWN_CATEGORIES, KNOWN_CATEGORIES + 1)
    assert not layout.complete
    assert categorical_layout(names, (5,) * KNOWN_CATEGORIES, KNOWN_CATEGORIES).complete


def test_no_category_at_all_leaves_unseen_and_missing() -> None:
    layout = categorical_layout((), (), 0)
    assert layout.labels() == ("(unseen)", "(missing)")


@pytest.mark.parametrize(
    "layout",
    [
        numeric_layout(math.nan, math.nan, (), math.nan),
        numeric_layout(0.0, 1.0, (0.2, 0.5), 0.3),
        numeric_layout(0.0, 30.0, tuple(float(i) for i in range(1, 26)), 9.0),
        categorical_layout((), (), 0),
        categorical_layout(("a", "b"), (5, 4), 2),
        categorical_layout(tuple(f"k{i}" for i in range(1000)), tuple(range(2000, 1000, -1)), 5000),
    ],
)
def test_aligned_counts_keep_everything_and_come_back(layout: ColumnLayout) -> None:
    counts = RNG.random((3, 4, layout.slots))
    aligned = layout.aligned(counts)
    assert aligned.shape == (3, 4, WIDTH)
    assert np.array_equal(aligned[..., MISSING_AT], counts[..., -1])
    if layout.kind == "categorical":
        assert np.array_equal(aligned[..., UNSEEN_AT], counts[..., -2])
    assert aligned.sum() == pytest.approx(counts.sum())
    assert np.array_equal(layout.compact(aligned), counts)


def test_counts_of_another_layout_are_refused() -> None:
    layout = categorical_layout(("a", "b"), (5, 4), 2)
    with pytest.raises(ValueError, match="4 slots"):
        layout.aligned(np.zeros(5))
    with pytest.raises(ValueError, match="33 slots"):
        layout.compact(np.zeros(32))
