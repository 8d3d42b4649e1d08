"""gRPC's health service, by which Envoy knows whether copies may be sent here.

Source: ``grpc/health/v1/health.proto``.
"""

from __future__ import annotations

from typing import Any

import grpc

from collector.codecs.protobuf_schema import message_classes

_SERVING = 1
_CLASSES = message_classes(
    "driftline.health",
    {"HealthCheckRequest": {"service": (1, "bytes")}, "HealthCheckResponse": {"status": (1, "int32")}},
)


async def _check(_request: Any, _context: object) -> Any:
    return _CLASSES["HealthCheckResponse"](status=_SERVING)


def health_service() -> grpc.GenericRpcHandler:
    """Answers ``Check`` with SERVING: a loop that is too busy, or frozen, does not answer."""
    check: grpc.RpcMethodHandler[Any, Any] = grpc.unary_unary_rpc_method_handler(
        _check,
        request_deserializer=_CLASSES["HealthCheckRequest"].FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )
    return grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": check})
