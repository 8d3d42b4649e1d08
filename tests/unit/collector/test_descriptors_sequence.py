"""Length and confidence of what a model wrote: padding, logarithms, and text alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from collector.descriptors.sequence import measure_sequences
from driftline.contracts import DERIVED_COLUMNS

NAN = math.nan


def test_the_columns_are_those_of_the_contract() -> None:
    assert list(measure_sequences(np.ones((1, 3)))) == [name for name, _ in DERIVED_COLUMNS["sequence"]]


@pytest.mark.parametrize(
    ("row", "length", "mean", "least"),
    [
        ([0.5, 1.0, 0.75], 3, 0.75, 0.5),
        ([0.5, 1.0, 0.0, 0.0], 2, 0.75, 0.5),
        ([0.5, 1.0, NAN, NAN], 2, 0.75, 0.5),
        ([0.5, 1.0, -1.0, -100.0], 2, 0.75, 0.5),
        ([0.5, 0.0, 1.0, 0.0], 3, 0.75, 0.5),
        ([0.5, NAN, 1.0], 3, 0.75, 0.5),
        ([1.5, 0.5], 2, 0.5, 0.5),
        ([math.log(0.5), 0.0, math.log(0.25)], 3, 1.75 / 3, 0.25),
        ([math.log(0.5), math.log(0.25), 0.0, 0.0], 2, 0.375, 0.25),
        ([math.log(0.5), -math.inf], 1, 0.5, 0.5),
        ([0.0, 0.0], 0, NAN, NAN),
        ([NAN, math.inf], 0, NAN, NAN),
        ([], 0, NAN, NAN),
    ],
)
def test_confidences(row: list[float], length: int, mean: float, least: float) -> None:
    found = measure_sequences(np.array([row]))
    measured = [float(found[name][0]) for name in ("length", "mean_confidence", "min_confidence")]
    assert measured == pytest.approx([length, mean, least], nan_ok=True)
    assert math.isnan(found["characters"][0])


def test_text_alone_has_lengths_only() -> None:
    found = measure_sequences(texts=["two words", "我想", "", None])
    assert found["length"].tolist()[:3] == [2.0, 2.0, 0.0]
    assert found["characters"].tolist()[:3] == [9.0, 2.0, 0.0]
    assert math.isnan(found["length"][3])
    assert np.isnan(found["mean_confidence"]).all()


def test_tokens_of_the_model_count_before_those_of_the_text() -> None:
    found = measure_sequences(np.array([[0.5, 0.5, 0.5]]), ["one"])
    assert (found["length"].tolist(), found["characters"].tolist()) == ([3.0], [3.0])


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(ValueError, match="neither"):
        measure_sequences()
    with pytest.raises(ValueError, match="do not go with 2"):
        measure_sequences(np.ones((1, 3)), ["a", "b"])
    with pytest.raises(ValueError, match="shape"):
        measure_sequences(np.ones(3))
