"""Comparison of our tables of protobuf fields with published definitions."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor

_LIKE_ON_THE_WIRE = {FieldDescriptor.TYPE_ENUM: FieldDescriptor.TYPE_INT32}


def compared_fields(ours: Any, theirs: Any) -> int:
    """Asserts that every field of ours is one of theirs; returns how many there were, nested ones too."""
    known = {field.name: field for field in theirs.fields}
    compared = 0
    for field in ours.fields:
        other = known[field.name]
        assert (field.number, field.type) == (other.number, _LIKE_ON_THE_WIRE.get(other.type, other.type))
        assert field.is_repeated == other.is_repeated
        compared += 1
        if field.message_type is not None:
            compared += compared_fields(field.message_type, other.message_type)
    return compared
