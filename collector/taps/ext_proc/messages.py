"""The part of ``envoy.service.ext_proc.v3`` that is read, as a table of field numbers.

Field numbers never change once published (protobuf's compatibility rule), and unknown fields are skipped, so
this table reads any version of Envoy. The published stubs (``xds-protos``) would install the whole control
plane API and packages such as ``test`` and ``opentelemetry`` that belong to others.

Source: ``envoy/service/ext_proc/v3/external_processor.proto``, ``envoy/config/core/v3/base.proto``,
``google/protobuf/struct.proto``.
"""

from __future__ import annotations

from typing import Any

from collector.codecs.protobuf_schema import message_classes

# Texts are read as bytes: protobuf would refuse a whole message for one header that is not UTF-8.
ProcessingRequest = message_classes(
    "driftline.ext_proc",
    {
        "HeaderValue": {"key": (1, "bytes"), "value": (2, "bytes"), "raw_value": (3, "bytes")},
        "HeaderMap": {"headers": (1, "HeaderValue[]")},
        "Value": {"string_value": (3, "bytes")},
        "ValueEntry": {"key": (1, "bytes"), "value": (2, "Value")},
        "Struct": {"fields": (1, "ValueEntry[]")},
        "StructEntry": {"key": (1, "bytes"), "value": (2, "Struct")},
        "HttpHeaders": {"headers": (1, "HeaderMap"), "end_of_stream": (3, "bool")},
        "HttpBody": {"body": (1, "bytes"), "end_of_stream": (2, "bool")},
        "HttpTrailers": {"trailers": (1, "HeaderMap")},
        "ProcessingRequest": {
            "request_headers": (2, "HttpHeaders"),
            "response_headers": (3, "HttpHeaders"),
            "request_body": (4, "HttpBody"),
            "response_body": (5, "HttpBody"),
            "request_trailers": (6, "HttpTrailers"),
            "response_trailers": (7, "HttpTrailers"),
            "attributes": (9, "StructEntry[]"),
        },
    },
)["ProcessingRequest"]
"""Protobuf class of the messages that Envoy sends."""


def header_pairs(header_map: Any) -> list[tuple[str, str]]:
    """Names (lower-case) and values of a ``HeaderMap``, in ``raw_value`` or, by older versions, ``value``."""
    return [
        (header.key.lower().decode("latin-1"), (header.raw_value or header.value).decode("latin-1"))
        for header in header_map.headers
    ]


def attribute(message: Any, name: str) -> str:
    """A string attribute of ``request_attributes`` in Envoy's configuration, or empty."""
    wanted = name.encode()
    for entry in message.attributes:
        for field in entry.value.fields:
            if field.key == wanted:
                return str(field.value.string_value, "utf-8", "replace")
    return ""
