"""Which codec reads a request, and what its path tells of the model."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from collector.codecs.by_content import ByContent
from collector.codecs.codec import Codec, Route
from collector.codecs.decoded import clean_text
from collector.codecs.tfs_rest import TfsRest
from collector.codecs.v2_rest import V2Rest
from driftline.payload_mapping import PayloadMapping

if TYPE_CHECKING:
    from collector.codecs.mapped import Mapped

Mappings = tuple[PayloadMapping, ...]

_LONGEST_TARGET = 2048
_ORIGIN = r"(?:https?://[^/]*)?"  # a proxy's request carries it
_QUERY = r"(?:[?#].*)?"
_V2 = re.compile(rf"{_ORIGIN}/v2/models/([^/?#]+)(?:/versions/([^/?#]+))?/infer{_QUERY}")
_V1 = re.compile(
    rf"{_ORIGIN}/v1/models/([^/?#:]+?)(?:/(?:versions|labels)/([^/?#:]+?))?"
    rf"(?::|%3[Aa])(?:predict|classify|regress){_QUERY}"
)
_GRPC_TYPES = {f"application/grpc{web}{encoding}" for web in ("", "-web") for encoding in ("", "+proto")}
"""gRPC-Web's text form is base64, and gRPC with JSON is nobody's: neither is read."""

_V2_REST, _TFS_REST, _BY_CONTENT = V2Rest(), TfsRest(), ByContent()


def find_route(method: str, target: str, content_type: str = "", mappings: Mappings = ()) -> Route | None:
    """The codec of a request and what its path tells, or ``None`` when it is no inference.

    Parameters
    ----------
    target
        Path with the query.
    content_type
        Of the request; a gRPC path with another one is no inference.
    mappings
        Of the settings; they win over the known protocols.

    >>> route = find_route("POST", "/v2/models/digits-ocr/versions/3/infer")
    >>> type(route.codec).__name__, route.model, route.version
    ('V2Rest', 'digits-ocr', '3')
    >>> find_route("GET", "/v2/models/digits-ocr/ready") is None
    True
    """
    # What is cached is bounded: by the number of entries and by their length.
    if len(target) > _LONGEST_TARGET or len(method) > 20:
        return None
    return _find_route(method, target, _grpc_like(content_type), mappings)


def route_by_content(model: str, mappings: Mappings = ()) -> Route:
    """The route of bodies that come without a path; the bodies' keys tell V2 from V1.

    >>> type(route_by_content("digits-ocr").codec).__name__
    'ByContent'
    """
    return Route(next((_mapped(one) for one in mappings if one.model == model), _BY_CONTENT), model)


@lru_cache(maxsize=1024)
def _find_route(method: str, target: str, grpc: bool | None, mappings: Mappings) -> Route | None:
    path = re.split("[?#]", target, maxsplit=1)[0]
    for mapping in mappings:
        route = _mapped(mapping).route(method, path)
        if route is not None:
            return route
    if method != "POST":
        return None
    if path in _GRPC_METHODS:
        return Route(_grpc_codec(path)) if grpc is not False else None
    match = _V2.fullmatch(target)
    if match is not None:
        return Route(_V2_REST, _name(match[1]), _name(match[2]))
    match = _V1.fullmatch(target)
    if match is not None:
        return Route(_TFS_REST, _name(match[1]), _name(match[2]))
    return None


_GRPC_METHODS = {
    "/inference.GRPCInferenceService/ModelInfer": "V2Grpc",
    "/inference.GRPCInferenceService/ModelStreamInfer": "V2GrpcStream",
    "/tensorflow.serving.PredictionService/Predict": "TfsGrpc",
}


@cache
def _mapped(mapping: PayloadMapping) -> Mapped:
    from collector.codecs.mapped import Mapped  # 8 MB that only mappings cost

    return Mapped(mapping)


@cache
def _grpc_codec(path: str) -> Codec:
    # Protobuf costs 7 MB, which a collector that sees no gRPC does not pay.
    name = _GRPC_METHODS[path]
    if name == "TfsGrpc":
        from collector.codecs.tfs_grpc import TfsGrpc

        return TfsGrpc()
    from collector.codecs.v2_grpc import V2Grpc, V2GrpcStream

    return V2Grpc() if name == "V2Grpc" else V2GrpcStream()


def _grpc_like(content_type: str) -> bool | None:
    """Whether it is the content type of gRPC with protobuf messages; ``None`` when there is none."""
    if not content_type:
        return None
    return content_type.partition(";")[0].strip().lower() in _GRPC_TYPES


def _name(part: str | None) -> str:
    return clean_text(unquote(part)) if part else ""
