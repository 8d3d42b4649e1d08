"""Parameters of the online detectors by the average run length that they keep to.

Chosen from grids so that streams of that many independent observations (errors at rates of .02, .1 and .3,
normal scores) give at most one false alarm each on average, alarms starting the detector anew. Measured and
shown beside the library's defaults by ``python -m bench streams`` (seed 20,275); figures in docs/streams.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from driftline.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class AdwinParameters:
    """``delta``: confidence of one comparison of two parts of the window."""

    delta: float


@dataclass(frozen=True, slots=True)
class PageHinkleyParameters:
    """Threshold and slack, in standard deviations of the stream."""

    threshold: float
    delta: float = 0.1
    min_instances: int = 100


@dataclass(frozen=True, slots=True)
class DdmParameters:
    """Standard deviations above the lowest error rate, and observations before any comparison."""

    drift_threshold: float
    warm_start: int


@dataclass(frozen=True, slots=True)
class KswinParameters:
    """Level of one test of the newest ``stat_size`` values against as many older ones of the window."""

    alpha: float
    window_size: int = 400
    stat_size: int = 100


@dataclass(frozen=True, slots=True)
class RunLengthParameters:
    """What every detector takes at one average run length."""

    adwin: AdwinParameters
    page_hinkley: PageHinkleyParameters
    ddm: DdmParameters
    kswin: KswinParameters


BY_RUN_LENGTH: Mapping[int, RunLengthParameters] = {
    1_000: RunLengthParameters(
        AdwinParameters(0.9),
        PageHinkleyParameters(20.0),
        DdmParameters(3.0, 100),
        KswinParameters(5e-3),
    ),
    10_000: RunLengthParameters(
        AdwinParameters(0.2),
        PageHinkleyParameters(40.0),
        DdmParameters(3.0, 300),
        KswinParameters(2e-4),
    ),
    100_000: RunLengthParameters(
        AdwinParameters(0.03),
        PageHinkleyParameters(65.0),
        DdmParameters(4.0, 300),
        KswinParameters(4e-6),
    ),
    # KSWIN at this length is extrapolated: at 80 us a value in the bench it was not simulated to the end.
    1_000_000: RunLengthParameters(
        AdwinParameters(0.002),
        PageHinkleyParameters(95.0),
        DdmParameters(5.0, 300),
        KswinParameters(1e-7),
    ),
}


def parameters_for(false_alarm_every: int) -> RunLengthParameters:
    """Parameters of the smallest tabulated average run length that is not below the one asked for.

    Raises
    ------
    InvalidInput
        Less than 1, or more than is tabulated.

    Examples
    --------
    >>> parameters_for(50_000) is BY_RUN_LENGTH[100_000]
    True
    """
    longest = max(BY_RUN_LENGTH)
    if not 1 <= false_alarm_every <= longest:
        raise InvalidInput(
            f"one false alarm every {false_alarm_every:,} observations cannot be promised: "
            f"ask for 1 to {longest:,}"
        )
    return BY_RUN_LENGTH[min(length for length in BY_RUN_LENGTH if length >= false_alarm_every)]
