"""Which fields and segments explain a change of the mean loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from detectors.performance.attribution.column_groups import ColumnGroups, column_groups
from detectors.performance.attribution.decomposition import Decomposition, Estimated, decomposed
from detectors.performance.attribution.result import (
    CauseKind,
    FieldLoss,
    LossAttribution,
    LossCause,
    Part,
    SegmentLoss,
)
from detectors.performance.attribution.rows import LossRows
from detectors.performance.attribution.words import attribution_in_words
from detectors.statistics.weights import effective_size

FEWEST_ROWS = 100
MOST_CAUSES = 5
LEAST_SHARE = 0.1
"""Smallest part of the change that is named."""

LEVEL = 0.05
"""Chance that anything is named by chance among all columns and regions, once the loss has changed."""

_Z = float(-ndtri(0.025))

Floats = NDArray[np.float64]


def explain_loss(reference: LossRows, current: LossRows, *, estimated: bool = False) -> LossAttribution:
    """Take the change of the mean loss apart over segments and columns, and name what explains it.

    Each column is taken apart exactly (:func:`decomposed`) into what its moved distribution explains and
    what changed at the same values; of the latter the region is looked for in which the loss changed beyond
    the change elsewhere. The largest part that is beyond chance (Bonferroni over all columns and regions) and
    at least a tenth of the change is named and taken off (reference rows are weighted to the current shares
    of a moved column, current losses of a changed region are lowered by its excess); what is left is
    looked through again, so that columns that only go along with a named one are not named too.

    Parameters
    ----------
    reference, current
        Rows with losses of the same kind, at least 100 effective a side.
    estimated
        Whether the losses are estimates: said in the words, and that the estimator's own error is not in the
        intervals.

    Notes
    -----
    What changed is described, not what caused it: a column may stand for another that is not measured. Rows
    are taken as independent.

    References
    ----------
    Kitagawa, E. (1955). JASA 50, 1168-1194. Weighting to current shares: DiNardo, J., Fortin, N. and
    Lemieux, T. (1996). Econometrica 64, section 3.
    """
    worth = tuple(effective_size(side.weights) if len(side) else 0.0 for side in (reference, current))
    if min(worth) < FEWEST_ROWS:
        return _nothing(reference, current, worth, estimated=estimated)
    columns = column_groups(reference, current)
    losses, weights = (reference.losses, current.losses), (reference.weights, current.weights)
    first = [decomposed(one, losses, weights) for one in columns]
    change = _change(losses, weights)
    causes = _causes(columns, first, losses, weights, change) if change.deviations > _Z else ()
    segments = [part for one in first if one.groups.segment for part in _segments(one)]
    fields = [_field(one) for one in first]
    found = LossAttribution(
        status="no_change" if change.deviations <= _Z else "explained" if causes else "unexplained",
        change=_part(change),
        before=reference.mean,
        now=current.mean,
        causes=causes,
        rest=_rest(change, causes),
        segments=tuple(sorted(segments, key=lambda one: -abs(one.mix.value + one.within.value))),
        fields=tuple(sorted(fields, key=_size, reverse=True)),
        rows_before=(len(reference), worth[0]),
        rows_now=(len(current), worth[1]),
        words=(),
    )
    return replace(found, words=attribution_in_words(found, estimated=estimated))


def _nothing(
    reference: LossRows, current: LossRows, worth: tuple[float, ...], *, estimated: bool
) -> LossAttribution:
    unknown = Part(np.nan, np.nan, np.nan)
    found = LossAttribution(
        status="insufficient_data",
        change=unknown,
        before=reference.mean if len(reference) else np.nan,
        now=current.mean if len(current) else np.nan,
        causes=(),
        rest=unknown,
        segments=(),
        fields=(),
        rows_before=(len(reference), worth[0]),
        rows_now=(len(current), worth[1]),
        words=(),
    )
    return replace(found, words=attribution_in_words(found, estimated=estimated))


def _change(losses: tuple[Floats, Floats], weights: tuple[Floats, Floats]) -> Estimated:
    means, variance = [], 0.0
    for loss, weight in zip(losses, weights, strict=True):
        share = weight / weight.sum()
        means.append(float(share @ loss))
        variance += float(((share * (loss - means[-1])) ** 2).sum())
    return Estimated(means[1] - means[0], float(np.sqrt(variance)))


def _part(one: Estimated) -> Part:
    return Part(one.value, one.value - _Z * one.error, one.value + _Z * one.error)


def _rest(change: Estimated, causes: Sequence[LossCause]) -> Part:
    parts = [((cause.part.upper - cause.part.lower) / (2 * _Z)) ** 2 for cause in causes]
    left = change.value - sum(cause.part.value for cause in causes)
    return _part(Estimated(left, float(np.sqrt(change.error**2 + sum(parts)))))


def _candidates(one: Decomposition) -> list[tuple[CauseKind, Estimated]]:
    found: list[tuple[CauseKind, Estimated]] = [("moved", one.moved)]
    if one.region is not None:
        found.append(("changed", one.region.excess))
    return found


def _causes(
    columns: Sequence[ColumnGroups],
    first: Sequence[Decomposition],
    losses: tuple[Floats, Floats],
    weights: tuple[Floats, Floats],
    change: Estimated,
) -> tuple[LossCause, ...]:
    """Step by step: name the largest part, take it off, look again."""
    looks = sum(1 + (one.region.regions if one.region else 0) for one in first)
    enough = float(-ndtri(LEVEL / (2 * max(1, looks))))
    direction = np.sign(change.value)
    found: list[tuple[Decomposition, LossCause]] = []
    left = change.value
    current = list(first)
    while len(found) < MOST_CAUSES and abs(left) >= LEAST_SHARE * abs(change.value):
        best = _largest(current, enough, float(direction), abs(left), LEAST_SHARE * abs(change.value))
        if best is None:
            break
        place, kind, part = best
        one = current[place]
        losses, weights = _taken_off(one, kind, losses, weights)
        after = [decomposed(groups, losses, weights) for groups in columns]
        alike = tuple(
            other.groups.column
            for number, other in enumerate(current)
            if number != place
            and _strength(other, enough) >= abs(part.value) / 2
            and _strength(after[number], enough) < LEAST_SHARE * abs(change.value)
        )
        found.append((one, _cause(one, kind, part, change.value, alike)))
        left -= part.value
        current = after
    return tuple(cause for _, cause in found)


def _largest(
    current: Sequence[Decomposition], enough: float, direction: float, left: float, least: float
) -> tuple[int, CauseKind, Estimated] | None:
    """Of the parts beyond chance that go the way of the change, the one that explains most of what is left.

    More than what is left explains no better: of such parts the one better proven counts.
    """
    best: tuple[int, CauseKind, Estimated] | None = None
    score = (0.0, 0.0)
    for place, one in enumerate(current):
        for kind, part in _candidates(one):
            if part.deviations < enough or part.value * direction < least:
                continue
            mine = (min(abs(part.value), left), part.deviations)
            if mine > score:
                best, score = (place, kind, part), mine
    return best


def _strength(one: Decomposition, enough: float) -> float:
    """Largest part of a column that is beyond chance."""
    return max((abs(part.value) for _, part in _candidates(one) if part.deviations >= enough), default=0.0)


def _taken_off(
    one: Decomposition, kind: CauseKind, losses: tuple[Floats, Floats], weights: tuple[Floats, Floats]
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Rows as if a cause had not been: its shares alike on both sides, or its region's excess gone."""
    groups = one.groups
    if kind == "moved":
        ratio = np.where(
            one.before.share > 0, one.now.share / np.where(one.before.share > 0, one.before.share, 1), 0
        )
        # A group that is gone keeps a trace of weight: weights stay above 0.
        return losses, (weights[0] * np.maximum(ratio[groups.before], 1e-9), weights[1])
    assert one.region is not None
    inside = (groups.now >= one.region.first) & (groups.now <= one.region.last)
    return (losses[0], losses[1] - inside * one.region.excess.value / one.region.share), weights


def _cause(
    one: Decomposition, kind: CauseKind, part: Estimated, change: float, alike: tuple[str, ...]
) -> LossCause:
    groups, region = one.groups, one.region
    label, before, now = "", float(one.before.share @ one.before.mean), float(one.now.share @ one.now.mean)
    inside = 1.0
    if kind == "changed" and region is not None:
        label, before, now = groups.region_label(region.first, region.last), region.before, region.now
        inside = region.share
        if not region.known:
            label += " (not in the reference)"
    name = (
        f"{groups.column}={groups.labels[region.first]}"
        if groups.segment and label and region
        else groups.column
    )
    return LossCause(
        name, groups.column, kind, label, _part(part), part.value / change, before, now, inside, alike
    )


def _segments(one: Decomposition) -> list[SegmentLoss]:
    p, q, a, b = one.before.share, one.now.share, one.before.mean, one.now.mean
    # Without rows on one side nothing changed within: its loss is that of the other side.
    a, b = np.where(p > 0, a, b), np.where(q > 0, b, a)
    overall = (p @ a + q @ b) / 2
    mix, within = (q - p) * ((a + b) / 2 - overall), (b - a) * (p + q) / 2
    n, m = one.before.effective.sum(), one.now.effective.sum()
    shares = p * (1 - p) / max(n, 1) + q * (1 - q) / max(m, 1)
    means = np.where((p > 0) & (q > 0), one.before.variance + one.now.variance, 0.0)
    mix_error = np.sqrt(shares * ((a + b) / 2 - overall) ** 2 + (q - p) ** 2 * means / 4)
    within_error = np.sqrt(means * ((p + q) / 2) ** 2 + (b - a) ** 2 * shares / 4)
    return [
        SegmentLoss(
            one.groups.column,
            label,
            float(p[at]),
            float(q[at]),
            float(a[at]) if p[at] > 0 else np.nan,
            float(b[at]) if q[at] > 0 else np.nan,
            _part(Estimated(float(mix[at]), float(mix_error[at]))),
            _part(Estimated(float(within[at]), float(within_error[at]))),
            float(one.before.effective[at]),
            float(one.now.effective[at]),
        )
        for at, label in enumerate(one.groups.labels)
    ]


def _field(one: Decomposition) -> FieldLoss:
    region = one.region
    return FieldLoss(
        one.groups.column,
        _part(one.moved),
        _part(one.within),
        one.groups.region_label(region.first, region.last) if region else "",
        _part(region.excess) if region else None,
        region.before if region else np.nan,
        region.now if region else np.nan,
        region.share if region else np.nan,
    )


def _size(one: FieldLoss) -> float:
    return max(abs(one.moved.value), abs(one.excess.value) if one.excess else 0.0)
