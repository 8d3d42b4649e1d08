"""Headers of events as the loggers send them: written from KServe's and Seldon's sources, whose loggers are
Go programs that cannot be installed here.

KServe: ``pkg/logger/worker.go`` and ``handler.go`` of release 0.21. Seldon: ``executor/logger/worker.go`` of
release 1.18. Both send binary mode through the Go SDK.
"""

from __future__ import annotations

from typing import Literal

Kind = Literal["request", "response"]


def kserve_headers(
    kind: Kind, event_id: str = "4f1c", time: str = "2026-11-23T10:00:00.123456789Z"
) -> dict[str, str]:
    """An event of KServe's agent; a response carries the content type of its request."""
    return {
        "user-agent": "Go-http-client/1.1",
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-source": "http://localhost:9081/",
        "ce-type": f"org.kubeflow.serving.inference.{kind}",
        "ce-time": time,
        "ce-inferenceservicename": "digits",
        "ce-namespace": "ocr",
        "ce-component": "predictor",
        "ce-endpoint": "default",
        "ce-metadata": "{}",
        "content-type": "application/json",
    }


def seldon_headers(kind: Kind, request_id: str = "r-77") -> dict[str, str]:
    """An event of Seldon's executor; ids differ between the halves, request ids do not."""
    return {
        "user-agent": "Go-http-client/1.1",
        "ce-specversion": "1.0",
        "ce-id": f"{request_id}-{kind}",
        "ce-source": "http://:8000/",
        "ce-type": f"io.seldon.serving.inference.{kind}",
        "ce-time": "2026-11-23T10:00:00.123456789Z",
        "ce-inferenceservicename": "income",
        "ce-namespace": "seldon",
        "ce-endpoint": "default",
        "ce-modelid": "classifier",
        "ce-requestid": request_id,
        "ce-protocol": "v2",
        "content-type": "application/json",
    }
