"""One retrain from labelled captures: split by document, train, compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.classifier import Classifier
from demo.digits import CLASSES, Documents
from demo.gate import GatePolicy, GateResult, judge
from demo.scanner import HEALTHY
from demo.training import CAPTURES_A_DOCUMENT, capture_repeatedly, train

HELD_OUT_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Challenger:
    """A retrained model, the captures kept from it, and what the gate said."""

    classifier: Classifier
    held_out: Documents
    trained_on: int
    gate: GateResult


def split_by_document(
    captures: Documents, held_out_share: float, rng: np.random.Generator
) -> tuple[Documents, Documents]:
    """Part captures into training and evaluation so that no document is in both.

    Parameters
    ----------
    captures
        Labelled captures; a document may occur often.
    held_out_share
        Share of each digit's documents that is held out, 0..1.
    rng
        Chooses the documents.

    Returns
    -------
    training, held_out
    """
    held: list[int] = []
    for digit in range(len(CLASSES)):
        documents = rng.permutation(np.unique(captures.ids[captures.labels == digit]))
        held.extend(documents[: round(held_out_share * len(documents))].tolist())
    is_held = np.isin(captures.ids, held)
    return captures.take(np.flatnonzero(~is_held)), captures.take(np.flatnonzero(is_held))


def one_capture_each(captures: Documents) -> Documents:
    """The first capture of every document: independent trials, as the gate's test needs."""
    _, first = np.unique(captures.ids, return_index=True)
    return captures.take(np.sort(first))


def evaluate(
    champion: Classifier,
    challenger: Classifier,
    new: Documents,
    clean: Documents,
    policy: GatePolicy | None = None,
) -> GateResult:
    """Let both models read the same captures and put them before the gate."""
    new = one_capture_each(new)
    return judge(
        champion.predict(new.images) == new.labels,
        challenger.predict(new.images) == new.labels,
        champion.predict(clean.images) == clean.labels,
        challenger.predict(clean.images) == clean.labels,
        policy,
    )


def retrain(
    champion: Classifier, old: Documents, new: Documents, holdout: Documents, seed: int
) -> Challenger:
    """Train a challenger on the old documents and 60 % of the new ones, and judge it on the rest.

    Parameters
    ----------
    champion
        The model that is served.
    old
        Documents of the first training.
    new
        Labelled captures of the changed world.
    holdout
        Clean documents that no training sees.
    seed
        Makes split, captures and training repeatable.

    Raises
    ------
    InvalidInput
        There is nothing to train on.
    """
    split_rng, old_rng, clean_rng = np.random.default_rng(seed).spawn(3)
    training, held_out = split_by_document(new, HELD_OUT_SHARE, split_rng)
    captures = Documents.join([capture_repeatedly(old, HEALTHY, CAPTURES_A_DOCUMENT, old_rng), training])
    classifier = train(captures, seed)
    clean = capture_repeatedly(holdout, HEALTHY, 1, clean_rng)
    return Challenger(classifier, held_out, len(captures), evaluate(champion, classifier, held_out, clean))
