"""The learner that PAPE and DLE need, loaded when one is asked for."""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from driftline.errors import DependencyMissing

INSTALL_HINT = "PAPE and DLE need scikit-learn: install it with `pip install 'driftline[estimates]'`"


class Learner(Protocol):
    """A regression of scikit-learn, as far as it is used here."""

    def fit(
        self, x: NDArray[Any], y: NDArray[Any], /, sample_weight: NDArray[Any] | None = None
    ) -> object: ...

    def predict(self, x: NDArray[Any], /) -> NDArray[Any]: ...


class ProbabilisticLearner(Learner, Protocol):
    """One that gives probabilities."""

    def predict_proba(self, x: NDArray[Any], /) -> NDArray[Any]: ...


def one_thread() -> AbstractContextManager[object]:
    """Learners run on one thread within: small trees are built sooner so than threads that wait in turn for
    busy cores can be (.04 against 10 seconds on two of them).

    Raises
    ------
    DependencyMissing
        scikit-learn, which brings what limits threads, is not installed.
    """
    limit: AbstractContextManager[object] = _loaded("threadpoolctl").threadpool_limits(limits=1)
    return limit


def loss_learner(rows: int, categorical: tuple[bool, ...], seed: int) -> Learner:
    """A regression of a loss on what is known before the truth, sized for so many rows."""
    made: Learner = _boosting("HistGradientBoostingRegressor", rows, categorical, seed)
    return made


def side_learner(rows: int, categorical: tuple[bool, ...], seed: int) -> ProbabilisticLearner:
    """A classifier of reference against production, sized for so many rows."""
    made: ProbabilisticLearner = _boosting("HistGradientBoostingClassifier", rows, categorical, seed)
    return made


def line_learner() -> ProbabilisticLearner:
    """A logistic regression of reference against production, on columns of spread 1."""
    made: ProbabilisticLearner = _loaded("sklearn.linear_model").LogisticRegression(C=1.0, max_iter=200)
    return made


def _boosting(
    kind: Literal["HistGradientBoostingRegressor", "HistGradientBoostingClassifier"],
    rows: int,
    categorical: tuple[bool, ...],
    seed: int,
) -> Any:
    return getattr(_loaded("sklearn.ensemble"), kind)(
        max_iter=60,
        learning_rate=0.1,
        max_leaf_nodes=8,
        # Leaves of few rows learn their noise, which a density ratio multiplies.
        min_samples_leaf=max(10, min(40, rows // 50)),
        l2_regularization=1.0,
        early_stopping=False,
        categorical_features=list(categorical) if any(categorical) else None,
        random_state=seed,
    )


def _loaded(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DependencyMissing(INSTALL_HINT) from error
