"""Statistics on rows, and what each of them promises."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from detectors.statistics.estimate import Estimate
from detectors.statistics.samples.anderson_darling import anderson_darling, anderson_darling_estimate
from detectors.statistics.samples.cramer_von_mises import cramer_von_mises, cramer_von_mises_estimate
from detectors.statistics.samples.domain_classifier import domain_classifier, domain_classifier_estimate
from detectors.statistics.samples.energy_distance import energy_distance, energy_distance_estimate
from detectors.statistics.samples.kolmogorov_smirnov import (
    kolmogorov_smirnov_sample,
    kolmogorov_smirnov_sample_estimate,
)
from detectors.statistics.samples.mann_whitney import mann_whitney, mann_whitney_estimate
from detectors.statistics.samples.maximum_mean_discrepancy import (
    maximum_mean_discrepancy,
    maximum_mean_discrepancy_estimate,
)
from detectors.statistics.samples.mean_distance import mean_distance, mean_distance_estimate
from detectors.statistics.samples.pca_reconstruction import pca_reconstruction, pca_reconstruction_estimate
from detectors.statistics.samples.projections import projected_distance, projected_distance_estimate
from detectors.statistics.samples.sample import Sample

Symmetry = Literal["symmetric", "mirrored", "none"]


class EstimateSamples(Protocol):
    """An estimate of two samples; those that draw also take ``seed``, with a fixed default."""

    def __call__(
        self, baseline: Sample, current: Sample, level: float = ..., power: float = ...
    ) -> Estimate: ...


@dataclass(frozen=True, slots=True)
class SampleStatistic:
    """A statistic of two samples of rows.

    Attributes
    ----------
    measure
        Its value.
    estimate
        The value with interval, minimum detectable effect and p-value.
    fields
        ``one``: rows of a single field; ``any`` number of fields; ``several``: at least two.
    unchanged
        Value on identical samples.
    lower, upper
        Smallest and largest value.
    symmetry
        On swapping the samples: ``symmetric`` stays, ``mirrored`` becomes ``2 unchanged - value``.
    monotone
        Unchanged by any increasing transformation of a field.
    affine
        Unchanged by one shift and positive factor for all fields.
    ordered_rows
        The order of rows changes the value (folds, pairs).
    weighted
        A row of weight 2 counts like two rows.
    fewest
        Rows needed on either side.
    constant_baseline
        Whether it is defined when all rows of the baseline are the same.
    """

    name: str
    measure: Callable[[Sample, Sample], float]
    estimate: EstimateSamples
    fields: Literal["one", "any", "several"] = "one"
    unchanged: float = 0.0
    lower: float = 0.0
    upper: float = math.inf
    symmetry: Symmetry = "symmetric"
    monotone: bool = False
    affine: bool = True
    ordered_rows: bool = False
    weighted: bool = True
    fewest: int = 2
    constant_baseline: bool = True


SAMPLE_STATISTICS: Mapping[str, SampleStatistic] = {
    statistic.name: statistic
    for statistic in (
        SampleStatistic(
            "kolmogorov_smirnov",
            kolmogorov_smirnov_sample,
            kolmogorov_smirnov_sample_estimate,
            upper=1.0,
            monotone=True,
        ),
        SampleStatistic("anderson_darling", anderson_darling, anderson_darling_estimate, monotone=True),
        SampleStatistic(
            "cramer_von_mises", cramer_von_mises, cramer_von_mises_estimate, upper=1.0, monotone=True
        ),
        SampleStatistic(
            "mann_whitney",
            mann_whitney,
            mann_whitney_estimate,
            unchanged=0.5,
            upper=1.0,
            symmetry="mirrored",
            monotone=True,
        ),
        SampleStatistic("energy_distance", energy_distance, energy_distance_estimate, affine=False),
        SampleStatistic(
            "maximum_mean_discrepancy",
            maximum_mean_discrepancy,
            maximum_mean_discrepancy_estimate,
            fields="any",
            upper=2**0.5,
        ),
        SampleStatistic(
            "domain_classifier",
            domain_classifier,
            domain_classifier_estimate,
            fields="any",
            unchanged=0.5,
            upper=1.0,
            symmetry="none",
            ordered_rows=True,
            weighted=False,
            fewest=10,
        ),
        SampleStatistic(
            "pca_reconstruction",
            pca_reconstruction,
            pca_reconstruction_estimate,
            fields="several",
            lower=-math.inf,
            symmetry="none",
            ordered_rows=True,
            weighted=False,
            fewest=8,
            constant_baseline=False,
        ),
        SampleStatistic(
            "mean_distance",
            mean_distance,
            mean_distance_estimate,
            fields="any",
            symmetry="none",
            constant_baseline=False,
        ),
        SampleStatistic(
            "projected_distance", projected_distance, projected_distance_estimate, fields="any", upper=1.0
        ),
    )
}
"""For embeddings: projected and mean distance, maximum mean discrepancy, domain classifier."""
