"""Metrics of ranked items: NDCG, average precision, reciprocal rank, recall, clicks, coverage, diversity."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.performance.metrics.figure import Measured
from detectors.performance.metrics.interval import Z, effective_size, quotient
from detectors.performance.metrics.means import MeanSums, mean_figure

Vector = NDArray[np.float64]

GAINS: Final = ("ndcg", "average_precision", "reciprocal_rank", "recall", "ctr")
"""Metrics that are a mean of single answers, in the order of :func:`gains_of_answer`."""


def gains_of_answer(
    ranked: Sequence[Hashable], relevant: Mapping[Any, float], k: int
) -> tuple[float, float, float, float, float]:
    """NDCG, average precision, reciprocal rank, recall and click of one answer, all at the first k items.

    With ``g_i`` the gain of the item in place i and R the number of relevant items (gain above 0):

    - ``NDCG@k = sum_i g_i / log2(i + 1)``, divided by the same of the best order.
    - ``AP@k = sum_i [g_i > 0] P(i) / R``, P(i) being the share of relevant items among the first i. R counts
      all relevant items, also when there are more than k (as trec_eval and ranx).
    - reciprocal rank: 1 / place of the first relevant item; recall@k: share of R among the first k.
    - click: 1 when any of the first k is relevant. Its mean is the click-through rate.

    An item that is listed again keeps its place but gains nothing there. Without a relevant item there is
    nothing to find: all are NaN but the click, which is 0.

    Source: Järvelin & Kekäläinen (2002), ACM TOIS 20, equations 1 to 3 (with the discount log2(i + 1) from
    the first place on); Manning, Raghavan & Schütze (2008), section 8.4.

    Examples
    --------
    >>> gains_of_answer(["a", "b", "c"], {"b": 1.0}, 3)
    (0.6309297535714575, 0.5, 0.5, 1.0, 1.0)
    """
    gains = {item: gain for item, gain in relevant.items() if gain > 0}
    if not gains:
        return (np.nan, np.nan, np.nan, np.nan, 0.0)
    seen: set[Hashable] = set()
    dcg = precision = first = found = 0.0
    for place, item in enumerate(ranked[:k], start=1):
        if item in seen or item not in gains:
            continue
        seen.add(item)
        found += 1
        dcg += gains[item] / np.log2(place + 1)
        precision += found / place
        first = first or 1 / place
    best = sorted(gains.values(), reverse=True)[:k]
    ideal = sum(gain / np.log2(place + 1) for place, gain in enumerate(best, start=1))
    return (float(dcg / ideal), precision / len(gains), first, found / len(gains), float(found > 0))


def ranking_metrics(sums: Mapping[str, MeanSums], left_out: Vector, without: Vector) -> list[Measured]:
    """Means of :func:`gains_of_answer` with Student's interval, cut to [0, 1].

    Parameters
    ----------
    sums
        Of every name of :data:`GAINS`.
    left_out
        Answers of every window that could not be read.
    without
        Answers without a relevant item: they count in the click-through rate only.
    """
    unread = [f"left out {n:.0f} answers that are no JSON array of items" if n else "" for n in left_out]
    lacking = [f"left out {n:.0f} answers without a relevant item" if n else "" for n in without]
    both = ["; ".join(filter(None, pair)) for pair in zip(unread, lacking, strict=True)]
    return [
        mean_figure(name, sums[name], lowest=0.0, highest=1.0, reasons=unread if name == "ctr" else both)
        for name in GAINS
    ]


@dataclass(frozen=True)
class ExposureSums:
    """How often items were shown among the first k, a value a window.

    Attributes
    ----------
    answers
        Answers that could be read.
    items
        Different items shown.
    unstable
        ``sum_items (-1)^(m + 1)`` with m the number of answers that show the item.
    e, e2, e3
        Sum of the items' weighted exposures, of their squares and of their cubes.
    w2
        ``sum w^2`` over all single exposures.
    """

    answers: Vector
    items: Vector
    unstable: Vector
    e: Vector
    e2: Vector
    e3: Vector
    w2: Vector

    @classmethod
    def of(cls, shown: Sequence[Sequence[Hashable]], weights: ArrayLike | None, k: int) -> ExposureSums:
        """Sums of one window from its answers; an item counts once an answer."""
        w = np.ones(len(shown)) if weights is None else np.asarray(weights, dtype=np.float64)
        count: dict[Hashable, int] = {}
        exposure: dict[Hashable, float] = {}
        squares = 0.0
        for items, weight in zip(shown, w.tolist(), strict=True):
            for item in set(items[:k]):
                count[item] = count.get(item, 0) + 1
                exposure[item] = exposure.get(item, 0.0) + weight
                squares += weight * weight
        e = np.array(list(exposure.values()), dtype=np.float64)
        odd = sum(1 if m % 2 else -1 for m in count.values())
        sums = (len(shown), len(count), odd, e.sum(), (e**2).sum(), (e**3).sum(), squares)
        return cls(*(np.array([each], dtype=np.float64) for each in sums))


def exposure_metrics(sums: ExposureSums, catalogue: ArrayLike) -> list[Measured]:
    """Catalogue coverage and diversity of what was shown.

    - coverage: different items shown / items there are. The interval is for the number that as many answers
      show: its variance is what as many again would add, by Good and Toulmin's alternating sum.
    - diversity: Gini-Simpson index ``1 - sum p^2`` of the items' shares p of the exposure: the chance that
      two exposures are of different items. Variance: ``4 (sum p^3 - (sum p^2)^2) / n`` on the effective
      number of exposures.

    Source: Good & Toulmin (1956), Biometrika 43, equation 23, with t = 1; Simpson (1949), Nature 163.

    Parameters
    ----------
    catalogue
        Items there are, one number or one a window.

    Examples
    --------
    >>> coverage, diversity = exposure_metrics(ExposureSums.of([["a", "b"], ["a", "b"]], None, 2), 4)
    >>> float(coverage.value[0]), float(diversity.value[0])
    (0.5, 0.5)
    """
    there = np.broadcast_to(np.asarray(catalogue, dtype=np.float64), sums.items.shape)
    coverage = np.where(sums.answers > 0, quotient(sums.items, there), np.nan)
    notes = [
        f"{shown:.0f} different items were shown of a catalogue of {size:.0f}" if shown > size else ""
        for shown, size in zip(sums.items.tolist(), there.tolist(), strict=True)
    ]
    half = Z * quotient(np.sqrt(np.maximum(sums.unstable, 0)), there)
    limits = (np.maximum(coverage - half, 0), np.minimum(coverage + half, np.maximum(coverage, 1)))
    effective = effective_size(sums.e, sums.w2)
    simpson, cubes = quotient(sums.e2, sums.e**2), quotient(sums.e3, sums.e**3)
    spread = Z * np.sqrt(np.maximum(quotient(4 * (cubes - simpson**2), effective), 0))
    diversity = 1 - simpson
    around = (np.maximum(diversity - spread, 0), np.minimum(diversity + spread, 1))
    return [
        Measured.of("coverage", coverage, limits, sums.answers, sums.answers, reasons=notes),
        Measured.of("diversity", diversity, around, sums.answers, effective),
    ]
