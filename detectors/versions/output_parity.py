"""One output of two variants, added up batch by batch in bounded memory."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from driftline.readmodel.version_parity import DifferingExample, OutputParity, ParityVerdict

EXAMPLES: Final = 5
_BIN: Final = 1.01
"""Ratio of neighbouring borders of the counts that quantiles are read from."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A value b agrees with a when ``|b - a| <= absolute + relative |a|``."""

    absolute: float = 0.0
    relative: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("absolute", self.absolute), ("relative", self.relative)):
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"the {name} tolerance is a number of at least 0, got {value!r}")


def exact_interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of Clopper and Pearson of a share; (0, 1) without trials.

    References
    ----------
    Clopper, C. J. and Pearson, E. S. (1934), The use of confidence or fiducial limits, Biometrika 26.

    >>> tuple(round(bound, 4) for bound in exact_interval(8, 10))
    (0.4439, 0.9748)
    >>> tuple(round(bound, 4) for bound in exact_interval(300, 300))
    (0.9878, 1.0)
    """
    beside = (1 - level) / 2
    lower = float(betaincinv(successes, trials - successes + 1, beside)) if successes else 0.0
    upper = float(betaincinv(successes + 1, trials - successes, 1 - beside)) if successes < trials else 1.0
    return lower, upper


def judged(lower: float, upper: float, required: float) -> ParityVerdict:
    """Whether a share is shown to reach ``required``, shown not to, or neither."""
    return "pass" if lower >= required else "fail" if upper < required else "undecided"


class _Differences:
    """Mean, maximum and 99% quantile of numbers of at least 0, in counts of a bin for every per cent."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._zeros = 0
        self._total = 0.0
        self._n = 0
        self._most = 0.0

    def add(self, values: NDArray[np.float64]) -> None:
        if not len(values):
            return
        positive = values[values > 0]
        self._n += len(values)
        self._zeros += len(values) - len(positive)
        self._total += float(values.sum())
        self._most = max(self._most, float(values.max()))
        if not len(positive):
            return
        bins, counts = np.unique(np.floor(np.log(positive) / math.log(_BIN)), return_counts=True)
        for at, count in zip(bins.astype(int).tolist(), counts.tolist(), strict=True):
            self._counts[at] = self._counts.get(at, 0) + count

    @property
    def maximum(self) -> float:
        return self._most if self._n else math.nan

    @property
    def mean(self) -> float:
        return self._total / self._n if self._n else math.nan

    def quantile(self, p: float) -> float:
        """Upper border of the bin that holds it: never too small, at most 1% too large."""
        if not self._n:
            return math.nan
        reached, wanted = self._zeros, math.ceil(p * self._n)
        if reached >= wanted:
            return 0.0
        for at in sorted(self._counts):
            reached += self._counts[at]
            if reached >= wanted:
                return min(float(_BIN ** (at + 1)), self._most)
        return self._most


class OutputComparison:
    """Compares one output of both variants; :meth:`add` as often as needed, then :meth:`result`.

    Parameters
    ----------
    tolerance
        Of numbers; categories agree when they are equal.
    required
        Share of inputs that has to agree, in (0, 1].
    """

    def __init__(
        self,
        name: str,
        kind: Literal["numeric", "categorical"],
        tolerance: Tolerance,
        required: float,
    ) -> None:
        self.name, self.kind = name, kind
        self._tolerance, self._required = tolerance, required
        self._pairs = self._agreeing = self._not_finite_a = self._not_finite_b = 0
        self._absolute, self._relative = _Differences(), _Differences()
        self._order = 0
        self._worst: list[tuple[float, int, DifferingExample]] = []

    def add(self, ids: Sequence[str], a: Sequence[object], b: Sequence[object]) -> None:
        """Values of the same inputs; what is missing is ``None`` (categories) or NaN (numbers)."""
        if self.kind == "numeric":
            self._add_numbers(ids, _numbers(a), _numbers(b))
        else:
            self._add_categories(ids, a, b)

    def result(self) -> OutputParity:
        """What the batches so far say."""
        lower, upper = exact_interval(self._agreeing, self._pairs) if self._pairs else (0.0, 1.0)
        verdict = judged(lower, upper, self._required)
        numeric = self.kind == "numeric"
        return OutputParity(
            name=self.name,
            kind=self.kind,
            verdict=verdict,
            words=self._words(verdict, lower, upper),
            pairs=self._pairs,
            agreeing=self._agreeing,
            share=self._agreeing / self._pairs if self._pairs else math.nan,
            lower=lower,
            upper=upper,
            absolute_tolerance=self._tolerance.absolute if numeric else math.nan,
            relative_tolerance=self._tolerance.relative if numeric else math.nan,
            max_absolute=self._absolute.maximum,
            mean_absolute=self._absolute.mean,
            p99_absolute=self._absolute.quantile(0.99),
            max_relative=self._relative.maximum,
            mean_relative=self._relative.mean,
            p99_relative=self._relative.quantile(0.99),
            not_finite_a=self._not_finite_a,
            not_finite_b=self._not_finite_b,
            worst=tuple(one for _, _, one in sorted(self._worst, key=lambda entry: (-entry[0], -entry[1]))),
        )

    def _add_numbers(self, ids: Sequence[str], a: NDArray[np.float64], b: NDArray[np.float64]) -> None:
        fine_a, fine_b = np.isfinite(a), np.isfinite(b)
        self._not_finite_a += int((~fine_a).sum())
        self._not_finite_b += int((~fine_b).sum())
        # Missing on both sides says nothing; the same infinity on both is an agreement.
        there = ~(np.isnan(a) & np.isnan(b))
        both = fine_a & fine_b
        with np.errstate(invalid="ignore", over="ignore"):
            apart = np.where(both, np.abs(b - a), np.where(a == b, 0.0, np.inf))
            near = apart <= self._tolerance.absolute + self._tolerance.relative * np.abs(
                np.where(fine_a, a, 0.0)
            )
        self._pairs += int(there.sum())
        self._agreeing += int((there & near).sum())
        finite = both & np.isfinite(apart)
        self._absolute.add(apart[finite])
        sized = finite & (a != 0)
        with np.errstate(over="ignore"):
            relative = apart[sized] / np.abs(a[sized])
        self._relative.add(relative[np.isfinite(relative)])
        for at in _largest(apart, there & (apart > 0)):
            self._remember(float(apart[at]), ids[at], f"{a[at]:.9g}", f"{b[at]:.9g}")

    def _add_categories(self, ids: Sequence[str], a: Sequence[object], b: Sequence[object]) -> None:
        for at, (x, y) in enumerate(zip(a, b, strict=True)):
            self._not_finite_a += x is None
            self._not_finite_b += y is None
            if x is None and y is None:
                continue
            self._pairs += 1
            self._agreeing += x == y
            if x != y:
                self._remember(math.inf, ids[at], _text(x), _text(y))

    def _remember(self, apart: float, name: str, a: str, b: str) -> None:
        # The first of equal ones stay: the counter makes later ones smaller.
        self._order -= 1
        example = DifferingExample(id=name, a=a, b=b, difference=apart)
        entry = (apart, self._order, example)
        if len(self._worst) < EXAMPLES:
            heapq.heappush(self._worst, entry)
        elif apart > self._worst[0][0]:
            heapq.heapreplace(self._worst, entry)

    def _words(self, verdict: ParityVerdict, lower: float, upper: float) -> str:
        if not self._pairs:
            return "no input has a value on either side"
        share = self._agreeing / self._pairs
        how = "equal" if self.kind == "categorical" else f"within {self._limit()}"
        said = f"{share:.4%} of {self._pairs:,} are {how} [{lower:.4%} to {upper:.4%}]"
        if verdict == "undecided":
            return f"{said}: too few to tell whether it reaches the required {self._required:.4g}"
        reached = "reaches" if verdict == "pass" else "misses"
        return f"{said}: {reached} the required {self._required:.4g}"

    def _limit(self) -> str:
        absolute, relative = self._tolerance.absolute, self._tolerance.relative
        if not relative:
            return f"{absolute:.3g}"
        return (
            f"{relative:.3g} of the value"
            if not absolute
            else f"{absolute:.3g} + {relative:.3g} of the value"
        )


def _numbers(values: Sequence[object]) -> NDArray[np.float64]:
    return np.array([math.nan if one is None else one for one in values], np.float64)


def _largest(apart: NDArray[np.float64], candidates: NDArray[np.bool_]) -> list[int]:
    """Positions of the largest few of the candidates, the largest first."""
    at = np.flatnonzero(candidates)
    return [int(one) for one in at[np.argsort(-apart[at], kind="stable")][:EXAMPLES]]


def _text(value: object) -> str:
    return "missing" if value is None else str(value)
