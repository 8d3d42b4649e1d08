"""Embedding columns: length, angle to the baseline, and directions that never change."""

from __future__ import annotations

import math

import numpy as np
import pytest

from collector.descriptors.embedding import PROJECTIONS, directions, measure_embeddings
from collector.descriptors.reference import MOST_DIMENSIONS, Centroid
from driftline.contracts import DERIVED_COLUMNS


def rng() -> np.random.Generator:
    return np.random.default_rng(8)


def centroid(*direction: float) -> Centroid:
    return Centroid(direction=np.array(direction, dtype=np.float32), rows=1)


def test_the_columns_are_those_of_the_contract() -> None:
    assert list(measure_embeddings(np.ones((1, 3)))) == [name for name, _ in DERIVED_COLUMNS["embedding"]]


def test_norm_and_cosine() -> None:
    found = measure_embeddings(
        np.array([[2.0, 0.0], [-1.0, 0.0], [0.0, 3.0], [1.0, 1.0]]), centroid(0.25, 0.0)
    )
    assert found["norm"] == pytest.approx([2.0, 1.0, 3.0, math.sqrt(2.0)])
    assert found["cosine"] == pytest.approx([1.0, -1.0, 0.0, math.sqrt(0.5)])


@pytest.mark.parametrize("reference", [None, centroid(1.0), centroid(0.0, 0.0), centroid(math.nan, 1.0)])
def test_without_a_usable_reference_there_is_no_cosine(reference: Centroid | None) -> None:
    found = measure_embeddings(np.ones((2, 2)), reference)
    assert np.isnan(found["cosine"]).all()
    assert np.isfinite(found["projection_0"]).all()


def test_a_vector_without_length_has_no_direction() -> None:
    found = measure_embeddings(np.array([[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]]), centroid(1.0, 0.0))
    assert found.pop("norm")[0] == 0.0
    assert all(np.isnan(values).all() for values in found.values())


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_tiny_and_huge_vectors_keep_their_direction(size: float) -> None:
    vector = np.array([[3.0, 4.0]])
    expected = measure_embeddings(vector, centroid(1.0, 1.0))
    found = measure_embeddings(vector * size, centroid(1.0, 1.0))
    for name in ("cosine", "projection_3"):
        assert found[name] == pytest.approx(expected[name]), name


def test_the_directions_are_the_same_in_every_release() -> None:
    assert directions(6)[:2].astype(int).tolist() == [[1, -1, -1, -1, 1, 1], [-1, -1, -1, 1, -1, -1]]
    assert set(np.unique(directions(384)).tolist()) == {-1.0, 1.0}
    # Nearly orthogonal, as random signs are: inner products of the order of sqrt(d).
    products = directions(4096) @ directions(4096).T / 4096
    assert np.abs(products - np.eye(PROJECTIONS)).max() < 5 / math.sqrt(4096)


@pytest.mark.parametrize("dimension", [8, 128, 1024])
def test_projections_have_the_same_spread_at_every_dimension(dimension: int) -> None:
    found = measure_embeddings(rng().normal(0.0, 7.0, (4000, dimension)))
    for index in range(PROJECTIONS):
        assert found[f"projection_{index}"].std() == pytest.approx(1.0, rel=0.05)


def test_a_shift_of_the_vectors_shifts_a_projection() -> None:
    before = rng().normal(0.0, 1.0, (2000, 64))
    after = before + directions(64)[5] * 0.2
    shift = {
        name: measure_embeddings(after)[name].mean() - measure_embeddings(before)[name].mean()
        for name in ("projection_5", "cosine")
    }
    assert shift["projection_5"] > 1.0


def test_large_stacks_are_measured_as_small_ones() -> None:
    stack = rng().normal(0.0, 1.0, (700, 1000))
    together = measure_embeddings(stack)
    alone = measure_embeddings(stack[650:651])
    for name, values in together.items():
        assert values[650] == pytest.approx(alone[name][0], nan_ok=True), name


@pytest.mark.parametrize("shape", [(3,), (3, 0), (0, MOST_DIMENSIONS + 1)])
def test_what_is_no_embedding_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        measure_embeddings(np.zeros(shape))
