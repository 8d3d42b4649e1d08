"""The shape every view shares: frozen, closed, and without NaN or infinity."""

from __future__ import annotations

import math
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict


class Record(BaseModel):
    """A frozen view; built from a row of the store, sent as JSON, and read by the pages."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


def finite(value: Any) -> Any:
    """Return ``value``, or ``None`` in place of NaN and the infinities, which JSON cannot hold.

    >>> finite(float("nan")) is None, finite(0.5), finite(None) is None
    (True, 0.5, True)
    """
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


Figure = Annotated[float | None, BeforeValidator(finite)]
"""A number that may be unknown; never NaN and never infinite."""

JsonObject = dict[str, Any]


def parse_json_object(text: str) -> JsonObject:
    """Parse a JSON object stored as text; an empty or damaged one reads as ``{}``.

    A view must not fail because a pipeline once reported something unreadable: the text itself is
    kept under ``unreadable``.

    >>> parse_json_object('{"a": 1}'), parse_json_object(""), parse_json_object("oops")
    ({'a': 1}, {}, {'unreadable': 'oops'})
    """
    if not text:
        return {}
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {"unreadable": text}
    return parsed if isinstance(parsed, dict) else {"value": parsed}
