"""TensorFlow Serving bodies: REST and protobuf."""

from __future__ import annotations

import json
from typing import Any

from collector.codecs.codec import Body
from collector.codecs.tfs_messages import PredictRequest, PredictResponse, TensorProto


def rest_body(**keys: Any) -> Body:
    """A JSON body."""
    return Body(json.dumps(keys).encode(), {"content-type": "application/json"})


def tensor_proto(dtype: int, shape: list[int], **values: Any) -> Any:
    """A TensorProto; ``values`` is one of its fields of values."""
    return TensorProto(dtype=dtype, tensor_shape={"dim": [{"size": size} for size in shape]}, **values)


def predict_request(*inputs: tuple[str, Any], **spec: Any) -> Any:
    """A PredictRequest; ``spec`` is the model_spec."""
    return PredictRequest(model_spec=spec, inputs=[{"key": key, "value": value} for key, value in inputs])


def predict_response(*outputs: tuple[str, Any], **spec: Any) -> Any:
    """A PredictResponse; ``spec`` is the model_spec."""
    return PredictResponse(model_spec=spec, outputs=[{"key": key, "value": value} for key, value in outputs])
