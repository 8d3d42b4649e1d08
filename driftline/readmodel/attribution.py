"""What carries a model's drift, as API, command line and pages show it."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from driftline.readmodel.records import Record
from driftline.readmodel.windows import WindowStatus


class CarrierShare(Record):
    """What one field carries of a change."""

    name: str
    share: float = Field(description="From 0 to 1; those of one list add up to 1.")


class SegmentCarrier(CarrierShare):
    """What one segment carries of the change that is seen in segments, and which fields carry it there."""

    name: str = Field(description="As field=value.")
    fields: tuple[CarrierShare, ...]


class TogetherCarriers(Record):
    """A change of several fields at once."""

    about: str = Field(description="(inputs), (outputs) or a field of kind embedding.")
    change: str = Field(description="multivariate or correlation.")
    status: str
    carriers: tuple[CarrierShare, ...] = Field(description="Fields that carry most of it.")


class WindowAttribution(Record):
    """Which fields and segments carry the drift of one version in one window."""

    version: str
    window_start: datetime
    window_end: datetime
    status: WindowStatus
    words: str = Field(description="The same in words.")
    fields: tuple[CarrierShare, ...] = Field(
        description="Over all rows, largest first; empty while the window is ok or nothing exceeds noise."
    )
    segments: tuple[SegmentCarrier, ...] = Field(description="Largest first; empty without segments.")
    concentration: dict[str, float] = Field(
        description="By field: 0, everywhere alike, to 1, in one segment only; fields with segments only."
    )
    together: tuple[TogetherCarriers, ...] = Field(description="Changes of several fields at once.")
    schema_changes: tuple[str, ...] = Field(description="Fields that appeared or vanished.")


class ModelAttribution(Record):
    """What carries a model's drift, one window of each version."""

    model: str
    windows: tuple[WindowAttribution, ...] = Field(description="Newest first.")
