"""The grid that all streams live on: a standard normal latent value, cut into cells.

Whatever a field's distribution, a row is first a standard normal number; the field's value is a monotone
function of it (see :mod:`bench.simulation.fields`). Cutting the latent line into 4,096 cells of 1/256
standard deviation turns binning, ranks and quantiles into table look-ups, exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Latent = NDArray[np.float32]
Cells = NDArray[np.int16]

CELLS = 4096
PER_SIGMA = 256
REACH = CELLS / PER_SIGMA / 2
"""The outermost cells hold everything beyond this many standard deviations."""

MISSING_CELL = CELLS
UNSEEN_CELL = CELLS + 1
CODES = CELLS + 2
"""Cells, then missing, then a category the baseline never saw."""

CENTRES: Vector = (np.arange(CELLS) + 0.5) / PER_SIGMA - REACH


def cells_of(latent: Latent) -> Cells:
    """Cell of every latent value; the values are used up."""
    latent *= PER_SIGMA
    latent += CELLS // 2
    np.clip(latent, 0, CELLS - 1, out=latent)
    return latent.astype(np.int16)
