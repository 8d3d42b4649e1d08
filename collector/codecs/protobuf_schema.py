"""Protobuf message classes from a compact table of fields, without generated code.

A field that a table leaves out is skipped when a message is parsed. Maps are declared as what they are on
the wire, repeated messages of a key and a value, so that a key given twice is seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
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
    """Parse a message; raises :class:`Undecodable` (``malformed_body``)."""
    try:
        return message_class.FromString(data)
    except DecodeError as error:
        raise Undecodable("malformed_body", f"not a protobuf message: {error}") from error
