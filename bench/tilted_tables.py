"""Real tables whose rows are drawn unevenly: a covariate shift of known size, from real rows.

A fifth of a table trains a model, half of the rest is the labelled reference, the other half is a pool held
out from both. A window is drawn from the pool with replacement, rows in proportion to ``exp(tilt z)``, where
z are normal scores of something known of a row before its label. Labels play no part, so that inputs move
and nothing else does, and the accuracy of the shifted population is known: that of the pool under the tilt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from detectors.performance.estimates.rows import LabelledRows, labelled_rows, scored_rows

Values = NDArray[np.float64]

WINDOW = 1_000
TRAINED = 0.2
TILTS = (-1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Table:
    """Inputs, truth, and whether the truth is a class."""

    x: Values
    y: Values
    classes: bool


@dataclass(frozen=True, slots=True)
class TiltedWindow:
    """A reference and a shifted window.

    Attributes
    ----------
    reference, window
        Labelled rows.
    along
        What the tilt is along: the confidence, the first principal component or a column.
    expected
        Accuracy, or mean absolute error, of the pool under the tilt.
    luck
        Mean distance of ``expected`` from what it would be in an endless pool, if answers are right as often
        as they are in it: no estimator is nearer on average.
    """

    reference: LabelledRows
    window: LabelledRows
    along: str
    expected: float
    luck: float


def tables() -> Mapping[str, Table]:
    """Tables that come with scikit-learn and river."""
    from river import datasets as streams
    from sklearn import datasets

    found: dict[str, Table] = {}
    for title in ("digits", "breast_cancer", "wine"):
        x, y = getattr(datasets, f"load_{title}")(return_X_y=True)
        found[title] = Table(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), True)
    for title in ("Phishing", "Bananas", "ImageSegments"):
        rows = list(getattr(streams, title)())
        names = sorted(rows[0][0])
        x = np.array([[float(row[name]) for name in names] for row, _ in rows])
        _, y = np.unique([str(truth) for _, truth in rows], return_inverse=True)
        found[title] = Table(x, y.astype(np.float64), True)
    x, y = datasets.load_diabetes(return_X_y=True)
    found["diabetes"] = Table(np.asarray(x), np.asarray(y), False)
    return found


def tilted_windows(table: Table, seed: int) -> Iterator[TiltedWindow]:
    """Windows of one split: either way along the confidence, the first component and a random column."""
    rng = np.random.default_rng((20_262, seed))
    train, reference, pool = _split(len(table.x), rng)
    answer = model(table.x[train], table.y[train], table.classes)
    known, held = answer(table.x[reference], table.y[reference]), answer(table.x[pool], table.y[pool])
    loss = (1 - held.correct) if table.classes else np.abs(held.truth - held.rows.predicted)
    for along, score in _directions(table, train, pool, held, rng):
        ranks = ndtri((rankdata(score) - 0.5) / len(score))
        for tilt in TILTS:
            share = np.exp(tilt * ranks)
            share /= share.sum()
            mean = float(share @ loss)
            # Rows drawn several times are one row of that weight: copies would be a shift of their own.
            counts = np.bincount(rng.choice(len(pool), WINDOW, p=share), minlength=len(pool))
            drawn = held.taken(counts > 0)
            rows = replace(drawn.rows, weights=counts[counts > 0].astype(np.float64))
            yield TiltedWindow(
                known,
                replace(drawn, rows=rows),
                along,
                expected=1 - mean if table.classes else mean,
                luck=float(np.sqrt(2 / np.pi * (share**2 @ np.square(loss - mean)))),
            )


def model(x: Values, y: Values, classes: bool) -> Callable[[Values, Values], LabelledRows]:
    """A simple model of some rows, and what it answers."""
    from sklearn.linear_model import Ridge
    from sklearn.naive_bayes import GaussianNB

    if not classes:
        line = Ridge(alpha=0.1).fit(x, y)
        return lambda some, truth: labelled_rows(
            scored_rows(predicted=line.predict(some), features=some), truth
        )
    bayes = GaussianNB(var_smoothing=1e-2).fit(x, y)
    names = tuple(str(int(one)) for one in bayes.classes_)

    def answer(some: Values, truth: Values) -> LabelledRows:
        scores = bayes.predict_proba(some)
        rows = scored_rows(classes=names, predicted=scores.argmax(axis=1), scores=scores, features=some)
        return labelled_rows(rows, np.searchsorted(bayes.classes_, truth).astype(np.float64))

    return answer


def _split(n: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], ...]:
    order = rng.permutation(n)
    trained = round(TRAINED * n)
    return order[:trained], order[trained : (n + trained) // 2], order[(n + trained) // 2 :]


def _directions(
    table: Table,
    train: NDArray[np.intp],
    pool: NDArray[np.intp],
    held: LabelledRows,
    rng: np.random.Generator,
) -> Iterator[tuple[str, Values]]:
    mean, spread = table.x[train].mean(axis=0), table.x[train].std(axis=0)
    z = (table.x - mean) / np.where(spread > 0, spread, 1.0)
    if table.classes:
        yield "confidence", held.rows.confidence
    yield "component", z[pool] @ np.linalg.svd(z[train], full_matrices=False)[2][0]
    varied = np.flatnonzero(np.array([len(np.unique(column)) > 2 for column in table.x[train].T]))
    yield "column", z[pool, int(rng.choice(varied))]
