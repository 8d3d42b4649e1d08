"""Standard Webhooks as the demo's pipeline takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import SecretStr

from driftline.errors import InvalidInput
from driftline.webhooks import verify


@dataclass(frozen=True, slots=True)
class Message:
    """A genuine message: its id, constant over redeliveries, and its JSON body."""

    id: str
    body: dict[str, Any]


def open_message(secret: SecretStr, headers: Mapping[str, str], body: bytes) -> Message:
    """Verify a delivery and read it.

    Raises
    ------
    Unauthorized
        A header is missing, the signature is not by this key, or the message is older than 5 minutes.
    InvalidInput
        It is genuine but not a JSON object.
    """
    message_id = verify(secret, headers, body)
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"the webhook's body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise InvalidInput(f"the webhook's body must be an object, got {type(content).__name__}")
    return Message(message_id, content)
