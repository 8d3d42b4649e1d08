"""What a back-test is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from service.replay.reference import Reference


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """A back-test of one file.

    Attributes
    ----------
    time_column
        Column that says when each row came.
    reference
        What its windows are compared with.
    weight_column
        Column with sampling weights; empty for none.
    segments
        Columns whose values are watched on their own as well.
    ids
        Columns that name rows and are not monitored.
    tolerances
        Tolerances to compare; empty for none.
    """

    file: Path
    time_column: str
    reference: Reference
    weight_column: str = ""
    segments: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    tolerances: tuple[float, ...] = ()
