"""Rows with losses: columns that matter, columns that go along, and changes at chosen places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.multivariate.sampled_rows import slots_of
from detectors.performance.attribution import LossRows
from detectors.profiles.layout import QUANTILE_LEVELS, ColumnLayout, categorical_layout, numeric_layout

COUNTRIES = ("DE", "FR", "IT")
_LEARNED = np.random.default_rng(20_261_120).normal(size=5000)


def _numeric() -> ColumnLayout:
    quantiles = tuple(float(one) for one in np.quantile(_LEARNED, QUANTILE_LEVELS))
    return numeric_layout(float(_LEARNED.min()), float(_LEARNED.max()), quantiles, float(_LEARNED.std()))


LAYOUTS = {
    "amount": _numeric(),
    "age": _numeric(),
    "echo": _numeric(),
    "noise": _numeric(),
    "payment": categorical_layout(("card", "cash", "invoice"), (3000, 1500, 500), 3),
}
"""``echo`` follows ``amount`` (correlation 0.9); the others are independent."""


@dataclass(frozen=True)
class Injected:
    """What is different from the usual.

    Attributes
    ----------
    amount
        Shift of ``amount`` (its ``echo`` follows).
    country, region, everywhere
        Added to the probability of an error in Germany, where ``age`` is above 0.8, for all.
    germans
        Share of Germany; the rest goes to France and Italy alike.
    missing
        Share of rows without ``amount``, where the model errs half of the time.
    """

    amount: float = 0.0
    country: float = 0.0
    region: float = 0.0
    everywhere: float = 0.0
    germans: float = 0.5
    missing: float = 0.0


NOTHING = Injected()


def loss_rows(
    seed: int, n: int = 4000, injected: Injected = NOTHING, weights: NDArray[np.float64] | None = None
) -> LossRows:
    """Errors (0 or 1) whose probability rises with ``amount`` and in Italy."""
    rng = np.random.default_rng(seed)
    value = rng.normal(size=n) + injected.amount
    age, noise = rng.normal(size=n), rng.normal(size=n)
    echo = 0.9 * value + np.sqrt(1 - 0.81) * rng.normal(size=n)
    german = injected.germans
    where = rng.choice(COUNTRIES, n, p=[german, (1 - german) / 2, (1 - german) / 2])
    payment = rng.choice(["card", "cash", "invoice"], n, p=[0.6, 0.3, 0.1])
    p = 0.05 + 0.15 / (1 + np.exp(-2 * (value - 1))) + 0.05 * (where == "IT")
    p += injected.country * (where == "DE") + injected.region * (age > 0.8) + injected.everywhere
    gone = rng.random(n) < injected.missing
    p = np.where(gone, 0.5, p)
    value = np.where(gone, np.nan, value)
    return LossRows(
        losses=(rng.random(n) < p).astype(np.float64),
        weights=np.ones(n) if weights is None else weights,
        bins={
            "amount": slots_of(LAYOUTS["amount"], value),
            "age": slots_of(LAYOUTS["age"], age),
            "echo": slots_of(LAYOUTS["echo"], echo),
            "noise": slots_of(LAYOUTS["noise"], noise),
            "payment": slots_of(LAYOUTS["payment"], payment.tolist()),
        },
        layouts=LAYOUTS,
        segments={"country": where},
    )
