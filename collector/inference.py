"""A contract for a model that has none, from what its traffic looks like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from collector.codecs.decoded import FLOAT_DATATYPES, INTEGER_DATATYPES, Inference, Tensor, clean_text
from collector.descriptors.image import to_grey
from collector.descriptors.prediction import SUM_TOLERANCE
from collector.files import file_kind
from driftline.contracts import FIELD_NAME, Contract, ContractField, Kind, Role
from driftline.errors import InvalidContract

FEW_VALUES = 20
ENOUGH_ROWS = 100
SMALLEST_IMAGE = 8
MOST_ELEMENTS = 32
"""A vector of at most so many elements is taken for features, each a field of its own."""
LARGEST_EMBEDDING = 8192
LONG_TEXT = 40.0
"""Mean characters from which text is free text rather than a category."""


def infer_contract(model: str, inferences: Sequence[Inference]) -> Contract:
    """Guess a contract; its owner can register a better one at any time.

    Rules, in this order, over all rows of a tensor:

    1. One BYTES element a row: an image or audio file by its first bytes (also in base64); text when it
       has at least 40 characters on average, or more than 20 distinct values of which most occur once;
       else categorical.
    2. One element a row: BOOL is categorical; integers with at most 20 distinct values among at least 100
       rows are categorical; other numbers are numeric.
    3. A float output with several elements a row, all in [0, 1] and summing to 1: prediction.
    4. A number input of rank 3 or more with the row as first axis (2 or more without), whose height and
       width are at least 8: image.
    5. A vector of at most 32 numbers a row: a field for each element, by rule 2, named ``x[3]``.
    6. A vector of at most 8,192 floats a row: embedding.
    7. Other numbers: tensor. Other text is left out.

    ``prediction`` becomes the class of the first prediction, else the only categorical output.

    Raises
    ------
    InvalidContract
        Nothing in the traffic can be measured.
    """
    try:
        fields = _fields(inferences)
        if not fields:
            raise InvalidContract(f"no tensor of model {model!r} can be measured")
        return Contract(
            model=model,
            fields=tuple(fields),
            prediction=_prediction(fields),
            source="inferred",
        )
    except ValidationError as error:
        # Tensors whose names clash, as "a" measured by "a.mean" and another called "a.mean".
        raise InvalidContract(f"the tensors of model {model!r} make no contract: {error}") from error


def _prediction(fields: Sequence[ContractField]) -> str:
    scored = [field.name for field in fields if field.kind == "prediction"]
    if scored:
        return f"{scored[0]}.class"
    named = [field.name for field in fields if field.kind == "categorical" and field.role == "output"]
    return named[0] if len(named) == 1 else ""


def _fields(inferences: Sequence[Inference]) -> list[ContractField]:
    fields: dict[str, ContractField] = {}
    sides: tuple[tuple[Role, str], ...] = (("input", "inputs"), ("output", "outputs"))
    for role, attribute in sides:
        for tensor_name, rows, tensor in _gather(inferences, attribute):
            if not FIELD_NAME.fullmatch(tensor_name) or tensor_name != clean_text(tensor_name):
                continue
            for suffix, kind in _kinds(role, tensor, rows):
                name = tensor_name + suffix
                while name in fields:  # an input and an output may share a tensor's name
                    name = f"{name}.{role}"
                fields[name] = ContractField(name=name, role=role, kind=kind, source=tensor_name + suffix)
    return list(fields.values())


def _gather(inferences: Sequence[Inference], attribute: str) -> list[tuple[str, list[NDArray[Any]], Tensor]]:
    """Every tensor by name: its rows over all inferences, and one example of it."""
    found: dict[str, tuple[list[NDArray[Any]], Tensor]] = {}
    for inference in inferences:
        for name, tensor in getattr(inference, attribute).items():
            rows, example = found.setdefault(name, ([], tensor))
            if tensor.datatype == example.datatype:
                rows.append(tensor.per_row(inference.rows, batched=inference.batched))
    return [(name, rows, example) for name, (rows, example) in found.items()]


def _kinds(role: Role, tensor: Tensor, batches: list[NDArray[Any]]) -> list[tuple[str, Kind]]:
    """What is measured of a tensor: suffixes of its name, empty for the whole, and kinds."""
    flat = [batch.reshape(len(batch), -1) for batch in batches if batch.size]
    if not flat:
        return []
    widths = {batch.shape[1] for batch in flat}
    if widths == {1}:
        return [("", _kind_of_single(tensor, np.concatenate(flat)[:, 0]))]
    if tensor.datatype == "BYTES":
        return []
    is_float = tensor.datatype in FLOAT_DATATYPES
    if role == "output" and is_float and all(_is_simplex(batch) for batch in flat):
        return [("", "prediction")]
    if role == "input" and tensor.datatype != "BOOL" and all(_is_image(batch) for batch in batches):
        return [("", "image")]
    if len(widths) == 1 and all(batch.ndim == 2 for batch in batches):
        (width,) = widths
        if width <= MOST_ELEMENTS:
            values = np.concatenate(flat)
            return [(f"[{index}]", _kind_of_single(tensor, values[:, index])) for index in range(width)]
        if is_float and width <= LARGEST_EMBEDDING:
            return [("", "embedding")]
    return [("", "tensor")]


def _kind_of_single(tensor: Tensor, values: NDArray[Any]) -> Kind:
    if tensor.datatype == "BYTES":
        return _kind_of_text(values.tolist())
    if tensor.datatype == "BOOL":
        return "categorical"
    if tensor.datatype in INTEGER_DATATYPES and len(values) >= ENOUGH_ROWS:
        return "categorical" if len(np.unique(values)) <= FEW_VALUES else "numeric"
    return "numeric"


def _kind_of_text(cells: list[str | bytes | None]) -> Kind:
    values = [cell for cell in cells if cell is not None]
    if not values:
        return "categorical"
    kinds = {file_kind(value) for value in values}
    if len(kinds) == 1 and (kind := kinds.pop()) is not None:
        return kind
    distinct = len(set(values))
    if sum(map(len, values)) / len(values) >= LONG_TEXT:
        return "text"
    return "text" if distinct > FEW_VALUES and distinct > len(values) / 2 else "categorical"


def _is_simplex(rows: NDArray[Any]) -> bool:
    inside = bool(((rows >= 0.0) & (rows <= 1.0)).all())
    return inside and bool((np.abs(rows.sum(axis=1) - 1.0) <= SUM_TOLERANCE).all())


def _is_image(rows: NDArray[Any]) -> bool:
    try:
        grey = to_grey(rows)
    except ValueError:
        return False
    return bool(min(grey.shape[1:]) >= SMALLEST_IMAGE)
