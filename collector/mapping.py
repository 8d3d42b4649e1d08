"""From decoded tensors to the event arrays that a contract lays out, many inferences at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from collector.codecs.decoded import Inference, clean_text
from collector.measuring import Cells, Mismatch, References, measure, raw_value
from collector.redaction import redactor
from collector.stacking import Batch, Stack
from driftline.contracts import Column, Contract, ContractField
from driftline.events import MISSING_CATEGORY, MISSING_NUMBER, EventStatus
from driftline.redaction import Redaction

Redactor = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class RawCell:
    """A raw value of one row; see :class:`driftline.events.RawPayload`."""

    field: str
    datatype: str
    shape: tuple[int, ...]
    body: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """``n`` rows as event arrays.

    Attributes
    ----------
    numeric
        Float64 ``(n, numeric slots)``.
    categorical
        ``n`` sequences of the categorical slots.
    predictions
        Predicted class of each row, when the contract's prediction is categorical.
    raw
        Raw values by row.
    """

    numeric: NDArray[np.float64]
    categorical: Sequence[Sequence[str]]
    predictions: Sequence[str] | None
    raw: dict[int, list[RawCell]]


class Mapper:
    """Maps inferences of one model by one revision of its contract.

    A field whose tensor is absent, of another type or of an impossible shape is missing in the event;
    ``on_mismatch`` is told the field and the reason, every time.

    Parameters
    ----------
    contract
        Revision in force.
    on_mismatch
        Called with field name, reason and the number of rows concerned.
    references
        Vocabularies and centroids by version and field; ``None`` measures without.
    redaction_key
        Key of hashed fields; without it they are missing, which ``on_mismatch`` is told.
    """

    def __init__(
        self,
        contract: Contract,
        on_mismatch: Callable[[str, str, int], None],
        references: References | None = None,
        redaction_key: bytes = b"",
    ) -> None:
        self.contract = contract
        self._on_mismatch = on_mismatch
        self._references = references
        self._widths = contract.width("numeric"), contract.width("categorical")
        self._columns: dict[str, list[Column]] = {}
        for column in contract.columns():
            self._columns.setdefault(column.field, []).append(column)
        self._redactors: dict[str, Redactor] = {
            field.name: _redactor(field.redaction, redaction_key)
            for field in contract.fields
            if field.redaction is not None
        }
        self._keyless = (
            [field.name for field in contract.fields if field.redaction is not None and field.redaction.hash]
            if not redaction_key
            else []
        )
        prediction = contract.column(contract.prediction) if contract.prediction else None
        self._class_slot = (
            prediction.slot if prediction is not None and prediction.kind == "categorical" else None
        )

    def map(
        self,
        inferences: Sequence[Inference],
        statuses: Sequence[EventStatus],
        versions: Sequence[str],
    ) -> Mapped:
        """Map all rows of some inferences.

        Parameters
        ----------
        inferences, statuses, versions
            Of each exchange. Outputs of a failed one, and the half that never came, are missing, which is
            no mismatch.
        """
        batch = Batch(inferences, statuses)
        numeric = np.full((batch.rows, self._widths[0]), MISSING_NUMBER)
        texts = [[MISSING_CATEGORY] * batch.rows for _ in range(self._widths[1])]
        raw: dict[int, list[RawCell]] = {}
        row_versions = _per_row(versions, batch)
        for name in self._keyless:
            self._on_mismatch(name, "no_redaction_key", batch.rows)
        for field in self.contract.fields:
            if field.redaction is not None and field.redaction.drop:
                continue
            self._map_field(field, batch, row_versions, numeric, texts, raw)
        categorical = list(zip(*texts, strict=True)) if texts else [()] * batch.rows
        return Mapped(
            numeric, categorical, None if self._class_slot is None else texts[self._class_slot], raw
        )

    def _map_field(
        self,
        field: ContractField,
        batch: Batch,
        versions: Sequence[str],
        numeric: NDArray[np.float64],
        texts: list[list[str]],
        raw: dict[int, list[RawCell]],
    ) -> None:
        def mismatch(reason: str, rows: int) -> None:
            self._on_mismatch(field.name, reason, rows)

        side = "outputs" if field.role == "output" else "inputs"
        element = field.element
        index = None
        name = field.tensor
        if element is not None and not batch.has(side, name):
            name, index = element
        redact = self._redactors.get(field.name)
        for stack in batch.stacks(side, name, mismatch):
            try:
                values = _element(stack, index)
                measured = measure(field, stack.datatype, values, _of(versions, stack), self._references)
            except Mismatch as fault:
                mismatch(str(fault), len(stack))
                continue
            for column in self._columns[field.name]:
                cells = measured.get(column.descriptor)
                if cells is None:
                    continue
                if column.kind == "numeric":
                    numeric[stack.rows, column.slot] = cast(NDArray[np.float64], cells)
                else:
                    said = column.descriptor in ("", "class")  # what the data says, not what we measured
                    _fill(texts[column.slot], stack, cells, redact if said else None)
            if field.store_raw:
                self._keep_raw(field, stack, values, raw)

    def _keep_raw(
        self, field: ContractField, stack: Stack, values: NDArray[np.generic], raw: dict[int, list[RawCell]]
    ) -> None:
        redact = self._redactors.get(field.name)
        for row, value in zip(_row_numbers(stack), values, strict=True):
            shape = np.shape(value)
            body = raw_value(stack.datatype, value, redact)
            if body is not None:
                raw.setdefault(row, []).append(RawCell(field.name, stack.datatype, shape, body))


def _redactor(rule: Redaction, key: bytes) -> Redactor:
    """What a value becomes; nothing of it is kept where the key to hash it is not set."""
    return redactor(rule, key) if key or not rule.hash else lambda _value: None


def _fill(texts: list[str], stack: Stack, cells: Cells, redact: Redactor | None) -> None:
    for row, value in zip(_row_numbers(stack), cells, strict=True):
        if value is not None:
            text = cast(str, value) if redact is None else redact(cast(str, value))
            if text is not None:
                texts[row] = clean_text(text)


def _row_numbers(stack: Stack) -> Sequence[int]:
    return range(len(stack)) if isinstance(stack.rows, slice) else stack.rows.tolist()


def _element(stack: Stack, index: int | None) -> NDArray[np.generic]:
    if index is None:
        return stack.values
    flat = stack.values.reshape(len(stack.values), -1)
    if index >= flat.shape[1]:
        raise Mismatch("element_missing")
    return cast(NDArray[np.generic], flat[:, index])


def _per_row(versions: Sequence[str], batch: Batch) -> Sequence[str]:
    if batch.rows == len(versions):
        return versions
    return [version for version, rows in zip(versions, batch.counts, strict=True) for _ in range(rows)]


def _of(versions: Sequence[str], stack: Stack) -> Sequence[str]:
    return versions if isinstance(stack.rows, slice) else [versions[row] for row in stack.rows.tolist()]
