"""A window beside the labelled reference; what several estimators ask of the two is computed once."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from detectors.performance.estimates.assumptions import LabelShift, label_shift, support_warnings
from detectors.performance.estimates.density_ratio import DensityRatio, density_ratio
from detectors.performance.estimates.rows import LabelledRows, ScoredRows
from detectors.performance.estimates.usable_rows import Usable, usable_rows

SEED = 20_260


class Compared:
    """Reference and window.

    Parameters
    ----------
    reference
        Labelled rows that can be used.
    rows
        Of the window, as they came.
    """

    def __init__(self, reference: LabelledRows, rows: ScoredRows) -> None:
        self.reference = reference
        self.usable: Usable = usable_rows(rows)

    @property
    def rows(self) -> ScoredRows:
        """The rows of the window that can be used."""
        return self.usable.rows

    @cached_property
    def ratio(self) -> DensityRatio:
        """Density of the window's rows over the reference's."""
        return density_ratio(self.reference.rows, self.rows, np.random.default_rng(SEED))

    @cached_property
    def label_shift(self) -> LabelShift | None:
        """What the rows say about the shares of the classes; ``None`` for a regression."""
        return label_shift(self.reference, self.rows) if self.rows.classes else None

    @cached_property
    def support(self) -> tuple[str, ...]:
        """Warnings about rows such as the reference does not hold."""
        return support_warnings(self.reference.rows, self.rows)
