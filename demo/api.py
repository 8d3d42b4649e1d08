"""Driftline's HTTP API as the demo's programs use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx2

from driftline.errors import DriftlineError, PermanentDelivery, RetryableDelivery


class DriftlineApi:
    """A client of ``driftline serve``; use as a context manager.

    Every call raises ``RetryableDelivery`` when the service cannot be reached or fails, and
    ``PermanentDelivery`` with its own message when it refuses.
    """

    def __init__(self, base_url: str, timeout_seconds: float = 10.0) -> None:
        self._client = httpx2.Client(base_url=f"{base_url}/api/v1", timeout=timeout_seconds, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, **parameters: str | int) -> Any:
        """The JSON at ``path``, which starts with ``/``."""
        return self._call("GET", path, parameters=parameters)

    def put_contract(self, model: str, contract: Mapping[str, Any]) -> None:
        """Declare what a model takes and gives."""
        self._call("PUT", f"/models/{model}/contract", body=contract)

    def post_baseline(self, model: str, baseline: Mapping[str, Any]) -> None:
        """Store a reference; see :func:`demo.model_contract.baseline_body`."""
        self._call("POST", f"/models/{model}/baselines", body=baseline)

    def post_labels(self, model: str, labels: Sequence[Mapping[str, str]]) -> None:
        """Deliver ground truths: ``event_id`` and ``label`` each."""
        self._call("POST", f"/models/{model}/labels", body={"labels": list(labels)})

    def _call(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            answer = self._client.request(method, path, params=parameters, json=body)
        except httpx2.TransportError as error:
            raise RetryableDelivery(
                f"{method} {path}: {type(error).__name__} {error}", "unreachable"
            ) from error
        if answer.is_success:
            return answer.json() if answer.content else None
        raise refusal(f"{method} {path}", answer)


def refusal(what: str, answer: httpx2.Response) -> DriftlineError:
    """The error that an unsuccessful answer stands for."""
    message = f"{what} answered {answer.status_code}: {answer.text[:500]}"
    if answer.status_code >= 500:
        return RetryableDelivery(message, "server_error")
    return PermanentDelivery(message, "rejected")
