"""Which inferences are kept, and with what weight.

Two looks at every request, so that most of the work is spared and the rare ones are still seen:

1. **Screen**, before a body is decoded: with probability ``s``.
2. **Keep**, row by row, when it is decoded and described: with probability ``k``.

A kept row carries the weight ``1 / (s k)``, the inverse of the probability with which it was included, so
that weighted counts and sums are unbiased for the whole traffic, whatever the rates did meanwhile (Horvitz
and Thompson, "A generalization of sampling without replacement from a finite universe", 1952: the
probabilities depend on the past and on the row itself, never on the draw).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from driftline.errors import InvalidInput

SCREEN_FACTOR = 10.0
"""How many times the wanted rate is decoded, to find rare classes in."""
LEAST_PROBABILITY = 1e-4
LEAST_PRESSURE_FACTOR = 1e-3
CLASS_MEMORY = 20_000.0
"""Rows over which the shares of a model's classes are remembered (exponential forgetting)."""
MOST_CLASSES = 1_000


@dataclass(frozen=True, slots=True)
class SamplingOptions:
    """How much is kept.

    Attributes
    ----------
    rate
        Share of the inferences in (0, 1] that is kept of models without a rate of their own.
    model_rates
        Rates of single models.
    by_trace
        Draw by the trace id where there is one, so that all stages of one request are kept or left
        together; models sampled at different rates keep nested sets.
    adaptive
        Keep every error, more of rare classes and more while an episode is open.
    rare_share
        A class rarer than this is kept as often as one of this share.
    episode_factor
        Factor on the rate while an episode of the model is open.
    """

    rate: float = 1.0
    model_rates: Mapping[str, float] = field(default_factory=dict)
    by_trace: bool = False
    adaptive: bool = True
    rare_share: float = 0.05
    episode_factor: float = 10.0

    def __post_init__(self) -> None:
        for name, rate in {"sample_rate": self.rate, **self.model_rates}.items():
            if not LEAST_PROBABILITY <= rate <= 1:
                raise InvalidInput(
                    f"sampling rate of {name} must be from {LEAST_PROBABILITY} to 1, got {rate!r}"
                )
        if not 0 <= self.rare_share < 1:
            raise InvalidInput(f"rare_share must be at least 0 and below 1, got {self.rare_share!r}")
        if not 1 <= self.episode_factor <= 1e6:
            raise InvalidInput(f"episode_factor must be at least 1, got {self.episode_factor!r}")


@dataclass(frozen=True, slots=True)
class Draw:
    """An exchange that passed the screen.

    Attributes
    ----------
    probability
        With which it passed, in (0, 1].
    position
        Where the trace id lies in [0, 1), below ``probability``; negative when chance decided.
    """

    probability: float
    position: float = -1.0


_ALL = Draw(1.0)


class Sampler:
    """Draws for all models of one worker; not safe to use from several threads.

    Parameters
    ----------
    options
        What to keep.
    seed
        Makes the draws repeatable.
    """

    def __init__(self, options: SamplingOptions, seed: int | None = None) -> None:
        self._options = options
        self._random = random.Random(seed)  # noqa: S311 - sampling, not cryptography
        self._shares: dict[str, ClassShares] = {}
        self.pressure_factor = 1.0
        """Factor on all rates under pressure, in (0, 1]; set by :class:`collector.pressure.Pressure`."""
        self.in_episode: frozenset[str] = frozenset()
        """Models with an open episode."""

    def rate(self, model: str) -> float:
        """Wanted inclusion probability of an ordinary inference of the model now."""
        rate = self._options.model_rates.get(model, self._options.rate)
        if self._options.adaptive and model in self.in_episode:
            rate = min(1.0, rate * self._options.episode_factor)
        return max(LEAST_PROBABILITY, rate * self.pressure_factor)

    def screen(self, model: str, trace_id: str, *, failed: bool) -> Draw | None:
        """First look: ``None`` when the request is left out before it is decoded.

        >>> Sampler(SamplingOptions()).screen("any", "", failed=False)
        Draw(probability=1.0, position=-1.0)
        """
        probability = self._screen_probability(model, failed=failed)
        if self._options.by_trace and trace_id:
            position = trace_position(trace_id)
            return Draw(probability, position) if position < probability else None
        if probability >= 1.0:
            return _ALL
        return Draw(probability) if self._random.random() < probability else None

    def keep(
        self, model: str, draws: Sequence[Draw], failed: Sequence[bool], classes: Sequence[str] | None
    ) -> NDArray[np.float64]:
        """Second look, at rows that are decoded.

        Parameters
        ----------
        draws
            The exchange's draw of each row.
        failed
            Whether the row's request failed.
        classes
            Predicted class of each row; ``None`` when the model has none.

        Returns
        -------
        ndarray of float
            Weight of each row, 0 for those that are left out.
        """
        screened = np.fromiter((draw.probability for draw in draws), np.float64, len(draws))
        base = self.rate(model)
        if base >= 1.0 and screened.min(initial=1.0) >= 1.0:
            return np.ones(len(draws))
        wanted = np.full(len(draws), base)
        if self._options.adaptive:
            if classes is not None and self._options.rare_share > 0.0:
                wanted *= self._rarity(model, classes, screened)
            wanted[np.fromiter(failed, np.bool_, len(draws))] = 1.0
        included = np.minimum(screened, wanted)
        positions = np.fromiter((draw.position for draw in draws), np.float64, len(draws))
        chances = np.fromiter((self._random.random() for _ in draws), np.float64, len(draws))
        # A trace's position is uniform below its screen; chance is uniform below 1.
        kept = np.where(positions >= 0.0, positions < included, chances * screened < included)
        return np.where(kept, 1.0 / included, 0.0)

    def _screen_probability(self, model: str, *, failed: bool) -> float:
        if not self._options.adaptive:
            return self.rate(model)
        if failed:
            # Errors are kept whole until the pressure is great: a storm of them must not overwhelm us.
            return min(1.0, SCREEN_FACTOR * self.pressure_factor)
        rate = self.rate(model)
        return min(1.0, rate * SCREEN_FACTOR) if self._options.rare_share > 0.0 else rate

    def _rarity(
        self, model: str, classes: Sequence[str], screened: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        shares = self._shares.setdefault(model, ClassShares())
        # The shares before these rows: a probability must not depend on what it is the probability of.
        factors = np.array([self._options.rare_share / shares.share(name) for name in classes])
        shares.add(classes, 1.0 / screened)
        return np.asarray(np.maximum(1.0, factors))


class ClassShares:
    """Shares of a model's classes over about the last ``CLASS_MEMORY`` inferences."""

    def __init__(self) -> None:
        self._counts: dict[str, float] = {}
        self._total = 0.0

    def share(self, name: str) -> float:
        """Estimated share; a class that was never seen counts as one inference of them."""
        return (self._counts.get(name, 0.0) + 1.0) / (self._total + 1.0)

    def add(self, classes: Sequence[str], weights: NDArray[np.float64]) -> None:
        """Count rows with their weights."""
        for name, weight in zip(classes, weights.tolist(), strict=True):
            if name in self._counts or len(self._counts) < MOST_CLASSES:
                self._counts[name] = self._counts.get(name, 0.0) + weight
            self._total += weight
        if self._total > CLASS_MEMORY:
            self._counts = {name: count / 2.0 for name, count in self._counts.items() if count > 0.5}
            self._total /= 2.0


def trace_position(trace_id: str) -> float:
    """Where a trace id lies in [0, 1): uniform over ids, the same in every process.

    >>> round(trace_position("4bf92f3577b34da6a3ce929d0e0e4736"), 6)
    0.70343
    """
    digest = blake2b(trace_id.encode("utf-8", "replace"), digest_size=8, person=b"driftline").digest()
    return (int.from_bytes(digest) >> 11) / 9007199254740992.0  # 53 bits: every value is a float
