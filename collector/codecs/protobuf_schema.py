"""Protobuf message classes from a compact table of fields, without generated code.

A field that a table leaves out is skipped when a message is parsed. Maps are declared as what they are on
the wire, repeated messages of a key and a value, so that a key given twice is seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message

from collector.reasons import Undecodable

Schema = Mapping[str, Mapping[str, tuple[int, str]]]
"""Message name to its fields: name to number and type. A type is a scalar of protobuf or a message of the
same schema, with ``[]`` after it when it is repeated."""

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS: Mapping[str, Any] = {
    "bool": _Field.TYPE_BOOL,
    "bytes": _Field.TYPE_BYTES,
    "double": _Field.TYPE_DOUBLE,
    "float": _Field.TYPE_FLOAT,
    "int32": _Field.TYPE_INT32,
    "int64": _Field.TYPE_INT64,
    "string": _Field.TYPE_STRING,
    "uint32": _Field.TYPE_UINT32,
    "uint64": _Field.TYPE_UINT64,
}
_Parsed = TypeVar("_Parsed", bound=Message)

MOST_FIELDS = 200_000
"""Fields of a message, with those of its parts: an empty part of two bytes takes ninety once parsed."""
_UNCHECKED_BYTES = 64 * 1024
_LENGTH_DELIMITED = 2
_SKIPPED_BYTES = {1: 8, 5: 4, 3: 0, 4: 0}
"""After the tag, by wire type; 3 and 4 begin and end a group, whose fields are counted as its message's."""
_Parts = dict[int, "_Parts"]
"""Number of each field that is a message to the fields of that message which are."""


def message_classes(package: str, schema: Schema) -> dict[str, Any]:
    """A class for every message of a schema.

    They live in a pool of their own, so that a program may load the real definitions beside them.
    """
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in schema.items():
        message = file.message_type.add(name=name)
        for field_name, (number, declared) in fields.items():
            field = message.field.add(name=field_name, number=number)
            type_name = declared.removesuffix("[]")
            field.label = _Field.LABEL_REPEATED if declared.endswith("[]") else _Field.LABEL_OPTIONAL
            if type_name in _SCALARS:
                field.type = _SCALARS[type_name]
            else:
                field.type = _Field.TYPE_MESSAGE
                field.type_name = f".{package}.{type_name}"
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in schema
    }


def parsed(message_class: type[_Parsed], data: bytes) -> _Parsed:
    """Parse a message.

    Raises
    ------
    Undecodable
        ``malformed_body`` when it is none; ``body_too_large`` when it has more than :data:`MOST_FIELDS`.
    """
    if len(data) > _UNCHECKED_BYTES:
        _check_fields(data, _parts(message_class.DESCRIPTOR))
    try:
        return message_class.FromString(data)
    except DecodeError as error:
        raise Undecodable("malformed_body", f"not a protobuf message: {error}") from error


@cache
def _parts(descriptor: Descriptor) -> _Parts:
    return {field.number: _parts(field.message_type) for field in descriptor.fields if field.message_type}


def _check_fields(data: bytes, parts: _Parts) -> None:
    """Count fields; what is no message is left to the parser to refuse."""
    fields = 0
    waiting = [(0, len(data), parts)]
    while waiting:
        at, end, parts = waiting.pop()
        while at < end:
            fields += 1
            if fields > MOST_FIELDS:
                raise Undecodable("body_too_large", f"a protobuf message of more than {MOST_FIELDS} fields")
            tag, at = _varint(data, at, end)
            kind = tag & 7
            if kind == _LENGTH_DELIMITED:
                length, at = _varint(data, at, end)
                nested = parts.get(tag >> 3)
                if nested is not None and at + length <= end:
                    waiting.append((at, at + length, nested))
                at += length
            elif kind == 0:
                _, at = _varint(data, at, end)
            elif kind in _SKIPPED_BYTES:
                at += _SKIPPED_BYTES[kind]
            else:
                break


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return value, at
