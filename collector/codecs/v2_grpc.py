"""V2 Open Inference protocol over gRPC: ModelInfer and ModelStreamInfer of inference.GRPCInferenceService."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from collector.codecs.bad_tensor import BadTensor
from collector.codecs.codec import Body, Glance
from collector.codecs.datatypes import ITEM_DTYPES
from collector.codecs.decoded import Inference, Tensor, clean_text, count_rows
from collector.codecs.grpc_frames import only_message, split_messages
from collector.codecs.protobuf_schema import parsed
from collector.codecs.raw_tensor import raw_tensor
from collector.codecs.shapes import ElementRoom, checked_shape, shaped
from collector.codecs.streams import end_to_end, joined, paired
from collector.codecs.texts import object_array, text_or_bytes
from collector.codecs.v2_messages import ModelInferRequest, ModelInferResponse, ModelStreamInferResponse
from collector.reasons import Undecodable

_CONTENTS: Mapping[str, str] = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""FP16 and BF16 have none: they come as raw bytes only."""


class V2Grpc:
    """ModelInfer; see :class:`collector.codecs.codec.Codec`."""

    def glance(self, asked: Body | None, answered: Body | None) -> Glance:
        """Rows by the shapes of all tensors, model and version as the messages tell them."""
        try:
            return _glanced(*_unary(asked, answered))
        except Undecodable:
            return Glance(1)

    def decode(self, asked: Body | None, answered: Body | None) -> Inference:
        """Decode an exchange.

        Raises
        ------
        Undecodable
            ``malformed_body``, ``unsupported_encoding``, ``body_too_large``, ``mismatched_id``.
        """
        request, response = _unary(asked, answered)
        return _inference(request, [] if response is None else [response], ElementRoom())


class V2GrpcStream:
    """ModelStreamInfer: the requests of a stream are the rows of one inference.

    Responses belong to the request whose id they carry, without ids to the request at the same place. What
    answers one request in several responses (a decoupled model) becomes one tensor, in their order.
    """

    def glance(self, asked: Body | None, answered: Body | None) -> Glance:
        """As :meth:`V2Grpc.glance`, summed over the requests, else over the responses."""
        try:
            requests, responses, _ = _stream(asked, answered)
        except Undecodable:
            return Glance(1)
        if not requests and not responses:
            return Glance(1)
        names = _glanced(requests[0] if requests else None, responses[0] if responses else None)
        rows = sum(_glanced(request, None).rows for request in requests)
        rows = rows or sum(_glanced(None, response).rows for response in responses)
        return Glance(rows, names.model, names.version)

    def decode(self, asked: Body | None, answered: Body | None) -> Inference:
        """As :meth:`V2Grpc.decode`; also ``mismatched_id`` when it is unclear what answers which request."""
        requests, responses, error = _stream(asked, answered)
        if not requests and not responses and not error:
            raise Undecodable("malformed_body", "a stream without a message")
        if asked is None:
            pairs: list[tuple[Any, list[Any]]] = [(None, [response]) for response in responses]
        elif responses:
            pairs = paired(requests, responses)
        else:  # failed or unanswered
            pairs = [(request, []) for request in requests]
        room = ElementRoom()
        return joined([_inference(request, answers, room) for request, answers in pairs], error)


def _unary(asked: Body | None, answered: Body | None) -> tuple[Any, Any]:
    return (
        None if asked is None else parsed(ModelInferRequest, only_message(asked)),
        None if answered is None else parsed(ModelInferResponse, only_message(answered)),
    )


def _stream(asked: Body | None, answered: Body | None) -> tuple[list[Any], list[Any], str]:
    """Requests, responses that hold tensors, and what went wrong when no response does."""
    requests = [] if asked is None else [parsed(ModelInferRequest, one) for one in split_messages(asked)]
    answers = [] if answered is None else split_messages(answered)
    parts = [parsed(ModelStreamInferResponse, one) for one in answers]
    # A decoupled model ends its answer with a response that is empty.
    responses = [part.infer_response for part in parts if part.infer_response.outputs]
    errors = [part.error_message for part in parts if part.error_message]
    return requests, responses, clean_text(errors[0]) if errors and not responses else ""


def _glanced(request: Any, response: Any) -> Glance:
    shapes = [tensor.shape for tensor in request.inputs] if request is not None else []
    shapes += [tensor.shape for tensor in response.outputs] if response is not None else []
    sizes = {shape[0] if shape else 0 for shape in shapes}
    return Glance(
        max(1, sizes.pop()) if len(sizes) == 1 else 1,
        _either("model_name", request, response),
        _either("model_version", response, request),
    )


def _inference(request: Any, responses: Sequence[Any], room: ElementRoom) -> Inference:
    """A request with what answers it: a response, none, or the several of a decoupled model."""
    faults: dict[str, str] = {}
    inputs: dict[str, Tensor] = {}
    if request is not None:
        inputs = _tensors(request.inputs, request.raw_input_contents, faults, room)
    answers = [
        _tensors(response.outputs, response.raw_output_contents, faults, room) for response in responses
    ]
    outputs = end_to_end(answers, faults) if len(answers) != 1 else answers[0]
    first = responses[0] if responses else None
    if first is not None and request is not None and request.id and first.id and request.id != first.id:
        raise Undecodable("mismatched_id", f"request {request.id[:256]!r}, response {first.id[:256]!r}")
    rows, batched = count_rows([*inputs.values(), *outputs.values()])
    return Inference(
        request_id=_either("id", request, first),
        version=_either("model_version", first, request),
        rows=rows,
        batched=batched,
        inputs=inputs,
        outputs=outputs,
        faults=faults,
        model=_either("model_name", request, first),
    )


def _tensors(
    tensors: Sequence[Any], contents: Sequence[bytes], faults: dict[str, str], room: ElementRoom
) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    bad: dict[str, str] = {}
    for tensor, raw in zip(tensors, _raw_by_tensor(tensors, contents), strict=True):
        name = tensor.name
        if name in found or name in bad:
            found.pop(name, None)
            bad[name] = "duplicate_name"
            continue
        try:
            found[name] = _tensor(tensor, raw, room)
        except BadTensor as error:
            bad[name] = error.fault
    faults.update(bad)
    return found


def _raw_by_tensor(tensors: Sequence[Any], contents: Sequence[bytes]) -> list[bytes | None]:
    """The raw contents of each tensor; there is none for those in shared memory, nor where all are typed."""
    if not contents:
        return [None] * len(tensors)
    if len(contents) == len(tensors):
        return list(contents)
    shared = [_in_shared_memory(tensor) for tensor in tensors]
    if len(contents) != shared.count(False):
        raise Undecodable("malformed_body", f"{len(contents)} raw contents for {len(tensors)} tensors")
    left = iter(contents)
    return [None if elsewhere else next(left) for elsewhere in shared]


def _in_shared_memory(tensor: Any) -> bool:
    return any(entry.key == "shared_memory_region" for entry in tensor.parameters)


def _tensor(tensor: Any, raw: bytes | None, room: ElementRoom) -> Tensor:
    name, datatype, shape = tensor.name, tensor.datatype, list(tensor.shape)
    if tensor.parameters and _in_shared_memory(tensor):
        raise BadTensor("shared_memory")
    if raw is not None:
        if tensor.HasField("contents"):
            raise BadTensor("bad_data")
        return raw_tensor(name, datatype, shape, raw, room)
    sizes, elements = checked_shape(shape)
    if datatype not in _CONTENTS:
        raise BadTensor("unknown_datatype" if datatype not in ITEM_DTYPES else "bad_data")
    values = getattr(tensor.contents, _CONTENTS[datatype])
    if len(values) != elements:
        raise BadTensor("bad_shape")
    if datatype == "BYTES":
        room.take_texts(elements)
        return Tensor(name, datatype, shaped(object_array([text_or_bytes(value) for value in values]), sizes))
    room.take(elements)
    numbers = np.asarray(values).astype(np.float64) if elements else np.empty(0)
    return Tensor(name, datatype, shaped(numbers, sizes))


def _either(field: str, first: Any, second: Any) -> str:
    for message in (first, second):
        value = getattr(message, field) if message is not None else ""
        if value:
            return clean_text(value)
    return ""
