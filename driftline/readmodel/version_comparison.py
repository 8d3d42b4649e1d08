"""Two versions of a model side by side, as the API, the command and the pages show it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftline.readmodel.records import Figure, Record

ComparisonVerdict = Literal["better", "not_worse", "worse", "undecided"]


class RiskDifference(Record):
    """Mean loss of the challenger less that of the champion, on the same labelled traffic."""

    segment: str = Field(description="field=value; empty: all rows.")
    verdict: ComparisonVerdict
    champion: Figure = Field(description="The metric of the champion on the compared rows.")
    challenger: Figure
    champion_labels: int = Field(description="Compared rows; of pairs both are the number of pairs.")
    challenger_labels: int
    difference: Figure = Field(
        description="Additional mean loss of the challenger, in the metric's unit; above 0 it is worse."
    )
    lower: Figure = Field(description="Confidence sequence of the difference, valid at every look.")
    upper: Figure
    worse_e_value: Figure = Field(description="Evidence against 'worse by the margin at most'.")
    not_worse_e_value: Figure = Field(description="Evidence against 'worse by the margin at least'.")
    better_e_value: Figure = Field(description="Evidence against 'not better'.")
    needed_e_value: float = Field(description="What each of them needs to decide.")
    more_labels: Figure = Field(
        description="Labels a decision is expected to need from here, if they are like those so far; null "
        "when it is taken or not to be foretold."
    )


class FailureDifference(Record):
    """Shares of requests that failed, 0..1."""

    champion_rows: int
    challenger_rows: int
    champion: Figure
    challenger: Figure
    difference: Figure
    lower: float
    upper: float
    verdict: Literal["more", "fewer", "undecided"] = Field(description="What the challenger has.")


class LatencyRatio(Record):
    """A quantile of the latency of answers; unknown bounds are null."""

    quantile: float
    champion_ms: Figure
    champion_lower_ms: Figure
    champion_upper_ms: Figure
    challenger_ms: Figure
    challenger_lower_ms: Figure
    challenger_upper_ms: Figure
    ratio: Figure = Field(description="Challenger by champion; below 1 it is faster.")
    lower: Figure
    upper: Figure
    verdict: Literal["faster", "slower", "undecided"]


class Agreement(Record):
    """How far both versions answered the same requests alike."""

    pairs: int
    differing: Figure = Field(description="Share of requests with another prediction.")
    differing_lower: Figure
    differing_upper: Figure
    score_distance: Figure = Field(
        description="Mean distance of the scores: half the sum of absolute differences, 0..1."
    )
    score_distance_lower: Figure
    score_distance_upper: Figure


class VersionComparison(Record):
    """A challenger next to a champion; every interval holds at all looks at once."""

    model: str
    champion: str
    challenger: str
    since: datetime
    until: datetime
    segment: str = Field(description="field=value that was compared; empty: all rows.")
    metric: str = Field(description="Empty when the contract measures no quality.")
    margin: float = Field(description="Loss in the metric that is accepted, in its unit.")
    alpha: float = Field(description="Highest probability of ever giving a wrong verdict.")
    pairing: Literal["event", "trace", "key", "unpaired"] = Field(
        description="How answers to the same request found each other; unpaired: traffic was split."
    )
    shared_share: float = Field(
        description="Share of the challenger's newest answers to requests that the champion answered too."
    )
    verdict: ComparisonVerdict
    words: tuple[str, ...]
    risk: RiskDifference | None = Field(description="Null without labels.")
    segments: tuple[RiskDifference, ...] = Field(
        description="By value of each segment column, at a level that holds for all of them together."
    )
    unusable: int = Field(description="Labelled rows without a score or number to compute a loss from.")
    failures: FailureDifference
    latency: tuple[LatencyRatio, ...]
    agreement: Agreement | None = Field(description="Null without pairs.")
