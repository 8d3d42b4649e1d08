"""Examples of two versions side by side in the OpenAPI document; their words are the real ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from detectors.versions.parity_words import cost_in_words, parity_in_words
from detectors.versions.words import in_words
from driftline.readmodel.version_comparison import (
    Agreement,
    FailureDifference,
    LatencyRatio,
    RiskDifference,
    VersionComparison,
)
from driftline.readmodel.version_parity import CostGain, DifferingExample, OutputParity, VersionParity

_UNTIL = datetime(2026, 11, 23, 12, tzinfo=UTC)
_SINCE = _UNTIL - timedelta(days=2)
_LATENCY = LatencyRatio(
    quantile=0.95,
    champion_ms=18.2,
    champion_lower_ms=17.5,
    champion_upper_ms=18.9,
    challenger_ms=7.4,
    challenger_lower_ms=7.1,
    challenger_upper_ms=7.7,
    ratio=0.407,
    lower=0.376,
    upper=0.44,
    verdict="faster",
)
_COMPARED = VersionComparison(
    model="digits-ocr",
    champion="1",
    challenger="2",
    since=_SINCE,
    until=_UNTIL,
    segment="",
    metric="accuracy",
    margin=0.02,
    alpha=0.05,
    pairing="event",
    shared_share=1.0,
    verdict="not_worse",
    words=(),
    risk=RiskDifference(
        segment="",
        verdict="not_worse",
        champion=0.961,
        challenger=0.958,
        champion_labels=4200,
        challenger_labels=4200,
        difference=0.003,
        lower=-0.004,
        upper=0.0115,
        worse_e_value=0.01,
        not_worse_e_value=5210.0,
        better_e_value=0.2,
        needed_e_value=40.0,
        more_labels=None,
    ),
    segments=(),
    unusable=0,
    failures=FailureDifference(
        champion_rows=8100,
        challenger_rows=8097,
        champion=0.0004,
        challenger=0.0005,
        difference=0.0001,
        lower=-0.0021,
        upper=0.0024,
        verdict="undecided",
    ),
    latency=(_LATENCY,),
    agreement=Agreement(
        pairs=8097,
        differing=0.013,
        differing_lower=0.0091,
        differing_upper=0.0178,
        score_distance=0.004,
        score_distance_lower=0.0029,
        score_distance_upper=0.0063,
    ),
)
COMPARISON = _COMPARED.model_copy(update={"words": in_words(_COMPARED)})

_COST = CostGain(a_usd_per_1000=0.0091, b_usd_per_1000=0.0042, ratio=0.46, reason="")
_ALIKE = VersionParity(
    model="digits-ocr",
    a="2-fp32",
    b="2-int8",
    since=_SINCE,
    until=_UNTIL,
    pairing="event",
    required=0.99,
    verdict="pass",
    words=(),
    rows_a=8100,
    rows_b=8097,
    pairs=8097,
    sampled=1.0,
    only_a=3,
    only_b=0,
    only_a_examples=("c0ffee-17",),
    only_b_examples=(),
    outputs=(
        OutputParity(
            name="scores.confidence",
            kind="numeric",
            verdict="pass",
            words="99.8765% of 8,097 are within 0.01 [99.7727% to 99.9410%]: reaches the required 0.99",
            pairs=8097,
            agreeing=8087,
            share=0.998765,
            lower=0.997727,
            upper=0.99941,
            absolute_tolerance=0.01,
            relative_tolerance=0.0,
            max_absolute=0.031,
            mean_absolute=0.0009,
            p99_absolute=0.0082,
            max_relative=0.044,
            mean_relative=0.001,
            p99_relative=0.0094,
            not_finite_a=0,
            not_finite_b=0,
            worst=(DifferingExample(id="c0ffee-23", a="0.704", b="0.673", difference=0.031),),
        ),
    ),
    latency=(_LATENCY,),
    cost=_COST,
)
_TOLD = _ALIKE.model_copy(update={"words": parity_in_words(_ALIKE)})
PARITY = _TOLD.model_copy(update={"words": cost_in_words(_TOLD, _COST)})
