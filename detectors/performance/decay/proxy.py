"""Decay where labels are missing: the same detector on the calibrated probability of being wrong.

An estimator gives each event a probability of being wrong. Its mean over the stream is held against its own
mean over the reference. That says that the *estimated* error rose beyond what the reference allows: it does
not see errors that the probabilities do not know of (a changed relation of inputs and truth), and while the
probabilities are off by at most ``allowance`` on average, a rise of the proxy beyond the limit is one of the
error beyond the reference's too.

Source: Amoukou, S., Bewley, T., Mishra, S., Lecue, F., Magazzeni, D. and Veloso, M. (2024), Sequential
harmful shift detection without labels, NeurIPS, section 3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from detectors.performance.decay.moments import moments_of
from detectors.performance.decay.reference import RiskReference
from driftline.errors import InvalidInput


def proxy_reference(
    proxies: ArrayLike,
    alpha: float,
    tolerance: float,
    *,
    allowance: float = 0.0,
    weights: ArrayLike | None = None,
    weight_limit: float = 1.0,
) -> RiskReference:
    """Reference risk of an error proxy.

    Parameters
    ----------
    proxies
        Probability of being wrong of each reference row, in [0, 1], from a fit that has not seen the row.
    alpha
        Error of the upper bound: ``DecayBudget.alpha_reference``.
    tolerance
        Rise of the error that the owner accepts.
    allowance
        How far the mean of the proxies may be off: half the width of its calibration's interval.
    weights, weight_limit
        Of the rows, 1 each when absent.

    Raises
    ------
    InvalidInput
        No rows, or proxies outside [0, 1].
    """
    p = np.asarray(proxies, dtype=np.float64)
    if p.ndim != 1 or not bool(np.all((p >= 0) & (p <= 1))):
        raise InvalidInput("probabilities of being wrong lie between 0 and 1, one an event")
    if not allowance >= 0:
        raise InvalidInput(f"the allowance for calibration is not negative, got {allowance!r}")
    w = np.ones_like(p) if weights is None else np.asarray(weights, dtype=np.float64)
    return RiskReference.from_moments(
        moments_of(p, np.minimum(w, weight_limit) / weight_limit),
        1.0,
        alpha,
        tolerance + allowance,
        weight_limit=weight_limit,
    )
