"""How well the baseline's principal components rebuild rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detectors.multivariate.domain_classifier import alternating
from detectors.multivariate.normal_scores import Matrix

KEPT_VARIANCE = 0.65


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """Principal components of one half of the baseline's rows, and their errors on the other half.

    Attributes
    ----------
    centre
        Means of the columns, shape ``(d,)``.
    components
        Orthonormal columns, shape ``(d, k)``, k below d.
    mean, spread
        Of the error ``|z - P z|`` on rows that the components have not seen.
    squares
        Mean squared error of each column on those rows, shape ``(d,)``.
    rows
        Effective rows behind mean and spread.
    """

    centre: Matrix
    components: Matrix
    mean: float
    spread: float
    squares: Matrix
    rows: float

    @classmethod
    def of(cls, scores: Matrix, weights: Matrix) -> Reconstruction | None:
        """From normal scores in the order of time, shape ``(n, d)``; None if nothing is left to rebuild.

        Rows rebuilt by their own components would look too good, hence the halves. O(n d² + d³).
        """
        if scores.shape[1] < 2 or len(scores) < 16:
            return None
        early, late = alternating(len(scores))
        share = weights[early] / weights[early].sum()
        centre = share @ scores[early]
        centred = scores[early] - centre
        variances, vectors = np.linalg.eigh((centred * share[:, None]).T @ centred)
        if variances[-1] <= 0:
            return None
        carried = np.cumsum(variances[::-1]) / variances.sum()
        kept = min(int(np.searchsorted(carried, KEPT_VARIANCE)) + 1, scores.shape[1] - 1)
        components = np.ascontiguousarray(vectors[:, ::-1][:, :kept])
        rest = _rest(scores[late], centre, components)
        errors = np.sqrt(np.sum(rest**2, axis=1))
        share = weights[late] / weights[late].sum()
        mean = float(share @ errors)
        spread = float(np.sqrt(share @ (errors - mean) ** 2))
        if spread <= 1e-9 * max(1.0, mean):
            return None
        return cls(centre, components, mean, spread, share @ rest**2, 1 / float(share @ share))

    def rise(self, scores: Matrix, weights: Matrix) -> float:
        """Mean error of rows less the baseline's, in standard deviations of one row's error.

        References
        ----------
        Jackson, J. and Mudholkar, G. (1979). Control procedures for residuals associated with principal
        component analysis. Technometrics 21, eq. 2.3.
        """
        errors = np.sqrt(np.sum(_rest(scores, self.centre, self.components) ** 2, axis=1))
        return (float(weights @ errors / weights.sum()) - self.mean) / self.spread

    def contributions(self, scores: Matrix, weights: Matrix) -> Matrix:
        """Rise of each column's mean squared error, shape ``(d,)``."""
        rest = _rest(scores, self.centre, self.components)
        rises: Matrix = (weights / weights.sum()) @ rest**2 - self.squares
        return rises


def _rest(scores: Matrix, centre: Matrix, components: Matrix) -> Matrix:
    centred = scores - centre
    rest: Matrix = centred - (centred @ components) @ components.T
    return rest
