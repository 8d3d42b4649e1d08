"""A model's false-alarm budget as API and command line show it."""

from __future__ import annotations

from pydantic import Field

from driftline.readmodel.records import Figure, Record


class BudgetPart(Record):
    """One thing that false episodes are allotted to."""

    about: str
    count: int = Field(description="How many there are of it.")
    per_year: float = Field(description="Nominal false episodes a year of all of them together.")
    threshold: Figure = Field(description="Evidence that one of them asks for, in standard deviations.")
    undivided: Figure = Field(description="What it would ask for with the model's whole budget to itself.")
    cost: Figure = Field(
        description="Factor by which the smallest effect found in 95% of cases grows by the split."
    )


class Detectable(Record):
    """The smallest change that is found."""

    windows: int
    shift_sd: Figure = Field(
        description="Shift of a numeric field found in 95% of cases within so many windows, in baseline "
        "standard deviations, rows independent."
    )


class Budget(Record):
    """Where the false-alarm budget of one version of a model goes."""

    model: str
    version: str
    stated: str = Field(description="The owner's words: setting false_alarm_budget.")
    models: int = Field(description="Models that share it; 1 when it is stated per model.")
    per_year: float = Field(description="Nominal false episodes a year of this model.")
    parts: tuple[BudgetPart, ...]
    window_rows: float = Field(description="Effective rows of a usual window.")
    detectable: tuple[Detectable, ...]
