"""JSON values without a declared datatype or shape: a value a row becomes a tensor."""

from __future__ import annotations

import base64
import binascii
from types import NoneType
from typing import Any

from collector.codecs.bad_tensor import BadTensor
from collector.codecs.decoded import Tensor
from collector.codecs.json_values import flattened, numbers
from collector.codecs.shapes import ElementRoom, shaped
from collector.codecs.texts import TextOrBytes, object_array, text_or_bytes


def json_column(name: str, rows: list[Any], room: ElementRoom) -> Tensor:
    """A tensor whose first axis is the row.

    Texts, and bytes as ``{"b64": "…"}``, become BYTES; booleans BOOL; whole numbers INT64; other numbers
    FP64. A null is missing, and so is a row that is null where the others are lists.

    Parameters
    ----------
    rows
        One JSON value a row: a scalar or nested lists.
    room
        What the message may still hold.

    Raises
    ------
    BadTensor
        ``bad_data`` for objects and for texts among numbers; ``no_value``; ``ragged``; ``too_large``.

    >>> column = json_column("x", [[1, 2], None, [5, 6]], ElementRoom())
    >>> column.datatype, column.values.tolist()
    ('INT64', [[1.0, 2.0], [nan, nan], [5.0, 6.0]])
    """
    flat, shape, types = flattened(rows)
    types.discard(NoneType)
    room.take(len(flat))
    if not types:
        raise BadTensor("no_value")
    if types <= {int, float, bool}:
        datatype = "BOOL" if types == {bool} else "FP64" if float in types else "INT64"
        return Tensor(name, datatype, shaped(numbers(flat), shape))
    if types <= {str, dict}:
        texts = flat if dict not in types else [_text(value) for value in flat]
        return Tensor(name, "BYTES", shaped(object_array(texts), shape))
    raise BadTensor("bad_data")


def is_bytes(value: object) -> bool:
    """Whether a JSON value is TensorFlow Serving's form of bytes: ``{"b64": "…"}``."""
    return type(value) is dict and len(value) == 1 and type(value.get("b64")) is str


def _text(value: Any) -> TextOrBytes | None:
    if type(value) is str or value is None:
        return value
    if not is_bytes(value):
        raise BadTensor("bad_data")
    try:
        return text_or_bytes(base64.b64decode(value["b64"], validate=True))
    except (binascii.Error, ValueError) as error:
        raise BadTensor("bad_data") from error
