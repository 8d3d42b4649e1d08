"""Statistics on count vectors: pure functions, one a file."""

from detectors.statistics.chi_square import ChiSquare, chi_square
from detectors.statistics.jensen_shannon import jensen_shannon
from detectors.statistics.kolmogorov_smirnov import kolmogorov_smirnov
from detectors.statistics.psi import psi
from detectors.statistics.registry import STATISTICS, Scale, Statistic
from detectors.statistics.wasserstein import wasserstein

__all__ = [
    "STATISTICS",
    "ChiSquare",
    "Scale",
    "Statistic",
    "chi_square",
    "jensen_shannon",
    "kolmogorov_smirnov",
    "psi",
    "wasserstein",
]
