"""What a column looked like in one window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Profile:
    """One column of a model in one window, counted over a layout.

    Attributes
    ----------
    counts
        Weighted counts over the layout's slots.
    rows
        Events in the window, unweighted.
    weight_sum, effective_rows
        Sum of weights w, and ``(sum w)^2 / sum w^2``.
    mean, std, minimum, maximum
        Weighted, in the column's unit; NaN for categorical columns or without values. An infinite value
        makes mean and std NaN and one end of the range infinite.
    """

    column: str
    version: str
    window_start: datetime
    counts: NDArray[np.float64]
    rows: int
    weight_sum: float
    effective_rows: float
    mean: float
    std: float
    minimum: float
    maximum: float
