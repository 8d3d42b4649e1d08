"""Whether two variants of a model give the same answers, as the API, the command and the pages show it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftline.readmodel.records import Figure, Record
from driftline.readmodel.version_comparison import LatencyRatio

ParityVerdict = Literal["pass", "fail", "undecided"]


class DifferingExample(Record):
    """One input that both variants answered differently."""

    id: str
    a: str
    b: str
    difference: Figure = Field(description="Absolute; null for texts and for what is not finite.")


class OutputParity(Record):
    """One output of both variants, over the inputs that both answered."""

    name: str
    kind: Literal["numeric", "categorical"]
    verdict: ParityVerdict
    words: str
    pairs: int = Field(description="Inputs with a value on either side.")
    agreeing: int = Field(description="Equal, or within the tolerance.")
    share: Figure = Field(description="agreeing / pairs.")
    lower: float = Field(description="Exact 95% interval of the share (Clopper-Pearson).")
    upper: float
    absolute_tolerance: Figure
    relative_tolerance: Figure
    max_absolute: Figure
    mean_absolute: Figure
    p99_absolute: Figure = Field(description="99% quantile, to 1% of itself.")
    max_relative: Figure = Field(description="By the size of a's value, where that is not 0.")
    mean_relative: Figure
    p99_relative: Figure
    not_finite_a: int = Field(description="Values that are missing, NaN or infinite on this side.")
    not_finite_b: int
    worst: tuple[DifferingExample, ...]


class CostGain(Record):
    """What a thousand predictions of both variants cost."""

    a_usd_per_1000: Figure
    b_usd_per_1000: Figure
    ratio: Figure = Field(description="b by a; below 1 it is cheaper.")
    reason: str = Field(description="Why a figure is unknown; empty when none is.")


class VersionParity(Record):
    """A variant b next to the original a: do they agree, and what is gained."""

    model: str = Field(description="Empty for files.")
    a: str
    b: str
    since: datetime | None
    until: datetime | None
    pairing: Literal["event", "trace", "key", "file"]
    required: float = Field(description="Share of inputs that has to agree.")
    verdict: ParityVerdict
    words: tuple[str, ...]
    rows_a: int
    rows_b: int
    pairs: int = Field(description="Inputs that both answered and that were compared.")
    sampled: float = Field(description="Share of the inputs that was looked at, drawn by their hash.")
    only_a: int
    only_b: int
    only_a_examples: tuple[str, ...]
    only_b_examples: tuple[str, ...]
    outputs: tuple[OutputParity, ...]
    latency: tuple[LatencyRatio, ...]
    cost: CostGain | None
