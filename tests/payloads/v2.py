"""V2 bodies: JSON, binary and protobuf."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any

from collector.codecs.codec import Body
from collector.codecs.v2_messages import ModelInferRequest, ModelInferResponse, ModelStreamInferResponse
from tests.payloads.grpc import framed

HEADER = "inference-header-content-length"


def tensor(data: Any, shape: Any, datatype: Any = "FP32", name: Any = "x") -> dict[str, Any]:
    """A tensor with its values in the JSON."""
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def json_body(*tensors: Any, key: str = "inputs", **more: Any) -> Body:
    """A body of JSON alone."""
    return Body(json.dumps({key: list(tensors), **more}).encode(), {})


Binary = tuple[dict[str, Any], bytes]
"""A tensor's declaration and its bytes."""


def binary_tensor(raw: bytes, shape: Any, datatype: Any = "FP32", name: Any = "x") -> Binary:
    """A tensor's declaration and its bytes."""
    declared = {
        "name": name,
        "shape": shape,
        "datatype": datatype,
        "parameters": {"binary_data_size": len(raw)},
    }
    return declared, raw


def binary_body(*tensors: Binary, key: str = "inputs", excess: bytes = b"", **more: Any) -> Body:
    """A body whose tensors follow the JSON; one without bytes may have its values in the JSON."""
    header = json.dumps({key: [declared for declared, _ in tensors], **more}, ensure_ascii=False).encode()
    data = header + b"".join(raw for _, raw in tensors) + excess
    return Body(data, {HEADER: str(len(header)), "content-type": "application/octet-stream"})


def packed_texts(texts: Sequence[bytes]) -> bytes:
    """BYTES elements as raw bytes."""
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def infer_request(*tensors: dict[str, Any], raw: Sequence[bytes] = (), **more: Any) -> Any:
    """A ModelInferRequest."""
    return ModelInferRequest(inputs=list(tensors), raw_input_contents=list(raw), **more)


def infer_response(*tensors: dict[str, Any], raw: Sequence[bytes] = (), **more: Any) -> Any:
    """A ModelInferResponse."""
    return ModelInferResponse(outputs=list(tensors), raw_output_contents=list(raw), **more)


def grpc_body(*messages: Any) -> Body:
    """A body of these messages."""
    return framed(*(message.SerializeToString() for message in messages))


def stream_response(response: Any = None, error: str = "") -> Any:
    """A ModelStreamInferResponse."""
    return ModelStreamInferResponse(error_message=error, infer_response=response)
