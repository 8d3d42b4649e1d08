"""A contract for a model that has none, from what its traffic looks like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from collector.codecs.decoded import FLOAT_DATATYPES, INTEGER_DATATYPES, Inference, Tensor
from collector.codecs.v2_json import clean_text
from collector.descriptors.image import to_grey
from collector.descriptors.prediction import SUM_TOLERANCE
from driftline.contracts import FIELD_NAME, Contract, ContractField, Kind, Role
from driftline.errors import InvalidContract

FEW_VALUES = 20
ENOUGH_ROWS = 100
SMALLEST_IMAGE = 8


def infer_contract(model: str, inferences: Sequence[Inference]) -> Contract:
    """Guess a contract; its owner can register a better one at any time.

    Rules, in this order, over all rows of a tensor:

    1. One element a row: BYTES and BOOL are categorical; integers with at most 20 distinct values among
       at least 100 rows are categorical; other numbers are numeric.
    2. A float output with several elements a row, all in [0, 1] and summing to 1: prediction.
    3. A number input of rank 3 or more with the row as first axis (2 or more without), whose height and
       width are at least 8: image.
    4. Other numbers: tensor. Other text is left out.

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
            kind = _kind(role, tensor, rows)
            if (
                kind is None
                or not FIELD_NAME.fullmatch(tensor_name)
                or tensor_name != clean_text(tensor_name)
            ):
                continue
            name = tensor_name
            while name in fields:  # an input and an output may share a tensor's name
                name = f"{name}.{role}"
            fields[name] = ContractField(name=name, role=role, kind=kind, source=tensor_name)
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


def _kind(role: Role, tensor: Tensor, batches: list[NDArray[Any]]) -> Kind | None:
    flat = [batch.reshape(len(batch), -1) for batch in batches if batch.size]
    if not flat:
        return None
    if all(batch.shape[1] == 1 for batch in flat):
        return _kind_of_single(tensor, np.concatenate(flat)[:, 0])
    if tensor.datatype in ("BYTES", "BOOL"):
        return None if tensor.datatype == "BYTES" else "tensor"
    if role == "output" and tensor.datatype in FLOAT_DATATYPES and all(_is_simplex(batch) for batch in flat):
        return "prediction"
    if role == "input" and all(_is_image(batch) for batch in batches):
        return "image"
    return "tensor"


def _kind_of_single(tensor: Tensor, values: NDArray[Any]) -> Kind:
    if tensor.datatype in ("BYTES", "BOOL"):
        return "categorical"
    if tensor.datatype in INTEGER_DATATYPES and len(values) >= ENOUGH_ROWS:
        return "categorical" if len(np.unique(values)) <= FEW_VALUES else "numeric"
    return "numeric"


def _is_simplex(rows: NDArray[Any]) -> bool:
    inside = bool(((rows >= 0.0) & (rows <= 1.0)).all())
    return inside and bool((np.abs(rows.sum(axis=1) - 1.0) <= SUM_TOLERANCE).all())


def _is_image(rows: NDArray[Any]) -> bool:
    try:
        grey = to_grey(rows)
    except ValueError:
        return False
    return bool(min(grey.shape[1:]) >= SMALLEST_IMAGE)
