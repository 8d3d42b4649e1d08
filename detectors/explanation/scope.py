"""Which stored events an explanation looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.readmodel.ranges import milliseconds


@dataclass(frozen=True, slots=True)
class EventScope:
    """Events of one version of a model in one window, all of them or those of a segment.

    Attributes
    ----------
    segment_slot
        Categorical slot of the segment field; -1 for all rows.
    """

    model: str
    version: str
    since: datetime
    until: datetime
    segment_slot: int = -1
    segment_value: str = ""

    @classmethod
    def of(cls, contract: Contract, finding: Mapping[str, Any], segment: str) -> Self:
        """The events that a finding is about; ``segment`` as ``field=value``."""
        slot, value = -1, ""
        if segment:
            name, _, value = segment.partition("=")
            column = contract.column(name)
            if column is None or column.kind != "categorical":
                raise InvalidInput(f"segment {segment!r} must be written field=value, with a segment field")
            slot = column.slot
        return cls(
            contract.model, finding["version"], finding["window_start"], finding["window_end"], slot, value
        )

    def parameters(self) -> dict[str, Any]:
        """The scope as query parameters."""
        return {
            "model": self.model,
            "version": self.version,
            "since_ms": milliseconds(self.since),
            "until_ms": milliseconds(self.until),
            "segment_slot": self.segment_slot,
            "segment_value": self.segment_value,
        }
