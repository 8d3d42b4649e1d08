"""The distances that every field is measured with, and what each of them promises.

A new one is a file in this folder and a line in ``STATISTICS``; the property tests then hold it to its
promises and every check, finding and page shows it. Those on rows instead of counts are in
:mod:`detectors.statistics.samples.registry`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from detectors.statistics.chi_square import chi_square_estimates, chi_square_values
from detectors.statistics.counts import CountPairs, Counts, Scale
from detectors.statistics.cramers_v import cramers_v_estimates, cramers_v_values
from detectors.statistics.estimate import Estimates, Vector
from detectors.statistics.hellinger import hellinger_estimates, hellinger_values
from detectors.statistics.jensen_shannon import jensen_shannon_estimates, jensen_shannon_values
from detectors.statistics.kolmogorov_smirnov import kolmogorov_smirnov_estimates, kolmogorov_smirnov_values
from detectors.statistics.kullback_leibler import kullback_leibler_estimates, kullback_leibler_values
from detectors.statistics.l_infinity import l_infinity_estimates, l_infinity_values
from detectors.statistics.likelihood_ratio import likelihood_ratio_estimates, likelihood_ratio_values
from detectors.statistics.psi import psi_estimates, psi_values
from detectors.statistics.total_variation import total_variation_estimates, total_variation_values
from detectors.statistics.wasserstein import wasserstein_estimates, wasserstein_values


class EstimateFields(Protocol):
    """Estimates of all fields; those that simulate also take ``seed``, with a fixed default."""

    def __call__(self, pairs: CountPairs, level: float = ..., power: float = ...) -> Estimates: ...


@dataclass(frozen=True, slots=True)
class Statistic:
    """One distance of current counts from a baseline's, 0 when the shares are the same.

    Attributes
    ----------
    values
        The distance of F fields at once, shape ``(F,)``.
    estimates
        The same with interval, minimum detectable effect and p-value; slower.
    ordered
        Looks at the order of bins, so it is for the values of numeric fields, without missing;
        otherwise it takes every slot and does not change when slots are permuted.
    needs_scale
        Measures in the field's unit: needs ``pairs.scale``, undefined for a constant baseline.
    symmetric
        Does not change when baseline and current are swapped.
    of_shares
        Depends on shares alone: not on the totals, and so not on a common factor of all weights.
    upper
        Largest value.
    """

    name: str
    values: Callable[[CountPairs], Vector]
    estimates: EstimateFields
    ordered: bool = False
    needs_scale: bool = False
    symmetric: bool = True
    of_shares: bool = True
    upper: float = math.inf

    def measure(self, baseline: Counts, current: Counts, scale: Scale) -> float:
        """The distance of one field, from counts of shape ``(B,)``."""
        return float(self.values(CountPairs.of(baseline, current, scale=scale))[0])


STATISTICS: Mapping[str, Statistic] = {
    statistic.name: statistic
    for statistic in (
        Statistic("psi", psi_values, psi_estimates, of_shares=False),
        Statistic("jensen_shannon", jensen_shannon_values, jensen_shannon_estimates, upper=1.0),
        Statistic(
            "kullback_leibler",
            kullback_leibler_values,
            kullback_leibler_estimates,
            symmetric=False,
            of_shares=False,
        ),
        Statistic("hellinger", hellinger_values, hellinger_estimates, upper=1.0),
        Statistic("total_variation", total_variation_values, total_variation_estimates, upper=1.0),
        Statistic("l_infinity", l_infinity_values, l_infinity_estimates, upper=1.0),
        Statistic("chi_square", chi_square_values, chi_square_estimates, of_shares=False),
        Statistic("likelihood_ratio", likelihood_ratio_values, likelihood_ratio_estimates, of_shares=False),
        Statistic("cramers_v", cramers_v_values, cramers_v_estimates, of_shares=False, upper=1.0),
        Statistic(
            "kolmogorov_smirnov",
            kolmogorov_smirnov_values,
            kolmogorov_smirnov_estimates,
            ordered=True,
            upper=1.0,
        ),
        Statistic("wasserstein", wasserstein_values, wasserstein_estimates, ordered=True, needs_scale=True),
    )
}
