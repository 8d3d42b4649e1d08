"""Labels in a file: one a row, or the truth and several figures side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from detectors.files.table import open_table
from driftline.contracts import ColumnKind
from driftline.errors import ContractMismatch, InvalidInput
from driftline.events import Label


@dataclass(frozen=True, slots=True)
class LabelColumns:
    """Which column of a file holds what; empty: there is none.

    Attributes
    ----------
    label
        The truth, or with ``name`` whatever the row is about.
    name
        What the row's label is: empty text for the truth, else the name of a figure.
    figures
        Column of each figure, by its name.
    """

    event_id: str = "event_id"
    label: str = "label"
    name: str = ""
    labelled_at: str = ""
    propensity: str = ""
    figures: Mapping[str, str] = field(default_factory=dict)

    def all(self) -> list[str]:
        """Every column that is named."""
        named = [self.event_id, self.label, self.name, self.labelled_at, self.propensity]
        return [column for column in [*named, *self.figures.values()] if column]


def labels_of_file(path: Path, columns: LabelColumns) -> Iterator[tuple[list[Label], int]]:
    """Batches of labels, each with the number of rows that have no event id or no label at all.

    Raises
    ------
    ContractMismatch
        The file lacks a column that is named.
    InvalidInput
        A time cannot be read; the message says which.
    """
    table = open_table(path)
    for needed in columns.all():
        if table.column(needed) is None:
            raise ContractMismatch(
                f"{path} has no column {needed!r}; it has {', '.join(c.name for c in table.columns[:20])}"
            )
    kinds: dict[str, ColumnKind] = dict.fromkeys(columns.all(), "categorical")
    if columns.propensity:
        kinds[columns.propensity] = "numeric"
    now = datetime.now(UTC)
    answers = [(columns.label, "")] if columns.label else []
    answers += [(column, name) for name, column in columns.figures.items()]
    for batch in table.batches(kinds):
        labels: list[Label] = []
        skipped = 0
        for row, event_id in enumerate(batch[columns.event_id]):
            found = [] if event_id is None else [pair for pair in answers if batch[pair[0]][row] is not None]
            skipped += not found
            for column, name in found:
                labels.append(
                    Label(
                        event_id=str(event_id),
                        label=str(batch[column][row]),
                        labelled_at=_moment(batch[columns.labelled_at][row], now, path)
                        if columns.labelled_at
                        else now,
                        name=str(batch[columns.name][row] or "") if columns.name and not name else name,
                        propensity=_propensity(batch[columns.propensity][row]) if columns.propensity else 1.0,
                        source=path.name,
                    )
                )
        yield labels, skipped


def _moment(value: object, now: datetime, path: Path) -> datetime:
    if value is None:
        return now
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidInput(
            f"{path}: {value!r} is no time a label could have been found at; write 2026-01-31T12:00:00Z"
        ) from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _propensity(value: object) -> float:
    """NaN where there is none, so that the label is refused and not taken for one of many."""
    return math.nan if value is None else float(str(value))
