"""How a column's values become a count vector: bins of a numeric column, slots of a categorical one.

Numeric columns: up to 31 ascending edges give up to 32 bins ``[edge, next edge)``, the first and last
unbounded; then one slot for missing. Edges are the baseline's minimum, equal-mass quantiles and
maximum, and beyond either end two more at one and four standard deviations: room for the tails, so
that out-of-range values are visible and how far out they are is roughly known.

Categorical columns: one slot for each of the baseline's most frequent categories, then, when there are
more, eight groups of *other* ones by a hash of their name, then *unseen* (not known to the baseline)
and *missing*. Groups by hash stay sensitive to a move among many rare categories, and unlike a choice
by frequency they cannot be lucky in the baseline.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from driftline.contracts import ColumnKind

MAX_EDGES = 31
BINS = MAX_EDGES + 1
MISSING_SLOT = BINS
NUMERIC_SLOTS = BINS + 1

WIDTH = NUMERIC_SLOTS
"""Length of every aligned count vector, whatever the column's kind."""

UNSEEN_AT = WIDTH - 2
"""Where an aligned vector of a categorical column holds *unseen*."""

MISSING_AT = WIDTH - 1
"""Where every aligned vector holds *missing*."""

TOP_CATEGORIES = 20
OTHER_GROUPS = 8
KNOWN_CATEGORIES = 1000

QUANTILE_LEVELS = tuple(i / 26 for i in range(1, 26))
"""25 inner quantiles; with both ends and two edges beyond each they make at most 31 edges."""

Region = Literal["below", "inside", "above"]


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """Bins of one column, fixed by a baseline.

    Attributes
    ----------
    edges
        Ascending bin edges in the column's unit (numeric), else empty.
    minimum, maximum
        Range of the baseline's finite values in the column's unit; NaN when there is none.
    categories
        Known categories, most frequent first (categorical), else empty.
    top
        How many of them have a slot of their own.
    complete
        Whether ``categories`` lists every value of the baseline; otherwise *unseen* cannot be told
        from *other* and stays empty.
    """

    kind: ColumnKind
    edges: tuple[float, ...] = ()
    minimum: float = math.nan
    maximum: float = math.nan
    categories: tuple[str, ...] = ()
    top: int = 0
    complete: bool = True

    @property
    def slots(self) -> int:
        """Length of the count vector."""
        if self.kind == "numeric":
            return len(self.edges) + 2
        return self.top + self.other_groups + 2

    @property
    def other_groups(self) -> int:
        """Slots for categories without one of their own."""
        return 0 if self.complete and self.top == len(self.categories) else OTHER_GROUPS

    def aligned_slots(self) -> NDArray[np.intp]:
        """Where each slot of the count vector lies in an aligned one.

        >>> ColumnLayout("categorical", categories=("a", "b"), top=2).aligned_slots().tolist()
        [0, 1, 31, 32]
        """
        places = np.arange(self.slots)
        places[-1] = MISSING_AT
        if self.kind == "categorical":
            places[-2] = UNSEEN_AT
        return places

    def aligned(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Count vectors of this layout with their slots where every column has them.

        Inner slots come first, *unseen* of a categorical column lies at ``UNSEEN_AT`` and *missing* at
        ``MISSING_AT``; what lies between is zero. A bin that is empty on both sides does not exist to any
        statistic, so columns of every kind can be stacked.

        Parameters
        ----------
        counts
            Weighted counts, shape ``(..., slots)``.

        Returns
        -------
        ndarray
            Shape ``(..., WIDTH)``.

        Raises
        ------
        ValueError
            The last axis is not as long as this layout.
        """
        counts = np.asarray(counts, dtype=np.float64)
        if counts.shape[-1:] != (self.slots,):
            raise ValueError(
                f"counts of shape {counts.shape} do not end in the {self.slots} slots of the layout"
            )
        wide = np.zeros((*counts.shape[:-1], WIDTH))
        wide[..., self.aligned_slots()] = counts
        return wide

    def compact(self, aligned: NDArray[np.float64]) -> NDArray[np.float64]:
        """The inverse of :meth:`aligned`: shape ``(..., WIDTH)`` to ``(..., slots)``.

        Raises
        ------
        ValueError
            The last axis is not ``WIDTH`` long.
        """
        aligned = np.asarray(aligned, dtype=np.float64)
        if aligned.shape[-1:] != (WIDTH,):
            raise ValueError(f"aligned counts of shape {aligned.shape} do not end in {WIDTH} slots")
        return aligned[..., self.aligned_slots()]

    def category_slots(self) -> list[int]:
        """Slot of every known category, in their order."""
        return [
            rank if rank < self.top else self.top + zlib.crc32(category.encode()) % OTHER_GROUPS
            for rank, category in enumerate(self.categories)
        ]

    def labels(self) -> tuple[str, ...]:
        """A name for every slot, as people read it."""
        if self.kind == "categorical":
            others = tuple(f"(other {group + 1})" for group in range(self.other_groups))
            return (*self.categories[: self.top], *others, "(unseen)", "(missing)")
        if not self.edges:
            return ("(any)", "(missing)")
        text = _distinct(self.edges)
        inner = [low if low == high else f"{low} – {high}" for low, high in pairwise(text)]
        return (f"< {text[0]}", *inner, f"≥ {text[-1]}", "(missing)")

    def regions(self) -> tuple[Region, ...]:
        """For every numeric bin (without missing) whether it lies below, inside or above the baseline."""
        bounds = [-math.inf, *self.edges, math.inf]
        return tuple(
            "below" if high <= self.minimum else "above" if low > self.maximum else "inside"
            for low, high in pairwise(bounds)
        )

    def positions(self) -> NDArray[np.float64]:
        """Where each numeric bin's mass is taken to lie: its middle, outermost bins their inner edge."""
        edges = np.array(self.edges, dtype=np.float64)
        if edges.size == 0:
            return np.zeros(1)
        middles = edges[:-1] + np.diff(edges) / 2
        return np.concatenate([edges[:1], middles, edges[-1:]])


def numeric_layout(minimum: float, maximum: float, quantiles: tuple[float, ...], std: float) -> ColumnLayout:
    """Edges for a column whose finite values have this range, these quantiles and standard deviation.

    A column without any finite value gets no edges: one bin for whatever comes, one for missing.
    """
    if not (math.isfinite(minimum) and math.isfinite(maximum)):
        return ColumnLayout("numeric")
    above = math.nextafter(maximum, math.inf)
    spread = std if math.isfinite(std) and std > 0 else 0.0
    candidates = [minimum, *(q for q in quantiles if minimum < q <= maximum), above]
    candidates += [minimum - spread, minimum - 4 * spread, above + spread, above + 4 * spread]
    edges = sorted({edge for edge in candidates if math.isfinite(edge)})
    return ColumnLayout("numeric", edges=tuple(edges[:MAX_EDGES]), minimum=minimum, maximum=maximum)


def categorical_layout(categories: tuple[str, ...], rows: tuple[int, ...], distinct: int) -> ColumnLayout:
    """Slots for categories ordered by frequency.

    Parameters
    ----------
    categories, rows
        Categories of the baseline, most frequent first, and the rows that hold each.
    distinct
        How many categories the baseline has in all.
    """
    known = categories[:KNOWN_CATEGORIES]
    top = len(known) if distinct <= TOP_CATEGORIES else _unbiased_top(rows)
    return ColumnLayout("categorical", categories=known, top=top, complete=distinct <= KNOWN_CATEGORIES)


def _unbiased_top(rows: tuple[int, ...]) -> int:
    """How many of many categories get a slot of their own.

    The most frequent ones are partly those that were lucky in the baseline, and fall back afterwards
    without anything having changed. Their summed luck, ``sum s_j phi((t - c_j) / s_j)`` with
    ``s_j = sqrt(c_j)`` and the cut t between the last one in and the first one out, has to stay below
    half the standard error of what is left over.
    """
    counts = np.array(rows, dtype=np.float64)
    spread = np.sqrt(counts)
    total = counts.sum()
    for top in range(min(TOP_CATEGORIES, counts.size - 1), 0, -1):
        cut = (counts[top - 1] + counts[top]) / 2
        luck = float(np.sum(spread * np.exp(-(((cut - counts) / spread) ** 2) / 2))) / math.sqrt(2 * math.pi)
        share = counts[:top].sum() / total
        if luck <= 0.5 * math.sqrt(total * share * (1 - share)):
            return top
    return 0


def _distinct(edges: tuple[float, ...]) -> list[str]:
    """Edges with as few digits as tell them apart; neighbouring floats (a constant) share a text.

    >>> _distinct((1.7e9, 1.7e9 + 60))
    ['1700000000', '1700000060']
    """
    apart = [high > math.nextafter(low, math.inf) for low, high in pairwise(edges)]
    text: list[str] = []
    for digits in range(6, 18):
        text = [_text(edge, digits) for edge in edges]
        if all(low != high for (low, high), needed in zip(pairwise(text), apart, strict=True) if needed):
            break
    return text


def _text(value: float, digits: int) -> str:
    short = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e+" in short and abs(value) < 1e15 else short
