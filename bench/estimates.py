"""Quality estimated without labels against what labels say: ``python -m bench estimates``.

Simulated shifts in which an estimator's assumptions hold, and such in which they do not; then real data
bundled with scikit-learn and river, windows drawn unevenly along a feature. Seeds are fixed.

Bars: where an estimator's assumptions hold and something moved, its mean absolute error is at most half of
that of "assume unchanged"; its 95% interval covers the realised figure in 93% to 98% of windows.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from detectors.performance.estimates.estimate import Estimate
from detectors.performance.estimates.fitting import fit_estimators
from detectors.performance.estimates.reference import EstimatorReference
from detectors.performance.estimates.row_layout import RowLayout
from detectors.performance.estimates.rows import LabelledRows, labelled_rows, scored_rows
from driftline.contracts import Contract, parse_contract

Values = NDArray[np.float64]

RUNS, QUICK_RUNS = 120, 8
REFERENCE, WINDOW = 3_000, 1_000
SPLITS, QUICK_SPLITS = 20, 3
COVERAGE = (0.93, 0.98)

ESTIMATORS = ("cbpe", "pape", "dle", "atc", "bbse", "mlls")

CLASSIFIER = parse_contract(
    {
        "model": "bench",
        "fields": [{"name": "x", "kind": "numeric"}, {"name": "y", "role": "output", "kind": "categorical"}],
        "prediction": "y",
    }
)
REGRESSION = parse_contract(
    {
        "model": "bench",
        "fields": [{"name": "x", "kind": "numeric"}, {"name": "y", "role": "output", "kind": "numeric"}],
        "prediction": "y",
        "quality": {"task": "regression"},
    }
)


@dataclass
class Tally:
    """What an estimator said and what became of it."""

    errors: list[float] = field(default_factory=list)
    unchanged: list[float] = field(default_factory=list)
    covered: list[bool] = field(default_factory=list)
    warned: list[bool] = field(default_factory=list)

    def add(self, said: Estimate, realised: float) -> None:
        """One window."""
        self.warned.append(bool(said.warnings) or said.status != "ok")
        if said.status == "ok":
            self.errors.append(abs(said.value - realised))
            self.unchanged.append(abs(said.baseline_value - realised))
            self.covered.append(said.lower <= realised <= said.upper)

    def figures(self) -> dict[str, object]:
        """As they are printed."""
        if not self.errors:
            return {"windows": 0, "warned": float(np.mean(self.warned))}
        return {
            "windows": len(self.errors),
            "mae": round(float(np.mean(self.errors)), 4),
            "mae_unchanged": round(float(np.mean(self.unchanged)), 4),
            "coverage": round(float(np.mean(self.covered)), 3),
            "warned": round(float(np.mean(self.warned)), 3),
        }


def sampled(rng: np.random.Generator, n: int, kind: str) -> LabelledRows:
    """Rows of a binary classifier whose score is too sure of itself.

    ``score``: a shift of inputs, which the score sees whole. ``blind``: the shift is of an input that the
    model does not use, so that a score no longer means what it meant but P(truth | inputs) does. ``label``:
    other shares of classes. ``concept``: the relation of inputs and truth changed and nothing else.
    ``none``: the reference.
    """
    x = rng.normal(size=(4 * n if kind == "label" else n, 4))
    if kind == "score":
        x[:, 0] += 1.2
    if kind == "blind":
        x[:, 2] += 1.0
    eta = 1.5 * x[:, 0] - x[:, 1] + (x[:, 2] * x[:, 0] if _unseen(kind) else 0)
    if kind == "concept":
        eta = 0.5 * x[:, 0] + x[:, 1]
    truth = (rng.random(len(x)) < expit(eta)).astype(np.float64)
    if kind == "label":
        wanted = np.where(truth == 1, 0.1, 0.9)
        kept = rng.choice(len(x), n, replace=False, p=wanted / wanted.sum())
        x, truth = x[kept], truth[kept]
    score = expit(2.5 * x[:, 0] - 1.7 * x[:, 1] + 0.3)
    rows = scored_rows(classes=("no", "yes"), predicted=score >= 0.5, scores=score, features=x)
    return labelled_rows(rows, truth)


def _unseen(kind: str) -> bool:
    return kind in ("blind", "blind reference")


HOLDS: Mapping[str, tuple[str, ...]] = {
    "none": ESTIMATORS,
    "score": ("cbpe", "pape", "dle"),
    "blind": ("pape", "dle"),
    "label": ("bbse", "mlls"),
    "concept": (),
}
"""Which estimators' assumptions hold under a shift."""


def simulated(runs: int) -> Iterator[dict[str, object]]:
    """Every kind of shift, a fresh reference in each run."""
    for kind, holds in HOLDS.items():
        tallies = {name: Tally() for name in ESTIMATORS}
        for seed in range(runs):
            rng = np.random.default_rng((20_261, seed))
            reference = sampled(rng, REFERENCE, "blind reference" if kind == "blind" else "none")
            window = sampled(rng, WINDOW, kind)
            _judge(CLASSIFIER, reference, window, tallies)
        for name, tally in tallies.items():
            yield _line(f"simulated, {kind}", name, tally, holds=name in holds, moved=kind != "none")


def real(splits: int) -> Iterator[dict[str, object]]:
    """Bundled data: a third trains, a third is the reference, windows come from the last, unevenly drawn."""
    for title, (x, y, contract) in _data_sets().items():
        names = ESTIMATORS if contract is CLASSIFIER else ("dle",)
        tallies = {name: Tally() for name in names}
        for seed in range(splits):
            rng = np.random.default_rng((20_262, seed))
            order = rng.permutation(len(x))
            train, reference, pool = np.array_split(order, 3)
            answer = _model(x[train], y[train], contract is CLASSIFIER)
            known = answer(x[reference], y[reference])
            column = _uneven(x[train], y[train], rng)
            for direction in (-1.5, 1.5):
                z = (x[pool, column] - x[train, column].mean()) / max(float(x[train, column].std()), 1e-9)
                likely = np.exp(direction * np.clip(z, -2, 2))
                drawn = rng.choice(pool, len(pool) // 3, replace=False, p=likely / likely.sum())
                _judge(contract, known, answer(x[drawn], y[drawn]), tallies)
        for name, tally in tallies.items():
            yield _line(f"real, {title}", name, tally, holds=name in ("cbpe", "pape"), moved=True)


def run(*, quick: bool = False) -> Iterator[dict[str, object]]:
    """Simulations, then real data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield from simulated(QUICK_RUNS if quick else RUNS)
        yield from real(QUICK_SPLITS if quick else SPLITS)


def _judge(
    contract: Contract, reference: LabelledRows, window: LabelledRows, tallies: Mapping[str, Tally]
) -> None:
    quality = contract.quality_or_default()
    assert quality is not None
    layout = RowLayout(reference.rows.classes, (), (), ())
    fitted = fit_estimators(contract, quality, EstimatorReference(layout, reference))
    metric = "accuracy" if reference.rows.classes else "mae"
    realised = float(
        window.correct.mean() if metric == "accuracy" else np.abs(window.truth - window.rows.predicted).mean()
    )
    for said in fitted.estimate(window.rows):
        if said.metric == metric and not said.class_name and said.estimator in tallies:
            tallies[said.estimator].add(said, realised)


def _line(what: str, name: str, tally: Tally, *, holds: bool, moved: bool) -> dict[str, object]:
    found: dict[str, object] = {"bench": "estimates", "what": what, "estimator": name, "holds": holds}
    found.update(tally.figures())
    if holds and len(tally.errors) >= 30:
        halved = not moved or np.mean(tally.errors) <= np.mean(tally.unchanged) / 2
        share = float(np.mean(tally.covered))
        # The share itself is counted on few windows: two standard errors around the bar.
        luck = 2 * np.sqrt(0.95 * 0.05 / len(tally.covered))
        found["halved"] = bool(halved)
        found["covers"] = bool(COVERAGE[0] - luck <= share <= COVERAGE[1] + luck)
        found["met"] = bool(halved and found["covers"])
    return found


def _data_sets() -> dict[str, tuple[Values, Values, Contract]]:
    from river import datasets as streams
    from sklearn import datasets

    found: dict[str, tuple[Values, Values, Contract]] = {}
    for title in ("digits", "breast_cancer", "wine"):
        x, y = getattr(datasets, f"load_{title}")(return_X_y=True)
        found[title] = (np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), CLASSIFIER)
    phishing = list(streams.Phishing())
    table = np.array([list(row.values()) for row, _ in phishing], dtype=np.float64)
    found["Phishing"] = (table, np.array([float(y) for _, y in phishing]), CLASSIFIER)
    x, y = datasets.load_diabetes(return_X_y=True)
    found["diabetes"] = (np.asarray(x), np.asarray(y), REGRESSION)
    return found


def _model(x: Values, y: Values, classes: bool) -> Callable[[Values, Values], LabelledRows]:
    """A simple model of the training third, and what it answers."""
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


def _uneven(x: Values, y: Values, rng: np.random.Generator) -> int:
    """One of the five features of the largest spread, at random."""
    spread = x.std(axis=0) / (np.abs(x).mean(axis=0) + 1e-9)
    varied = np.flatnonzero(np.array([len(np.unique(column)) > 2 for column in x.T]))
    return int(rng.choice(varied[np.argsort(-spread[varied])][:5]))
