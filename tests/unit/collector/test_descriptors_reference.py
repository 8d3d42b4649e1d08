"""References: what is learned, its bounds, and that it survives being stored."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from collector.descriptors import reference
from collector.descriptors.reference import (
    MOST_DIMENSIONS,
    MOST_TOKENS,
    Centroid,
    CentroidLearner,
    ReferenceLearner,
    Vocabulary,
    VocabularyLearner,
    parse_reference,
)
from collector.descriptors.tokens import segment


def known(vocabulary: Vocabulary, text: str) -> list[bool]:
    return [bool(value) for value in vocabulary.knows(segment([text]).hashes)]


def test_a_vocabulary_knows_what_it_saw_in_any_case() -> None:
    learner = VocabularyLearner(rows=3)
    learner.add(["The fox", None, "", "..."])
    early = learner.ready
    learner.add(["a dog", "the end"])
    assert (early, learner.ready) == (False, True)
    built = learner.build()
    assert built.rows == 3
    assert known(built, "THE dog sleeps") == [True, True, False]


def test_the_most_frequent_tokens_are_kept() -> None:
    learner = VocabularyLearner(rows=1)
    learner.add(
        [" ".join(f"rare{index}" for index in range(start, start + 1000)) for start in range(0, 30_000, 1000)]
    )
    learner.add(["often"] * 2)
    built = learner.build()
    assert len(built.hashes) == MOST_TOKENS
    assert known(built, "often") == [True]
    assert (np.diff(built.hashes.astype(np.int64)) > 0).all()


def test_what_is_counted_while_learning_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "MOST_CANDIDATES", 50)
    learner = VocabularyLearner(rows=1)
    for step in range(20):
        learner.add([" ".join(["steady", *(f"s{step}t{index}" for index in range(100))])])
    built = learner.build()
    assert len(built.hashes) == 50
    assert known(built, "steady") == [True]


def test_a_centroid_is_the_mean_direction() -> None:
    learner = CentroidLearner(rows=2)
    learner.add(np.array([[5.0, 0.0]]))
    early = learner.ready
    learner.add(np.array([[0.0, 0.1], [0.0, 0.0], [math.nan, 1.0]]))
    learner.add(np.ones((4, 3)))
    assert (early, learner.ready) == (False, True)
    built = learner.build()
    assert built.rows == 2
    assert built.direction.tolist() == [0.5, 0.5]


def test_concentration_is_the_length_of_the_mean_direction() -> None:
    learner = CentroidLearner(rows=1)
    vectors = np.random.default_rng(1).normal(0.0, 1.0, (4000, 16))
    learner.add(vectors)
    scattered = np.linalg.norm(learner.build().direction)
    learner = CentroidLearner(rows=1)
    learner.add(vectors + 5.0)
    assert scattered < 0.05
    assert np.linalg.norm(learner.build().direction) > 0.95


@pytest.mark.parametrize("learner", [VocabularyLearner(rows=1), CentroidLearner(rows=1)])
def test_nothing_can_be_built_from_nothing(
    learner: ReferenceLearner[object, Vocabulary | Centroid],
) -> None:
    with pytest.raises(ValueError, match="seen yet"):
        learner.build()


def test_vectors_of_impossible_size_teach_nothing() -> None:
    learner = CentroidLearner(rows=1)
    learner.add(np.ones((1, MOST_DIMENSIONS + 1)))
    learner.add(np.ones((0, 3)))
    learner.add(np.ones((2, 0)))
    assert not learner.ready


def test_references_survive_being_stored_and_are_small() -> None:
    vocabulary = Vocabulary(hashes=np.arange(MOST_TOKENS, dtype=np.uint32) * 200_000, rows=123)
    centroid = Centroid(direction=np.random.default_rng(2).random(MOST_DIMENSIONS).astype(np.float32), rows=9)
    for built, most in ((vocabulary, 110_000), (centroid, 350_000)):
        text = built.to_json()
        assert len(text) <= most
        again = parse_reference(text)
        assert again.rows == built.rows
        assert again.to_json() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"kind": "vocabulary", "format": 1, "rows": 1, "values": "***"}',
        '{"kind": "vocabulary", "format": 1, "rows": 1, "values": 7}',
        '{"kind": "vocabulary", "format": 1, "rows": 1, "values": "AAA="}',
        '{"kind": "vocabulary", "format": 2, "rows": 1, "values": ""}',
        '{"kind": "vocabulary", "format": 1, "rows": "1", "values": ""}',
        '{"kind": "dictionary", "format": 1, "rows": 1, "values": ""}',
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"reference|read|Expecting"):
        parse_reference(text)


def test_an_empty_vocabulary_knows_nothing() -> None:
    empty = parse_reference(json.dumps({"kind": "vocabulary", "format": 1, "rows": 0, "values": ""}))
    assert isinstance(empty, Vocabulary)
    assert known(empty, "a b") == [False, False]
