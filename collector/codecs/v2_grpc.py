"""V2 Open Inference protocol over gRPC: ModelInfer and ModelStreamInfer of inference.GRPCInferenceService."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from collector.codecs.codec import Body, Glance
from collector.codecs.decoded import Inference, Tensor, clean_text, count_rows
from collector.codecs.grpc_frames import only_message, split_messages
from collector.codecs.infer_tensors import infer_tensors
from collector.codecs.protobuf_schema import parsed
from collector.codecs.shapes import ElementRoom
from collector.codecs.streams import end_to_end, joined, paired
from collector.codecs.v2_messages import ModelInferRequest, ModelInferResponse, ModelStreamInferResponse
from collector.reasons import Undecodable

_Read = TypeVar("_Read")


class V2Grpc:
    """ModelInfer; see :class:`collector.codecs.codec.Codec`."""

    def glance(self, asked: Body | None, answered: Body | None) -> Glance:
        """Rows by the shapes of all tensors, model and version as the messages tell them."""
        return _glanced(_unless_bad(_request, asked), _unless_bad(_response, answered))

    def decode(self, asked: Body | None, answered: Body | None) -> Inference:
        """Decode an exchange.

        Raises
        ------
        Undecodable
            ``malformed_body``, ``unsupported_encoding``, ``body_too_large``, ``mismatched_id``.
        """
        request, response = _request(asked), _response(answered)
        return _inference(request, [] if response is None else [response], ElementRoom())


class V2GrpcStream:
    """ModelStreamInfer: the requests of a stream are the rows of one inference.

    Responses belong to the request whose id they carry, without ids to the request at the same place. What
    answers one request in several responses (a decoupled model) becomes one tensor, in their order.
    """

    def glance(self, asked: Body | None, answered: Body | None) -> Glance:
        """As :meth:`V2Grpc.glance`, summed over the requests, else over the responses."""
        requests: list[Any] = _unless_bad(_requests, asked) or []
        responses = (_unless_bad(_responses, answered) or ([], ""))[0]
        names = _glanced(requests[0] if requests else None, responses[0] if responses else None)
        rows = sum(_glanced(request, None).rows for request in requests)
        rows = rows or sum(_glanced(None, response).rows for response in responses)
        return Glance(max(1, rows), names.model, names.version)

    def decode(self, asked: Body | None, answered: Body | None) -> Inference:
        """As :meth:`V2Grpc.decode`; also ``mismatched_id`` when it is unclear what answers which request."""
        requests, (responses, error) = _requests(asked), _responses(answered)
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


def _unless_bad(read: Callable[[Body | None], _Read], body: Body | None) -> _Read | None:
    """What a half says. The answer of a failed call is empty, and the request tells the model anyway."""
    try:
        return read(body)
    except Undecodable:
        return None


def _request(body: Body | None) -> Any:
    return None if body is None else parsed(ModelInferRequest, only_message(body))


def _response(body: Body | None) -> Any:
    return None if body is None else parsed(ModelInferResponse, only_message(body))


def _requests(body: Body | None) -> list[Any]:
    return [] if body is None else [parsed(ModelInferRequest, one) for one in split_messages(body)]


def _responses(body: Body | None) -> tuple[list[Any], str]:
    """Responses that hold tensors, and what went wrong when none does."""
    messages = [] if body is None else split_messages(body)
    parts = [parsed(ModelStreamInferResponse, message) for message in messages]
    # A decoupled model ends its answer with a response that is empty.
    responses = [part.infer_response for part in parts if part.infer_response.outputs]
    errors = [part.error_message for part in parts if part.error_message]
    return responses, clean_text(errors[0]) if errors and not responses else ""


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
        inputs = infer_tensors(request.inputs, request.raw_input_contents, faults, room)
    answers = [
        infer_tensors(response.outputs, response.raw_output_contents, faults, room) for response in responses
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


def _either(field: str, first: Any, second: Any) -> str:
    for message in (first, second):
        value = getattr(message, field) if message is not None else ""
        if value:
            return clean_text(value)
    return ""
