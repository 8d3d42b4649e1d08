"""The V2 (Open Inference) JSON of the digits model: reading requests, writing answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from demo.digits import CLASSES, IMAGE_SHAPE, MODEL
from driftline.errors import InvalidInput

MAX_ROWS = 64
INPUT = "image"
OUTPUT = "scores"


@dataclass(frozen=True, slots=True)
class InferRequest:
    """A checked request: its id (empty when none was given) and ``(n, 8, 8)`` grey levels 0..1."""

    request_id: str
    images: NDArray[np.float64]


def parse_infer(body: bytes) -> InferRequest:
    """Read the body of an infer request.

    Raises
    ------
    InvalidInput
        It is not V2 JSON, or not one FP32 tensor ``image`` of 1 to 64 images of 8 x 8 grey levels 0..1;
        the message says which part, and what was received.
    """
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from error
    if not isinstance(message, dict):
        raise InvalidInput(f"the body must be a JSON object, got {type(message).__name__}")
    request_id = message.get("id", "")
    if not isinstance(request_id, str):
        raise InvalidInput(f"id must be a string, got {type(request_id).__name__}")
    inputs = message.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise InvalidInput(f"inputs must be a list of one tensor named {INPUT!r}")
    tensor: dict[str, Any] = inputs[0]
    if tensor.get("name") != INPUT:
        raise InvalidInput(f"the input must be named {INPUT!r}, got {tensor.get('name')!r}")
    if tensor.get("datatype") != "FP32":
        raise InvalidInput(f"datatype of {INPUT!r} must be FP32, got {tensor.get('datatype')!r}")
    return InferRequest(request_id, _images(_checked_rows(tensor.get("shape")), tensor.get("data")))


def _checked_rows(shape: object) -> int:
    height, width = IMAGE_SHAPE
    if (
        not isinstance(shape, list)
        or len(shape) != 3
        or any(type(side) is not int for side in shape)
        or (shape[1], shape[2]) != IMAGE_SHAPE
    ):
        raise InvalidInput(f"shape of {INPUT!r} must be [rows, {height}, {width}], got {shape!r}")
    rows: int = shape[0]
    if not 1 <= rows <= MAX_ROWS:
        raise InvalidInput(f"a request holds 1 to {MAX_ROWS} images, got {rows}")
    return rows


def _images(rows: int, data: object) -> NDArray[np.float64]:
    try:
        values = np.asarray(data, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"data of {INPUT!r} must be numbers, flat or nested as its shape") from error
    expected = rows * IMAGE_SHAPE[0] * IMAGE_SHAPE[1]
    if data is None or values.size != expected:
        received = 0 if data is None else values.size
        raise InvalidInput(f"data of {INPUT!r} must hold {expected} numbers, got {received}")
    low, high = float(values.min()), float(values.max())
    if not (low >= 0.0 and high <= 1.0):  # NaN fails too
        raise InvalidInput(f"grey levels must be numbers from 0 to 1, got {low:g} to {high:g}")
    return values.reshape(rows, *IMAGE_SHAPE)


def infer_body(request_id: str, images: NDArray[np.float64]) -> bytes:
    """The body of a request for ``(n, 8, 8)`` images."""
    return orjson.dumps(
        {
            "id": request_id,
            "inputs": [
                {
                    "name": INPUT,
                    "datatype": "FP32",
                    "shape": list(images.shape),
                    "data": images.astype(np.float32).reshape(-1).round(5).tolist(),
                }
            ],
        }
    )


def answer_body(request_id: str, version: int, scores: NDArray[np.float64]) -> bytes:
    """The body of the answer: ``(n, 10)`` scores."""
    answer: dict[str, Any] = {
        "model_name": MODEL,
        "model_version": str(version),
        "outputs": [
            {
                "name": OUTPUT,
                "datatype": "FP32",
                "shape": list(scores.shape),
                "data": scores.reshape(-1).round(6).tolist(),
            }
        ],
    }
    if request_id:
        answer["id"] = request_id
    return orjson.dumps(answer)


def model_metadata(versions: list[int]) -> Mapping[str, Any]:
    """What ``GET /v2/models/digits-ocr`` says."""
    return {
        "name": MODEL,
        "versions": [str(version) for version in versions],
        "platform": "driftline_demo_numpy",
        "inputs": [{"name": INPUT, "datatype": "FP32", "shape": [-1, *IMAGE_SHAPE]}],
        "outputs": [{"name": OUTPUT, "datatype": "FP32", "shape": [-1, len(CLASSES)]}],
    }
