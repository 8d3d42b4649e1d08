"""A retrain judges on documents it has not seen, and helps when the images really changed."""

from __future__ import annotations

import numpy as np

from demo.classifier import Classifier
from demo.digits import Documents, load_pools
from demo.retrain import evaluate, one_capture_each, retrain, split_by_document
from demo.scanner import HEALTHY, WORN, Scanner


def captures(scanner: Scanner, count: int, seed: int = 4) -> Documents:
    """Random captures of the morning's documents, some of them more than once."""
    rng = np.random.default_rng(seed)
    pages = load_pools().morning
    drawn = pages.take(rng.integers(0, len(pages), count))
    return Documents(scanner.capture(drawn.images, rng), drawn.labels, drawn.ids)


def test_no_document_is_on_both_sides_and_every_digit_is_on_each() -> None:
    training, held_out = split_by_document(captures(WORN, 600), 0.4, np.random.default_rng(0))
    assert len(training) + len(held_out) == 600
    assert not set(training.ids.tolist()) & set(held_out.ids.tolist())
    assert set(training.labels.tolist()) == set(held_out.labels.tolist()) == set(range(10))
    share = len(set(held_out.ids.tolist())) / len(set(captures(WORN, 600).ids.tolist()))
    assert abs(share - 0.4) < 0.03


def test_each_document_is_judged_once() -> None:
    some = captures(WORN, 600)
    once = one_capture_each(some)
    assert sorted(once.ids.tolist()) == sorted(set(some.ids.tolist()))


def test_retraining_on_worn_captures_passes_the_gate(champion: Classifier) -> None:
    pools = load_pools()
    challenger = retrain(champion, pools.train, captures(WORN, 500), pools.holdout, seed=1)
    assert challenger.gate.passed, challenger.gate.reason
    assert challenger.gate.challenger_accuracy > challenger.gate.champion_accuracy + 0.08
    assert not set(challenger.held_out.ids.tolist()) & set(pools.train.ids.tolist())


def test_retraining_on_unchanged_images_does_not_pass(champion: Classifier) -> None:
    pools = load_pools()
    challenger = retrain(champion, pools.train, captures(HEALTHY, 500), pools.holdout, seed=1)
    assert not challenger.gate.passed


def test_a_broken_challenger_does_not_pass(champion: Classifier) -> None:
    upside_down = Classifier(
        champion.hidden_weights, champion.hidden_bias, -champion.output_weights, -champion.output_bias
    )
    result = evaluate(champion, upside_down, captures(WORN, 300), load_pools().holdout)
    assert not result.passed
    assert result.challenger_accuracy < 0.2


def test_the_same_seed_gives_the_same_challenger(champion: Classifier) -> None:
    pools = load_pools()
    one, other = (
        retrain(champion, pools.train, captures(WORN, 300), pools.holdout, seed=9) for _ in range(2)
    )
    assert one.gate == other.gate
    assert np.array_equal(one.classifier.output_weights, other.classifier.output_weights)
