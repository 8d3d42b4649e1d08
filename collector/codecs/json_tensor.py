"""V2 tensors whose values stand in the JSON, nested or flat, beside their datatype and shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from collector.codecs.bad_tensor import BadTensor
from collector.codecs.decoded import FLOAT_DATATYPES, NUMERIC_DATATYPES, Tensor
from collector.codecs.json_values import flattened, numbers
from collector.codecs.shapes import checked_shape, shaped
from collector.codecs.texts import object_array


def json_tensor(name: str, datatype: object, shape: object, data: object) -> Tensor:
    """A tensor as JSON declares it; all arguments but the name unchecked.

    Raises
    ------
    BadTensor
        ``unknown_datatype``, ``bad_shape``, ``bad_data`` (another type than the datatype says, fractions of
        whole numbers), ``ragged``, ``too_large``.
    """
    if type(datatype) is not str:
        raise BadTensor("unknown_datatype")
    sizes, elements = checked_shape(shape)
    if type(data) is not list:
        raise BadTensor("bad_data")
    if data and type(data[0]) is list:
        data, _, _ = flattened(data)
    if len(data) != elements:
        raise BadTensor("bad_shape")
    if datatype in FLOAT_DATATYPES:
        return Tensor(name, datatype, shaped(numbers(data), sizes))
    if datatype == "BYTES":
        return Tensor(name, "BYTES", shaped(object_array(_texts(data)), sizes))
    if datatype in NUMERIC_DATATYPES or datatype == "BOOL":
        values = numbers(data)
        with np.errstate(invalid="ignore"):
            if np.any(np.mod(values, 1.0) > 0.0):
                raise BadTensor("bad_data")
        return Tensor(name, datatype, shaped(values, sizes))
    raise BadTensor("unknown_datatype")


def _texts(data: list[Any]) -> list[str]:
    if not set(map(type, data)) <= {str}:
        raise BadTensor("bad_data")
    return data
