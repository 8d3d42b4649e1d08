"""Statistics on bounded samples of rows, one a file."""

from detectors.statistics.samples.registry import SAMPLE_STATISTICS, SampleStatistic
from detectors.statistics.samples.sample import Sample

__all__ = ["SAMPLE_STATISTICS", "Sample", "SampleStatistic"]
