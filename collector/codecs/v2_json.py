"""V2 Open Inference protocol over HTTP with JSON bodies: ``POST /v2/models/{m}[/versions/{v}]/infer``."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote

import numpy as np
import orjson
from numpy.typing import NDArray

from collector.codecs.decoded import NUMERIC_DATATYPES, Inference, Tensor, count_rows
from collector.reasons import Undecodable

_ROUTE = re.compile(r"/v2/models/([^/?#]+)(?:/versions/([^/?#]+))?/infer(?:[?#].*)?")
_FIRST_SHAPE = re.compile(rb'"shape"\s*:\s*\[\s*(\d{1,9})')
_VERSION = re.compile(rb'"model_version"\s*:\s*"([^"\\]{1,128})"')
_Scalar = TypeVar("_Scalar", bound=np.generic)
_MOST_ELEMENTS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Route:
    """Which model a request is for; ``version`` is empty when the path names none."""

    model: str
    version: str


def route(method: str, target: str) -> Route | None:
    """The model that an inference request is for, or ``None`` for any other request.

    >>> route("POST", "/v2/models/digits-ocr/versions/3/infer")
    Route(model='digits-ocr', version='3')
    >>> route("GET", "/v2/models/digits-ocr/ready") is None
    True
    """
    match = _ROUTE.fullmatch(target) if method == "POST" else None
    return Route(unquote(match[1]), unquote(match[2] or "")) if match else None


def glance(request: bytes, response: bytes) -> tuple[int, str]:
    """Rows and version of an exchange that is not decoded, as far as a search for them tells.

    Rows are the first dimension of the first tensor of the response, else of the request.
    """
    shape = _FIRST_SHAPE.search(response) or _FIRST_SHAPE.search(request)
    version = _VERSION.search(response)
    rows = int(shape[1]) if shape else 1
    return max(1, rows), clean_text(version[1].decode("utf-8", "replace")) if version else ""


def decode(request: bytes, response: bytes | None) -> Inference:
    """Decode the bodies of an exchange.

    Parameters
    ----------
    request, response
        Bodies without content encoding; ``None`` for the response of a failed request.

    Returns
    -------
    Inference
        ``version`` is the response's ``model_version``, or empty.

    Raises
    ------
    Undecodable
        ``malformed_body`` when a body is no V2 message, ``binary_tensors`` when tensors follow the JSON,
        ``mismatched_id`` when the response names another request. A single bad tensor does not raise:
        it is left out and named in ``faults``.
    """
    asked = _object(request)
    answered = _object(response) if response is not None else {}
    faults: dict[str, str] = {}
    inputs = _tensors(asked, "inputs", faults)
    outputs = _tensors(answered, "outputs", faults) if response is not None else {}
    request_id, response_id = _text(asked.get("id")), _text(answered.get("id"))
    if request_id and response_id and request_id != response_id:
        raise Undecodable("mismatched_id", f"request {request_id!r}, response {response_id!r}")
    rows, batched = count_rows([*inputs.values(), *outputs.values()])
    return Inference(
        request_id=request_id,
        version=_text(answered.get("model_version")),
        rows=rows,
        batched=batched,
        inputs=inputs,
        outputs=outputs,
        faults=faults,
    )


def clean_text(value: str, length: int = 256) -> str:
    """``value`` as UTF-8 can hold it, cut to ``length`` characters."""
    return value[:length].encode("utf-8", "replace").decode("utf-8")


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        # Many servers write NaN and Infinity, which JSON does not have.
        try:
            value = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise Undecodable("malformed_body", f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Undecodable("malformed_body", f"a JSON {type(value).__name__} in place of an object")
    return value


def _tensors(message: Mapping[str, Any], key: str, faults: dict[str, str]) -> dict[str, Tensor]:
    items = message.get(key)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Undecodable("malformed_body", f"{key} is not a list of tensors")
    found: dict[str, Tensor] = {}
    for item in items:
        name = item.get("name")
        if not isinstance(name, str) or not name:
            raise Undecodable("malformed_body", f"a tensor of {key} has no name")
        parameters = item.get("parameters")
        if isinstance(parameters, dict) and "binary_data_size" in parameters:
            raise Undecodable("binary_tensors", name[:100])
        try:
            found[name] = _tensor(name, item)
        except _BadTensor as error:
            faults[name] = str(error)
    return found


class _BadTensor(Exception):
    pass


def _tensor(name: str, item: Mapping[str, Any]) -> Tensor:
    datatype, shape, data = item.get("datatype"), item.get("shape"), item.get("data")
    if not isinstance(datatype, str):
        raise _BadTensor("unknown_datatype")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise _BadTensor("bad_shape")
    if not isinstance(data, list) or math.prod(shape) > _MOST_ELEMENTS:
        raise _BadTensor("bad_data")
    if datatype == "BYTES":
        flat = _flat_texts(data)
        values = np.empty(len(flat), dtype=object)
        values[:] = flat
        return Tensor(name, datatype, _shaped(values, shape))
    if datatype == "BOOL" or datatype in NUMERIC_DATATYPES:
        try:
            numbers = np.asarray(data, dtype=np.float64)
        except (ValueError, TypeError, OverflowError) as error:
            raise _BadTensor("bad_data") from error
        return Tensor(name, datatype, _shaped(numbers.reshape(-1), shape))
    raise _BadTensor("unknown_datatype")


def _shaped(values: NDArray[_Scalar], shape: list[int]) -> NDArray[_Scalar]:
    if values.size != math.prod(shape):
        raise _BadTensor("bad_shape")
    return values.reshape(shape)


def _flat_texts(data: list[Any]) -> list[str]:
    flat: list[str] = []
    waiting = [iter(data)]
    while waiting:
        for item in waiting[-1]:
            if isinstance(item, list):
                waiting.append(iter(item))
                break
            if not isinstance(item, str):
                raise _BadTensor("bad_data")
            flat.append(item)
        else:
            waiting.pop()
    return flat


def _text(value: object) -> str:
    return clean_text(value) if isinstance(value, str) else ""
