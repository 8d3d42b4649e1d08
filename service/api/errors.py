"""One JSON shape for every failure: ``code``, ``message`` and ``request_id``."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from dashboards.web.pages import error_page
from driftline.errors import DriftlineError, StoreUnavailable
from driftline.logs import get_logger
from service.api.requests import REQUEST_ID_HEADER, request_id_of

_log = get_logger(__name__)

UNEXPECTED = (
    "something failed inside Driftline; the log of `driftline serve` has the detail under this request_id"
)
_RETRY_AFTER_SECONDS = 5


class ErrorBody(BaseModel):
    """What went wrong, the value received and what to do about it."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "code": "not_found",
                "message": "model 'digits' is unknown: register a contract with `driftline register`, "
                "or let a collector infer one from its traffic",
                "request_id": "6f1d2c0a9b3e4f7f8a5d1c2b3a4f5e6d",
            }
        },
    )

    code: str = Field(description="Stable name of the kind of failure.")
    message: str
    request_id: str = Field(description="Also in the x-request-id header and in the log.")


def install_error_handlers(app: FastAPI) -> None:
    """Answer every failure of ``app`` in the one shape; unexpected ones are caught in ``requests``."""
    app.add_exception_handler(DriftlineError, _driftline_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)


def error_response(request: Request, status: int, code: str, message: str) -> Response:
    """The failure as JSON, or as a page for a browser that asked for a page."""
    request_id = request_id_of(request.scope)
    headers = {REQUEST_ID_HEADER: request_id}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = str(_RETRY_AFTER_SECONDS)
    if _wants_page(request):
        return error_page(request, status, message, request_id, headers)
    body = ErrorBody(code=code, message=message, request_id=request_id)
    return JSONResponse(body.model_dump(), status_code=status, headers=headers)


def unexpected_response(request: Request) -> Response:
    """The fixed answer to an error nobody foresaw; nothing of it leaves the process."""
    return error_response(request, HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", UNEXPECTED)


def _wants_page(request: Request) -> bool:
    path = request.url.path
    machine = path.startswith(("/api/", "/static/")) or path in ("/metrics", "/healthz", "/readyz")
    return not machine and "text/html" in request.headers.get("accept", "")


def _driftline_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DriftlineError)
    if error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request failed", code=error.code, error=error.message, path=request.url.path)
        if not isinstance(error, StoreUnavailable):
            # The text of a failed query or setting may hold what callers must not see.
            return error_response(request, error.http_status, error.code, UNEXPECTED)
    return error_response(request, error.http_status, error.code, error.message)


def _invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    message = "; ".join(_fault(fault) for fault in error.errors())
    return error_response(request, HTTPStatus.UNPROCESSABLE_ENTITY, "bad_input", message)


def _fault(fault: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    received = fault.get("input")
    shown = f" (got {received!r:.100})" if isinstance(received, str | int | float | bool) else ""
    return f"{place}: {fault['msg']}{shown}"


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        message = (
            f"there is nothing at {request.url.path!r}: /api/v1/openapi.json lists the routes of the API"
        )
        return error_response(request, error.status_code, "not_found", message)
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    message = f"{request.method} {request.url.path}: {error.detail}"
    response = error_response(request, error.status_code, code, message)
    response.headers.update(error.headers or {})
    return response
