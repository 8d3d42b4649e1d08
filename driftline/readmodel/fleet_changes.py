"""Models of a fleet that changed, as API and command line show them."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from driftline.readmodel.records import Record


class ChangedModel(Record):
    """One model that changed, with the strongest evidence of its newest window."""

    model: str
    version: str
    window_start: datetime
    window_end: datetime
    p_value: float = Field(
        description="Chance of a field this far out in one window when nothing changed, over all fields."
    )
    e_value: float = Field(description="The same as an e-value: at most 1 on average when nothing changed.")
    field: str = Field(description="Field with the strongest evidence.")
    segment: str = Field(description="Rows it is about, as field=value; empty for all.")
    evidence: float = Field(description="Of that field, standardised deviation of the strongest scan.")
    threshold: float = Field(description="Evidence that its own false-alarm budget asks for.")


class FleetChanges(Record):
    """Which models changed in their newest window."""

    level: float = Field(description="Expected share of wrong ones among the listed models, at most.")
    models: tuple[ChangedModel, ...] = Field(description="Models that changed, strongest first.")
    judged: int = Field(description="Models whose newest window could be judged.")
    undecided: int = Field(description="Models whose newest window could not.")
    words: str = Field(description="How many of how many, and what is guaranteed.")
