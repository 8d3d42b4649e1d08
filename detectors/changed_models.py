"""Which models of a fleet changed in their newest window, with the share of wrong ones among them held."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from detectors.budget import month
from detectors.evidence.budget import FIRST_LOOKS, SECONDS_PER_MONTH, looks_per_window
from detectors.evidence.e_values import e_bh, e_value, model_p_value
from driftline.errors import InvalidInput
from driftline.readmodel.fleet_changes import ChangedModel, FleetChanges
from driftline.readmodel.fleet_evidence import VersionEvidence

Vector = NDArray[np.float64]

DEFAULT_LEVEL = 0.1


def changed_models(evidence: Sequence[VersionEvidence], level: float = DEFAULT_LEVEL) -> FleetChanges:
    """Models whose newest window shows a change.

    A model's p-value is Bonferroni's over all scores of all its fields, segments and serving versions, each
    weighted by its share of the budget; its e-value goes into the procedure of Benjamini and Hochberg on
    e-values. Models that could not be judged are no hypotheses.

    Parameters
    ----------
    evidence
        Neighbouring entries of one model are its versions.
    level
        Expected share of models without a change among those listed, at most, in (0, 1).

    Raises
    ------
    InvalidInput
        The level is not between 0 and 1.
    """
    level = checked_level(level)
    groups = [list(versions) for _, versions in groupby(evidence, key=lambda one: one.model)]
    judged = [versions for versions in groups if any(len(one.fields) > 0 for one in versions)]
    p_values = np.array([_p_value(versions) for versions in judged])
    e_values = e_value(p_values)
    chosen = np.flatnonzero(e_bh(e_values, level)).tolist()
    found = [_changed(judged[at], float(p_values[at]), float(e_values[at])) for at in chosen]
    found.sort(key=lambda one: (-one.e_value, -one.evidence / one.threshold, one.model))
    return FleetChanges(
        level=level,
        models=tuple(found),
        judged=len(judged),
        undecided=len(groups) - len(judged),
        words=_in_words(len(found), len(judged), len(groups) - len(judged), level),
    )


def checked_level(level: float) -> float:
    """The level as it is given; :class:`InvalidInput` unless it lies between 0 and 1."""
    if not 0 < level < 1:
        raise InvalidInput(
            f"level must lie between 0 and 1, such as 0.1 for one wrong model in ten, got {level:g}"
        )
    return level


def month_alpha(threshold: ArrayLike, window_seconds: float) -> Vector:
    """Probability of a false alarm in a month at a threshold: the inverse of ``monitoring_threshold``.

    .. math:: \\alpha = 2 \\Phi(-h) (W m(h) + m_0)

    A stored finding has the threshold of its score, which so tells that score's share of the budget.

    Parameters
    ----------
    threshold
        In standard deviations, any shape.
    window_seconds
        Length of a window in seconds.

    Examples
    --------
    >>> from detectors.evidence.budget import monitoring_threshold
    >>> round(float(month_alpha(monitoring_threshold(2e-4, 3600), 3600)), 9)
    0.0002
    """
    h = np.asarray(threshold, dtype=np.float64)
    looks = np.vectorize(looks_per_window, otypes=[np.float64])(h)
    return np.asarray(2 * ndtr(-h) * (SECONDS_PER_MONTH / window_seconds * looks + FIRST_LOOKS))


def budget_shares(one: VersionEvidence) -> Vector:
    """Part of its version's budget that the score behind each finding has; they sum to at most 1."""
    if one.budget <= 0:
        return np.zeros(len(one.fields))
    seconds = (one.window_end - one.window_start).total_seconds()
    of_field = np.asarray(one.field_budgets, dtype=np.float64)
    alpha = np.minimum(month_alpha(one.thresholds, seconds), month(1.0) * of_field)
    return np.asarray(alpha / month(one.budget))


def _p_value(versions: Sequence[VersionEvidence]) -> float:
    """Of one model; its serving versions share it equally."""
    evidence = np.concatenate([np.asarray(one.evidence, dtype=np.float64) for one in versions])
    shares = np.concatenate([budget_shares(one) for one in versions]) / len(versions)
    return model_p_value(evidence, shares)


def _changed(versions: Sequence[VersionEvidence], p: float, e: float) -> ChangedModel:
    # Evidence beyond any doubt has one p-value, the least there is; then the largest evidence leads.
    _, _, one, at = min(
        (
            (model_p_value(one.evidence[at], share), -one.evidence[at], one, at)
            for one in versions
            for at, share in enumerate(budget_shares(one).tolist())
        ),
        key=lambda candidate: candidate[:2],
    )
    return ChangedModel(
        model=one.model,
        version=one.version,
        window_start=one.window_start,
        window_end=one.window_end,
        p_value=p,
        e_value=e,
        field=one.fields[at],
        segment=one.segments[at],
        evidence=one.evidence[at],
        threshold=one.thresholds[at],
    )


def _in_words(changed: int, judged: int, undecided: int, level: float) -> str:
    if judged == 0:
        return "no model has a window that could be judged"
    aside = f" ({undecided:,} more could not be judged)" if undecided else ""
    said = f"{changed:,} of {judged:,} model{'s' if judged > 1 else ''} changed in the newest window{aside}"
    if changed == 0:
        return said
    return (
        f"{said}; on average at most {100 * level:.3g}% of the models in such a list are there wrongly, "
        "whatever ties models together"
    )
