"""Changes that are to be found, each in every field at once: a field is a trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from bench.simulation.fields import Field, Fields, complete_fields, eight_categories, many_categories
from bench.simulation.latent import CENTRES, MISSING_CELL, PER_SIGMA, UNSEEN_CELL, Cells, Latent

ChangeForm = Literal["shift", "scale", "missing", "unseen", "move", "move_largest"]


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    Attributes
    ----------
    size
        Standard deviations (shift), factor (scale) or share of the rows (others).
    ramp_windows
        Windows over which a shift grows to its size; 1 for a jump.
    within
        Windows within which it ought to be found.
    applies_to
        Kind of field that can change so; others are no trials.
    follow_windows
        Windows for which it is followed.
    fields
        Fields of the model; always 25.
    """

    name: str
    form: ChangeForm
    size: float
    within: int
    applies_to: Literal["numeric", "categorical"] = "numeric"
    ramp_windows: int = 1
    follow_windows: int = 48
    fields: Fields = complete_fields

    def move(self, rng: np.random.Generator, latent: Latent, since: NDArray[np.int64]) -> None:
        """Move latent rows in place; ``since`` counts windows from the change."""
        if self.form == "shift":
            sign = 1.0 if rng.random() < 0.5 else -1.0
            grown = np.minimum(1.0, (since + 1) / self.ramp_windows)
            latent += (sign * self.size * grown).astype(np.float32)
        elif self.form == "scale":
            latent *= np.float32(self.size)

    def replace(self, rng: np.random.Generator, spec: Field, cells: Cells) -> None:
        """Replace cells in place."""
        if self.form in ("missing", "unseen"):
            code = MISSING_CELL if self.form == "missing" else UNSEEN_CELL
            cells[rng.random(cells.size, dtype=np.float32) < self.size] = code
        elif self.form in ("move", "move_largest") and spec.kind == "categorical":
            source, target = self._pair(rng, spec)
            of_cell = spec.categories()
            share = self.size / float(_shares(spec)[source])
            leaving = (of_cell[np.minimum(cells, of_cell.size - 1)] == source) & (cells < of_cell.size)
            leaving &= rng.random(cells.size, dtype=np.float32) < share
            cells[leaving] = np.flatnonzero(of_cell == target)[0]

    def _pair(self, rng: np.random.Generator, spec: Field) -> tuple[int, int]:
        if self.form == "move_largest":
            return 0, 1
        shares = _shares(spec)
        source = int(rng.choice(np.flatnonzero(shares > self.size)))
        others = [int(i) for i in np.flatnonzero(shares > 0) if i != source]
        return source, int(rng.choice(others))


def _shares(spec: Field) -> NDArray[np.float64]:
    """Share of every category, from the latent line."""
    half = 0.5 / PER_SIGMA
    mass = ndtr(CENTRES + half) - ndtr(CENTRES - half)
    return np.asarray(np.bincount(spec.categories(), weights=mass), dtype=np.float64)


CHANGES = (
    Change("shift .1 sigma", "shift", 0.1, 12),
    Change("shift .2 sigma", "shift", 0.2, 3),
    Change("shift .5 sigma", "shift", 0.5, 1),
    Change("scale x 1.25", "scale", 1.25, 3),
    Change("missing 0 -> 2%", "missing", 0.02, 2),
    Change("unseen 2%", "unseen", 0.02, 2, "categorical", fields=eight_categories),
    Change("5 points, random pair of 8", "move", 0.05, 3, "categorical", fields=eight_categories),
    Change("5 points, 1st -> 2nd of 8", "move_largest", 0.05, 4, "categorical", fields=eight_categories),
    Change("5 points, random pair of 3 to 200", "move", 0.05, 3, "categorical", fields=many_categories),
    Change(
        "5 points, 1st -> 2nd of 3 to 200", "move_largest", 0.05, 4, "categorical", fields=many_categories
    ),
    Change("ramp .5 sigma over a week", "shift", 0.5, 168, ramp_windows=168, follow_windows=240),
    Change("ramp .5 sigma over a month", "shift", 0.5, 720, ramp_windows=720, follow_windows=720),
)
