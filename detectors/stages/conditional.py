"""Whether a stage answers differently to the same inputs: its outputs given what went into it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from detectors.stages.balancing import balanced
from detectors.stages.basis import Values, basis
from detectors.stages.outcomes import Floats, Outcome

FEWEST_ROWS = 200
FEWEST_EFFECTIVE = 50.0
LEAST_OVERLAP = 0.3
MOST_IMBALANCE = 0.1

LEVEL = 0.01
"""Chance that an interval of any score of an unchanged stage misses 0."""

BLOCKS = 20
"""Stretches of time a side is cut into, so that neighbouring rows need not be independent."""

_RIDGE = 1e-3


@dataclass(frozen=True, slots=True)
class Effect:
    """How much one score of the outputs moved, in standard units of the reference.

    Attributes
    ----------
    column, what
        Output column and score: location, spread, missing, share of a category.
    given, lower, upper
        Change given the inputs with its interval, simultaneous over all scores of the stage.
    marginal
        Change without regard to the inputs.
    unit
        The standard unit, in that of the score.
    reference, current
        Residuals of the rows given the inputs, in standard units: what a change point is looked for in.
    """

    column: str
    what: str
    given: float
    lower: float
    upper: float
    marginal: float
    unit: float
    reference: Floats
    current: Floats

    @property
    def shown(self) -> float:
        """Size of the change that is shown: the end of its interval nearer to 0, negative when it holds 0."""
        return max(self.lower, -self.upper)


@dataclass(frozen=True, slots=True)
class ConditionalCheck:
    """The outputs of a stage given its inputs.

    Attributes
    ----------
    reason
        Why it says nothing; empty when it does.
    conditioned_on
        Input columns that were held.
    overlap
        Share of the current rows whose inputs lie where the reference has any.
    effective
        Rows that the reference is worth, weighted to look like the current rows.
    effects
        One a score, that with the strongest evidence first.
    kept
        Which of the current rows were compared, shape ``(m,)``.
    """

    reason: str
    conditioned_on: tuple[str, ...]
    overlap: float
    effective: float
    effects: tuple[Effect, ...]
    kept: NDArray[np.bool_]


def conditional_check(
    reference: Mapping[str, Values],
    current: Mapping[str, Values],
    outcomes: Sequence[Outcome],
    weights: tuple[Floats, Floats],
) -> ConditionalCheck:
    """Change of the outputs given the inputs.

    .. math:: \\delta = \\sum_j v_j (y_j - m(z_j)) - \\sum_i w_i (y_i - m(z_i))

    with current rows j, reference rows i, a linear model m of the reference in curves of the inputs, and
    weights w that give the reference the current means of these curves. It is 0 for a stage that answers as
    before when either the model holds or the density ratio of the inputs is log-linear in the curves.

    Parameters
    ----------
    reference, current
        Inputs by column, shapes ``(n,)`` and ``(m,)``, rows in the order of time. Without any column the
        change is the plain one.
    outcomes
        Scores of the same rows, at least one.
    weights
        Of the rows of both sides, above 0.

    Notes
    -----
    An input that no column measures is not held: when it changes, the stage seems to answer differently.
    Current rows outside the reference's range of an input are left out. The variance is the larger of that of
    independent rows and of 20 stretches of time.

    References
    ----------
    Hainmueller, J. (2012). Political Analysis 20, section 3 (weights). Zhao, Q. and Percival, D. (2017).
    Entropy balancing is doubly robust. Journal of Causal Inference 5, theorem 1.
    """
    base, now = weights
    kept = _inside(reference, current, now.size)
    overlap = float(now[kept].sum() / now.sum()) if now.size else 0.0
    checked = {name: values[kept] for name, values in current.items()}
    reason = _too_few(base.size, int(kept.sum()), overlap)
    if reason:
        return ConditionalCheck(reason, (), overlap, 0.0, (), kept)
    features, target_features, names = basis(reference, checked, (base.size, int(kept.sum())))
    share = now[kept] / now[kept].sum()
    balance = balanced(features, base, share @ target_features)
    if balance.effective < FEWEST_EFFECTIVE or balance.imbalance > MOST_IMBALANCE:
        return ConditionalCheck(
            "its inputs moved so far that too few reference traces look like the current ones "
            f"(worth {balance.effective:.0f} rows)",
            names,
            overlap,
            balance.effective,
            (),
            kept,
        )
    before = np.column_stack([one.reference / one.unit for one in outcomes])
    after = np.column_stack([one.current[kept] / one.unit for one in outcomes])
    marginal = share @ after - (base / base.sum()) @ before
    one, two = _residuals(features, target_features, base / base.sum(), before, after)
    located = [place for place, outcome in enumerate(outcomes) if outcome.what == "location"]
    wide = _residuals(
        features, target_features, base / base.sum(), np.abs(one[:, located]), np.abs(two[:, located])
    )
    labels = [(outcome.column, outcome.what) for outcome in outcomes]
    labels += [(outcomes[place].column, "spread") for place in located]
    units = [one.unit for one in outcomes] + [outcomes[place].unit for place in located]
    one, two = np.column_stack([one, wide[0]]), np.column_stack([two, wide[1]])
    spread_moved = share @ np.abs(_centred(after[:, located], before[:, located], base))
    spread_moved -= (base / base.sum()) @ np.abs(_centred(before[:, located], before[:, located], base))
    given = share @ two - balance.weights @ one
    error = np.sqrt(_variance(one, balance.weights) + _variance(two, share))
    reach = float(-ndtri(LEVEL / (2 * len(labels)))) * error
    effects = [
        Effect(
            *labels[place],
            given=float(given[place]),
            lower=float(given[place] - reach[place]),
            upper=float(given[place] + reach[place]),
            marginal=float(np.concatenate([marginal, spread_moved])[place]),
            unit=units[place],
            reference=one[:, place],
            current=two[:, place],
        )
        for place in range(len(labels))
    ]
    effects.sort(key=lambda effect: -effect.shown)
    return ConditionalCheck("", names, overlap, balance.effective, tuple(effects), kept)


def _too_few(reference: int, current: int, overlap: float) -> str:
    if min(reference, current) < FEWEST_ROWS:
        return f"{FEWEST_ROWS} comparable traces a side are needed, there are {reference:,} and {current:,}"
    if overlap < LEAST_OVERLAP:
        return f"only {overlap:.0%} of the current inputs lie where the reference has any"
    return ""


def _inside(reference: Mapping[str, Values], current: Mapping[str, Values], rows: int) -> NDArray[np.bool_]:
    """Current rows whose inputs lie in the reference's range and known categories."""
    inside = np.ones(rows, dtype=np.bool_)
    for name, values in current.items():
        known = reference[name]
        if values.dtype.kind == "f":
            numbers = known[~np.isnan(known.astype(np.float64))].astype(np.float64)
            low, high = (numbers.min(), numbers.max()) if numbers.size else (math.nan, math.nan)
            within = (values.astype(np.float64) >= low) & (values.astype(np.float64) <= high)
            gone = np.isnan(values.astype(np.float64))
            inside &= within | (gone & (numbers.size < known.size))
        else:
            inside &= np.isin(values, np.unique(known))
    return inside


def _residuals(
    features: Floats, target: Floats, base: Floats, before: Floats, after: Floats
) -> tuple[Floats, Floats]:
    """What a ridge regression on the reference's features leaves of the scores of both sides."""
    mean = base @ before
    scatter = (features * base[:, None]).T @ features + _RIDGE * np.eye(features.shape[1])
    slopes = np.linalg.solve(scatter, (features * base[:, None]).T @ (before - mean))
    return before - mean - features @ slopes, after - mean - target @ slopes


def _centred(values: Floats, reference: Floats, base: Floats) -> Floats:
    centred: Floats = values - (base / base.sum()) @ reference
    return centred


def _variance(residuals: Floats, weights: Floats) -> Floats:
    """Variance of the weighted means, shape ``(s,)``: rows on their own, or stretches of time."""
    pulls = weights[:, None] * (residuals - weights @ residuals)
    alone = (pulls**2).sum(axis=0)
    starts = np.linspace(0, len(weights), BLOCKS, endpoint=False).astype(np.intp)
    together = (np.add.reduceat(pulls, starts, axis=0) ** 2).sum(axis=0) * BLOCKS / (BLOCKS - 1)
    larger: Floats = np.maximum(alone, together)
    return larger
