"""Probes: is the process up, can it serve, and what does Prometheus see."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from service.api.parameters import Services

router = APIRouter(tags=["probes"])


@router.get(
    "/healthz",
    summary="The process is up",
    responses={200: {"content": {"application/json": {"example": {"status": "ok"}}}}},
)
def healthz() -> dict[str, str]:
    """Answers as long as the process does; asks nothing of the store."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    summary="The store answers",
    responses={200: {"content": {"application/json": {"example": {"status": "ready"}}}}},
)
def readyz(services: Services) -> dict[str, str]:
    """503 with the reason while ClickHouse cannot be asked."""
    services.store.scalar("SELECT 1")
    return {"status": "ready"}


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"example": "driftline_store_up 1.0\n"}}}},
)
def metrics(services: Services) -> Response:
    """Requests, the control loop and the fleet's health in the Prometheus text format."""
    return Response(generate_latest(services.registry), media_type=CONTENT_TYPE_LATEST)
