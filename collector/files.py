"""Files inside tensors: images and sound sent as they lie on disk, plain or in base64."""

from __future__ import annotations

import base64
import binascii
from typing import Literal

_IMAGE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"II*\x00", b"MM\x00*")
_HEAD = 64


def file_kind(value: str | bytes) -> Literal["image", "audio"] | None:
    """What kind of file a value is, by its first bytes.

    >>> file_kind("iVBORw0KGgoAAAANSUhEUgAA"), file_kind("a plain sentence"), file_kind(b"RIFF....WAVEfmt ")
    ('image', None, 'audio')
    """
    head = _decoded(value[: 4 * _HEAD], part=True) if isinstance(value, str) else value[:_HEAD]
    if head is None or len(head) < 12:
        return None
    if head.startswith(b"RIFF"):
        return "image" if head[8:12] == b"WEBP" else "audio" if head[8:12] == b"WAVE" else None
    return "image" if head.startswith(_IMAGE_STARTS) else None


def file_bytes(value: str | bytes) -> bytes | None:
    """The file that a value holds; ``None`` for text that is no base64."""
    return _decoded(value, part=False) if isinstance(value, str) else value


def _decoded(text: str, *, part: bool) -> bytes | None:
    text = text.partition(",")[2] if text.startswith("data:") else text
    if part:
        text = text[: len(text) // 4 * 4]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
