"""Statistics on count vectors: pure functions, one a file; those on rows are in ``samples``."""

from detectors.statistics.chi_square import ChiSquare, chi_square
from detectors.statistics.counts import CountPairs, Scale
from detectors.statistics.cramers_v import cramers_v
from detectors.statistics.estimate import Estimate, Estimates
from detectors.statistics.hellinger import hellinger
from detectors.statistics.jensen_shannon import jensen_shannon
from detectors.statistics.kolmogorov_smirnov import kolmogorov_smirnov, kolmogorov_smirnov_bounds
from detectors.statistics.kullback_leibler import kullback_leibler
from detectors.statistics.l_infinity import l_infinity
from detectors.statistics.likelihood_ratio import likelihood_ratio
from detectors.statistics.psi import psi
from detectors.statistics.rates import rate, rate_change
from detectors.statistics.registry import STATISTICS, Statistic
from detectors.statistics.total_variation import total_variation
from detectors.statistics.wasserstein import wasserstein
from detectors.statistics.weights import effective_size

__all__ = [
    "STATISTICS",
    "ChiSquare",
    "CountPairs",
    "Estimate",
    "Estimates",
    "Scale",
    "Statistic",
    "chi_square",
    "cramers_v",
    "effective_size",
    "hellinger",
    "jensen_shannon",
    "kolmogorov_smirnov",
    "kolmogorov_smirnov_bounds",
    "kullback_leibler",
    "l_infinity",
    "likelihood_ratio",
    "psi",
    "rate",
    "rate_change",
    "total_variation",
    "wasserstein",
]
