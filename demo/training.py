"""Training of the digits classifier with scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np

from demo.classifier import Classifier
from demo.digits import Documents, require_scikit_learn
from demo.scanner import Scanner
from driftline.errors import InvalidInput

METHOD = "sklearn.neural_network.MLPClassifier"
HYPER_PARAMETERS: dict[str, float | int] = {"hidden_units": 48, "alpha": 0.01, "max_iter": 80}
CAPTURES_A_DOCUMENT = 3
"""How often each training page is scanned: the model must not learn one capture by heart."""


def capture_repeatedly(
    documents: Documents, scanner: Scanner, captures: int, rng: np.random.Generator
) -> Documents:
    """Scan every document ``captures`` times; ids and labels repeat with it."""
    repeated = documents.take(np.tile(np.arange(len(documents)), captures))
    return Documents(scanner.capture(repeated.images, rng), repeated.labels, repeated.ids)


def train(captures: Documents, seed: int) -> Classifier:
    """Fit the classifier to labelled captures; the same input and seed give the same model.

    Raises
    ------
    InvalidInput
        A digit has no capture, so the model could never say it.
    DependencyMissing
        scikit-learn is not installed.
    """
    absent = sorted(set(range(10)) - set(captures.labels.tolist()))
    if absent:
        raise InvalidInput(f"training needs captures of every digit; there is none of {absent}")
    require_scikit_learn()
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    network = MLPClassifier(
        (int(HYPER_PARAMETERS["hidden_units"]),),
        alpha=HYPER_PARAMETERS["alpha"],
        max_iter=int(HYPER_PARAMETERS["max_iter"]),
        random_state=seed,
    )
    with warnings.catch_warnings():
        # The number of passes is a choice here: the last thousandth of the loss is not worth the time.
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(captures.images.reshape(len(captures), -1), captures.labels)
    return Classifier(
        hidden_weights=network.coefs_[0],
        hidden_bias=network.intercepts_[0],
        output_weights=network.coefs_[1],
        output_bias=network.intercepts_[1],
    )
