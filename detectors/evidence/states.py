"""What one window's decisions say for the next: open changes and where evidence counts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.score_set import CHANGES, Change, Vector

NO_WINDOW = -(2**62)
"""Window number that stands for none: before every other."""


@dataclass(frozen=True, slots=True)
class States:
    """State of every field and kind of change; all arrays have shape ``(F, 3)``, see ``CHANGES``.

    Attributes
    ----------
    open
        Whether a change is open: found and not yet gone.
    score
        Score that carries it; -1 for none.
    effect
        The largest effect at an alarm since it opened, in standard units.
    floor
        Number of the window that evidence counts from; ``NO_WINDOW`` for the first there is.
    change_start
        Number of the most likely first window of an open change; ``NO_WINDOW`` for none.
    """

    open: NDArray[np.bool_]
    score: NDArray[np.intp]
    effect: Vector
    floor: NDArray[np.int64]
    change_start: NDArray[np.int64]

    @classmethod
    def fresh(cls, fields: int) -> States:
        """Nothing is open and evidence counts from the first window there is."""
        shape = (fields, len(CHANGES))
        return cls(
            np.zeros(shape, dtype=bool),
            np.full(shape, -1, dtype=np.intp),
            np.zeros(shape),
            np.full(shape, NO_WINDOW, dtype=np.int64),
            np.full(shape, NO_WINDOW, dtype=np.int64),
        )

    def put(
        self,
        field: int,
        change: Change,
        *,
        open: bool,
        score: int,
        effect: float,
        floor: int = NO_WINDOW,
        change_start: int = NO_WINDOW,
    ) -> None:
        """Set one entry, as read back from a stored finding."""
        at = field, CHANGES.index(change)
        self.open[at], self.score[at], self.effect[at] = open and score >= 0, score, effect
        self.floor[at], self.change_start[at] = floor, change_start

    def copy(self) -> States:
        """States that can be changed without changing these."""
        return States(
            self.open.copy(),
            self.score.copy(),
            self.effect.copy(),
            self.floor.copy(),
            self.change_start.copy(),
        )

    def select(self, fields: NDArray[np.intp] | slice) -> States:
        """The states of some of the fields."""
        return States(
            self.open[fields],
            self.score[fields],
            self.effect[fields],
            self.floor[fields],
            self.change_start[fields],
        )
