"""From decoded tensors to the event arrays that a contract lays out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from collector.codecs.decoded import FLOAT_DATATYPES, Inference, Tensor
from collector.codecs.v2_json import clean_text
from collector.descriptors.image import measure_images
from collector.descriptors.prediction import measure_predictions
from collector.descriptors.tensor import measure_tensors
from driftline.contracts import Column, Contract, ContractField
from driftline.events import MISSING_CATEGORY, MISSING_NUMBER

Numbers = NDArray[np.float64]
Measured = dict[str, Numbers | list[str | None]]
"""Descriptor name (empty for a plain field) to one value a row."""


class Mismatch(Exception):
    """A tensor is not what the contract says; the text is a short reason."""


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
    """

    def __init__(self, contract: Contract, on_mismatch: Callable[[str, str, int], None]) -> None:
        self.contract = contract
        self._on_mismatch = on_mismatch
        self._widths = contract.width("numeric"), contract.width("categorical")
        self._columns: dict[str, list[Column]] = {}
        for column in contract.columns():
            self._columns.setdefault(column.field, []).append(column)

    def map(self, inference: Inference, *, failed: bool) -> tuple[list[list[float]], list[list[str]]]:
        """Numeric and categorical arrays of every row, in slot order.

        Parameters
        ----------
        inference
            Decoded request and response.
        failed
            The model answered with an error: outputs are missing, which is no mismatch.
        """
        numeric = np.full((inference.rows, self._widths[0]), MISSING_NUMBER)
        categorical = [[MISSING_CATEGORY] * self._widths[1] for _ in range(inference.rows)]
        for field in self.contract.fields:
            if failed and field.role == "output":
                continue
            try:
                measured = _measure(field, inference)
            except Mismatch as mismatch:
                self._on_mismatch(field.name, str(mismatch), inference.rows)
                continue
            for column in self._columns[field.name]:
                values = measured.get(column.descriptor)
                if values is None:
                    continue
                if column.kind == "numeric":
                    numeric[:, column.slot] = cast(Numbers, values)
                else:
                    for row, value in zip(categorical, values, strict=True):
                        row[column.slot] = MISSING_CATEGORY if value is None else clean_text(cast(str, value))
        return numeric.tolist(), categorical


def _measure(field: ContractField, inference: Inference) -> Measured:
    tensors = inference.outputs if field.role == "output" else inference.inputs
    tensor = tensors.get(field.tensor)
    if tensor is None:
        raise Mismatch(inference.faults.get(field.tensor, "tensor_missing"))
    values = tensor.per_row(inference.rows, batched=inference.batched)
    if field.kind == "numeric":
        return {"": _numbers(tensor, _single(values))}
    if field.kind == "categorical":
        return {"": _names(tensor, _single(values))}
    if field.kind == "prediction":
        return _prediction(field, tensor, values)
    numbers = _numbers(tensor, values)
    if field.kind == "tensor":
        return dict(measure_tensors(numbers))
    try:
        return dict(measure_images(numbers))
    except ValueError as error:
        raise Mismatch("not_an_image") from error


def _prediction(field: ContractField, tensor: Tensor, values: NDArray[Any]) -> Measured:
    flat = values.reshape(len(values), -1)
    if flat.shape[1] == 0:
        raise Mismatch("empty_tensor")
    if flat.shape[1] == 1 and tensor.datatype not in FLOAT_DATATYPES:
        names = _names(tensor, flat[:, 0])
        if tensor.datatype != "BYTES" and field.classes:
            names = [_class_name(field, name) for name in names]
        return {"class": names}
    found = measure_predictions(_numbers(tensor, flat), field.classes)
    return {
        "class": found.classes,
        "confidence": found.confidence,
        "entropy": found.entropy,
        "margin": found.margin,
    }


def _class_name(field: ContractField, label: str | None) -> str | None:
    """A class given by its index, by name."""
    if label is not None and label.isdecimal() and int(label) < len(field.classes):
        return field.classes[int(label)]
    return label


def _single(values: NDArray[Any]) -> NDArray[Any]:
    flat = values.reshape(len(values), -1)
    if flat.shape[1] != 1:
        raise Mismatch("not_one_value_a_row")
    return flat[:, 0]


def _numbers(tensor: Tensor, values: NDArray[Any]) -> Numbers:
    if tensor.datatype == "BYTES":
        raise Mismatch("text_in_place_of_numbers")
    return cast(Numbers, values)


def _names(tensor: Tensor, values: NDArray[Any]) -> list[str | None]:
    if tensor.datatype == "BYTES":
        return cast(list[str | None], values.tolist())
    if tensor.datatype == "BOOL":
        return ["true" if value else "false" for value in values.tolist()]
    return [_number_name(value) for value in values.tolist()]


def _number_name(value: float) -> str | None:
    if not np.isfinite(value):
        return None
    return str(int(value)) if value == int(value) else repr(value)
