"""Directed scores of many fields at once: the directions of change that evidence is collected for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detectors.profiles.layout import MISSING_AT, OTHER_GROUPS, TOP_CATEGORIES, ColumnLayout

Vector = NDArray[np.float64]

Change = Literal["distribution", "missing", "unseen"]
CHANGES: tuple[Change, ...] = ("distribution", "missing", "unseen")
"""What changes in a field; findings of their own. The order is that of every array over changes."""

DISTRIBUTION, MISSING, UNSEEN = range(3)

OCTILES = 8
LEAST_KURTOSIS = 1e-3
NUMERIC_NAMES = (
    "missing", "location", "below range", "above range", "middle half",
    *(f"octile {i + 1}" for i in range(OCTILES)),
)  # fmt: skip
PAIRED = 4
"""Contrasts are laid between so many of the largest categories."""

PAIRS = tuple((a, b) for a in range(PAIRED) for b in range(a + 1, PAIRED))
CATEGORICAL_SCORES = 2 + len(PAIRS) + TOP_CATEGORIES + OTHER_GROUPS


@dataclass(frozen=True, slots=True)
class ScoreSet:
    """The scores of F fields of one kind, S each; every score is linear in the counts of a window.

    The first score is always the share of missing among all rows; all others are means over the rows that
    have a value, so that values that go missing do not look like a change of those that stay.

    Attributes
    ----------
    layouts
        Of every field, F of them.
    weights
        Value of a row in each aligned slot, shape ``(F, S, WIDTH)``: 0 or 1 for a share, standardised to
        mean 0 and variance 1 under the baseline for a location or a contrast.
    base
        Mean of every score under the baseline, shape ``(F, S)``.
    variance
        Variance of one row, above 0 where a score is live, shape ``(F, S)``.
    kurtosis
        Excess kurtosis of one row, above 0, shape ``(F, S)``: a mean over fewer rows than that is no normal
        one; ``1 / min(p, 1 - p)`` for a share.
    budget
        Part of the field's false-alarm budget, summing to 1 over its scores, shape ``(F, S)``; 0: the
        score does not exist in this field.
    rows
        Effective rows of the baseline, shape ``(F,)``.
    shares
        Baseline shares of the slots among rows with a value, shape ``(F, WIDTH)``.
    is_share
        Whether a score is a share (else a standardised mean), shape ``(S,)``.
    change
        Index into :data:`CHANGES` of every score, shape ``(S,)``.
    pairs
        Slots that each contrast compares, shape ``(F, P, 2)``; P is 0 for numeric fields.
    problems
        Why a field has no scores, by its index; the others are not touched by it.
    """

    kind: Literal["numeric", "categorical"]
    layouts: tuple[ColumnLayout, ...]
    weights: NDArray[np.float32]
    base: Vector
    variance: Vector
    kurtosis: Vector
    budget: Vector
    rows: Vector
    shares: Vector
    is_share: NDArray[np.bool_]
    change: NDArray[np.intp]
    pairs: NDArray[np.intp]
    problems: dict[int, str]

    @property
    def fields(self) -> int:
        """Number of fields, F."""
        return int(self.base.shape[0])

    @property
    def size(self) -> int:
        """Number of scores a field, S."""
        return int(self.base.shape[1])

    @property
    def live(self) -> NDArray[np.bool_]:
        """Scores that exist, shape ``(F, S)``."""
        return np.asarray(self.budget > 0)

    def names(self, field: int) -> tuple[str, ...]:
        """What every score of a field measures, as people read it; S of them."""
        if self.kind == "numeric":
            return NUMERIC_NAMES
        layout = self.layouts[field]
        labels = layout.labels()
        inner = [*labels[: layout.slots - 2], *[""] * (TOP_CATEGORIES + OTHER_GROUPS)]
        pairs = [
            f"{inner[a]} against {inner[b]}" if self.budget[field, 2 + p] > 0 else ""
            for p, (a, b) in enumerate(self.pairs[field])
        ]
        return ("(missing)", "(unseen)", *pairs, *inner[: TOP_CATEGORIES + OTHER_GROUPS])

    def index(self, field: int, name: str) -> int | None:
        """Where a field has the score of this name, or ``None``."""
        names = self.names(field)
        return names.index(name) if name in names else None

    def select(self, fields: NDArray[np.intp] | slice) -> ScoreSet:
        """The scores of some of the fields."""
        chosen = np.arange(self.fields)[fields]
        return ScoreSet(
            kind=self.kind,
            layouts=tuple(self.layouts[f] for f in chosen),
            weights=self.weights[chosen],
            base=self.base[chosen],
            variance=self.variance[chosen],
            kurtosis=self.kurtosis[chosen],
            budget=self.budget[chosen],
            rows=self.rows[chosen],
            shares=self.shares[chosen],
            is_share=self.is_share,
            change=self.change,
            pairs=self.pairs[chosen],
            problems={at: self.problems[f] for at, f in enumerate(chosen.tolist()) if f in self.problems},
        )

    @classmethod
    def joined(cls, sets: Sequence[ScoreSet]) -> ScoreSet:
        """The fields of several sets of one kind, one after another.

        Raises
        ------
        ValueError
            None, or of different kinds.
        """
        if len({one.kind for one in sets}) != 1:
            raise ValueError("a score set holds fields of one kind")
        problems: dict[int, str] = {}
        start = 0
        for one in sets:
            problems |= {start + field: why for field, why in one.problems.items()}
            start += one.fields
        return cls(
            kind=sets[0].kind,
            layouts=tuple(chain.from_iterable(one.layouts for one in sets)),
            **{name: np.concatenate([getattr(one, name) for one in sets]) for name in _BY_FIELD},
            is_share=sets[0].is_share,
            change=sets[0].change,
            problems=problems,
        )

    def measure(self, counts: Vector) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Score means of windows less the baseline's.

        Parameters
        ----------
        counts
            Aligned counts, shape ``(F, T, WIDTH)``.

        Returns
        -------
        means
            Shape ``(F, T, S)``; 0 where a window has no rows (with a value) or the score does not exist.
        usable
            Shape ``(F, T)``: the window's counts are finite, not negative and have mass.
        """
        counts = np.asarray(counts, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            usable: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(counts) & (counts >= 0), axis=-1)
        if not usable.all():
            counts = np.where(usable[..., None], counts, 0.0)
        missing = counts[..., MISSING_AT]
        present = counts[..., :MISSING_AT].sum(-1)
        total = present + missing
        usable = np.asarray(usable & (total > 0))
        sums = counts @ self.weights.transpose(0, 2, 1)
        some: NDArray[np.bool_] = np.asarray(present > 0)
        means = sums / np.where(some, present, 1.0)[..., None] - self.base[:, None, :]
        means[~some] = 0.0
        means[..., 0] = np.where(usable, missing / np.where(total > 0, total, 1.0) - self.base[:, None, 0], 0)
        means *= self.live[:, None, :]
        return means.astype(np.float32), usable


_BY_FIELD = ("weights", "base", "variance", "kurtosis", "budget", "rows", "shares", "pairs")


def excess_kurtosis(weights: Vector, shares: Vector, base: Vector, is_share: NDArray[np.bool_]) -> Vector:
    """Excess kurtosis of one row of every score, at least ``LEAST_KURTOSIS``, shape ``(F, S)``.

    Weights ``(F, S, WIDTH)`` with mean 0 and variance 1 under the shares ``(F, WIDTH)`` where they are no
    share's.
    """
    fourth = np.einsum("fsw,fw->fs", weights**4, shares) - 3
    rarer = np.maximum(np.minimum(base, 1 - base), 1e-15)
    return np.maximum(np.where(is_share, 1 / rarer, fourth), LEAST_KURTOSIS)


def smoothed(counts: Vector, rows: Vector, real: NDArray[np.bool_]) -> Vector:
    """Shares ``(c + .5/B) / (N + .5)`` over the B real slots, counts scaled to N rows; shape of counts."""
    scaled = counts * (rows / counts.sum(-1))[:, None]
    shares = (scaled + 0.5 / real.sum(-1)[:, None]) / (rows + 0.5)[:, None]
    return np.where(real, shares, 0.0)


def shares_as_scores(
    groups: Vector, real: NDArray[np.bool_], present: Vector
) -> tuple[Vector, Vector, Vector]:
    """Base, variance and liveness of shares of groups of slots, shape ``(F, G)`` each.

    A group that holds no slot or all of them says nothing.
    """
    base = np.einsum("fgw,fw->fg", groups, present)
    members = groups.sum(-1)
    live = (members > 0) & (members < real.sum(-1)[:, None])
    base = np.where(live, base, 0.0)
    return base, np.where(live, np.maximum(base * (1 - base), 1e-300), 1.0), live
