"""Which requests are kept, decided before their bodies are decoded."""

from __future__ import annotations

import random
from collections.abc import Mapping


class Sampler:
    """Independent (Bernoulli) sampling of requests at a rate per model.

    All rows of a kept request carry the weight 1 / rate, so that weighted counts are unbiased for the
    whole traffic (Horvitz and Thompson, 1952).

    Parameters
    ----------
    rate
        Probability in (0, 1] of models without one of their own.
    model_rates
        Probabilities of single models.
    seed
        Makes the draws repeatable.
    """

    def __init__(self, rate: float, model_rates: Mapping[str, float], seed: int | None = None) -> None:
        self._rate = rate
        self._model_rates = dict(model_rates)
        self._random = random.Random(seed)  # noqa: S311 - sampling, not cryptography

    def draw(self, model: str) -> float | None:
        """Weight of a request that is kept, or ``None`` when it is not.

        >>> Sampler(1.0, {}).draw("any")
        1.0
        """
        rate = self._model_rates.get(model, self._rate)
        return 1.0 / rate if rate >= 1.0 or self._random.random() < rate else None
