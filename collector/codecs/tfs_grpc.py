"""TensorFlow Serving over gRPC: ``/tensorflow.serving.PredictionService/Predict``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from collector.codecs.bad_tensor import BadTensor
from collector.codecs.codec import Body, Glance
from collector.codecs.decoded import Inference, Tensor, clean_text, count_rows
from collector.codecs.grpc_frames import only_message
from collector.codecs.protobuf_schema import parsed
from collector.codecs.shapes import ElementRoom
from collector.codecs.tensor_proto import tensor_from_proto
from collector.codecs.tfs_messages import PredictRequest, PredictResponse
from collector.reasons import Undecodable


class TfsGrpc:
    """See :class:`collector.codecs.codec.Codec`."""

    def glance(self, asked: Body | None, answered: Body | None) -> Glance:
        """Rows by the shapes of all tensors, model and version as the messages tell them."""
        try:
            request, response = _messages(asked, answered)
        except Undecodable:
            # The answer of a failed call is empty, and the request tells the model all the same.
            return self.glance(asked, None) if answered is not None else Glance(1)
        shapes = [entry.value.tensor_shape.dim for entry in (*request.inputs, *response.outputs)]
        sizes = {dims[0].size if dims else 0 for dims in shapes}
        rows = max(1, sizes.pop()) if len(sizes) == 1 else 1
        return Glance(rows, _model(request, response), _version(request, response))

    def decode(self, asked: Body | None, answered: Body | None) -> Inference:
        """Decode an exchange.

        ``version`` is the response's, else the request's, else the request's version label.

        Raises
        ------
        Undecodable
            ``malformed_body``, ``unsupported_encoding`` or ``body_too_large``.
        """
        request, response = _messages(asked, answered)
        faults: dict[str, str] = {}
        inputs = _tensors(request.inputs, faults)
        outputs = _tensors(response.outputs, faults)
        rows, batched = count_rows([*inputs.values(), *outputs.values()])
        return Inference(
            request_id="",
            version=_version(request, response),
            rows=rows,
            batched=batched,
            inputs=inputs,
            outputs=outputs,
            faults=faults,
            model=_model(request, response),
        )


def _messages(asked: Body | None, answered: Body | None) -> tuple[Any, Any]:
    request = PredictRequest() if asked is None else parsed(PredictRequest, only_message(asked))
    response = PredictResponse() if answered is None else parsed(PredictResponse, only_message(answered))
    return request, response


def _tensors(entries: Iterable[Any], faults: dict[str, str]) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    bad: dict[str, str] = {}
    room = ElementRoom()
    for entry in entries:
        name = entry.key
        if name in found or name in bad:
            found.pop(name, None)
            bad[name] = "duplicate_name"
            continue
        try:
            found[name] = tensor_from_proto(name, entry.value, room)
        except BadTensor as error:
            bad[name] = error.fault
    faults.update(bad)
    return found


def _model(request: Any, response: Any) -> str:
    return clean_text(request.model_spec.name or response.model_spec.name)


def _version(request: Any, response: Any) -> str:
    for message in (response, request):
        if message.model_spec.HasField("version"):
            return str(message.model_spec.version.value)
    return clean_text(request.model_spec.version_label)
