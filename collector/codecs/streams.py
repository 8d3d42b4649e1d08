"""A gRPC stream as one inference: which response answers which request, and their tensors put together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.codecs.bad_tensor import BadTensor
from collector.codecs.decoded import Inference, Tensor
from collector.codecs.shapes import ElementRoom
from collector.reasons import Undecodable

MOST_CELLS = 1_000_000
"""Tensors of a stream times its messages."""


def paired(requests: Sequence[Any], responses: Sequence[Any]) -> list[tuple[Any, list[Any]]]:
    """The responses of each request: by id where all have one, else by place.

    Raises
    ------
    Undecodable
        ``mismatched_id`` when neither tells.
    """
    if len(requests) == 1:
        return [(requests[0], list(responses))]
    by_id: dict[str, list[Any]] = {request.id: [] for request in requests}
    if "" not in by_id and len(by_id) == len(requests):
        for response in responses:
            if response.id not in by_id:
                raise Undecodable("mismatched_id", "a response of a stream that answers none of its requests")
            by_id[response.id].append(response)
        return [(request, by_id[request.id]) for request in requests]
    if len(requests) != len(responses):
        raise Undecodable(
            "mismatched_id", f"{len(responses)} responses without ids to {len(requests)} requests"
        )
    return [(request, [response]) for request, response in zip(requests, responses, strict=True)]


def end_to_end(answers: Sequence[Mapping[str, Tensor]], faults: dict[str, str]) -> dict[str, Tensor]:
    """The tensors of several responses to one request, one after the other along their first axis."""
    found: dict[str, Tensor] = {}
    for name in dict.fromkeys(name for answer in answers for name in answer):
        parts = [answer[name] for answer in answers if name in answer]
        first = parts[0]
        if len({(part.datatype, part.shape[1:], bool(part.shape)) for part in parts}) > 1:
            faults[name] = "ragged"
            continue
        values = np.concatenate([np.atleast_1d(part.values) for part in parts])
        found[name] = Tensor(name, first.datatype, values)
    return found


def joined(inferences: Sequence[Inference], error: str = "") -> Inference:
    """The rows of several inferences as one; rows of which one has no such tensor are missing in it."""
    if len(inferences) == 1 and not error:
        return inferences[0]
    faults = {name: fault for inference in inferences for name, fault in inference.faults.items()}
    return Inference(
        request_id=next((one.request_id for one in inferences if one.request_id), ""),
        version=next((one.version for one in inferences if one.version), ""),
        rows=max(1, sum(inference.rows for inference in inferences)),
        batched=True,
        inputs=_stacked([inference.inputs for inference in inferences], inferences, faults),
        outputs=_stacked([inference.outputs for inference in inferences], inferences, faults),
        faults=faults,
        model=next((one.model for one in inferences if one.model), ""),
        error=error,
    )


def _stacked(
    sides: Sequence[Mapping[str, Tensor]], inferences: Sequence[Inference], faults: dict[str, str]
) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    names = dict.fromkeys(name for side in sides for name in side)
    if len(names) * len(sides) > MOST_CELLS:
        raise Undecodable("malformed_body", f"{len(sides)} messages of a stream name {len(names)} tensors")
    room = ElementRoom()
    for name in names:
        rows: list[NDArray[Any] | None] = []
        kinds: set[tuple[str, tuple[int, ...]]] = set()
        for side, inference in zip(sides, inferences, strict=True):
            tensor = side.get(name)
            if tensor is None:
                rows.append(None)
                continue
            values = tensor.per_row(inference.rows, batched=inference.batched)
            rows.append(values)
            kinds.add((tensor.datatype, values.shape[1:]))
        if len(kinds) > 1:
            faults[name] = "ragged"
            continue
        datatype, shape = kinds.pop()
        try:  # a few large rows and many that lack the tensor
            room.take(sum(inference.rows for inference in inferences) * math.prod(shape))
        except BadTensor as error:
            faults[name] = error.fault
            continue
        parts = [
            _absent(inference.rows, datatype, shape) if values is None else values
            for values, inference in zip(rows, inferences, strict=True)
        ]
        found[name] = Tensor(name, datatype, np.concatenate(parts))
    return found


def _absent(rows: int, datatype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    if datatype == "BYTES":
        return np.full((rows, *shape), None, dtype=object)
    return np.full((rows, *shape), math.nan)
