"""Bodies that come without a path, as those of CloudEvents: their keys tell the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.codecs.codec import Body, Glance
from collector.codecs.decoded import Inference
from collector.codecs.tfs_rest import TfsRest, v1_inference
from collector.codecs.v2_rest import V2Rest, read_message, v2_inference

_V1_KEYS = (b'"instances"', b'"predictions"', b'"examples"', b'"results"')


class ByContent:
    """V2 or V1, whichever the bodies are; see :class:`collector.codecs.codec.Codec`."""

    def __init__(self) -> None:
        self._v2 = V2Rest()
        self._v1 = TfsRest()

    def glance(self, asked: Body | None, answered: Body | None) -> Glance:
        """Of the protocol that the start of a body looks like."""
        starts = [body.data[:4096] for body in (asked, answered) if body is not None]
        row_form = any(key in start for start in starts for key in _V1_KEYS)
        column_form = not any(b'"datatype"' in start for start in starts)
        return (self._v1 if row_form or column_form else self._v2).glance(asked, answered)

    def decode(self, asked: Body | None, answered: Body | None) -> Inference:
        """Decode an exchange; raises :class:`~collector.reasons.Undecodable` as the codecs do."""
        request = None if asked is None else read_message(asked)
        response = None if answered is None else read_message(answered)
        messages = [message for message, _ in (part for part in (request, response) if part is not None)]
        if any(_is_v2(message) for message in messages):
            return v2_inference(request, response)
        return v1_inference(
            None if request is None else request[0], None if response is None else response[0]
        )


def _is_v2(message: Mapping[str, Any]) -> bool:
    """Whether inputs or outputs are a list of tensors that say their name and datatype or shape."""
    lists = [message[key] for key in ("inputs", "outputs") if type(message.get(key)) is list]
    items = [item for items in lists for item in items if type(item) is dict]
    return any("name" in item and not item.keys().isdisjoint(("datatype", "shape")) for item in items)
