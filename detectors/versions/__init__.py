"""Two versions of a model side by side: which is better, and whether an optimised one still answers alike."""

from detectors.versions.comparison import ComparisonQuestion, compare_versions
from detectors.versions.output_parity import Tolerance
from detectors.versions.parity import ParityQuestion, parity_of_versions
from detectors.versions.parity_files import parity_of_files

__all__ = [
    "ComparisonQuestion",
    "ParityQuestion",
    "Tolerance",
    "compare_versions",
    "parity_of_files",
    "parity_of_versions",
]
