"""Settings of the story: a month of watching in a minute and a half, on free ports of this machine."""

from __future__ import annotations

import base64
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from demo.digits import MODEL
from driftline.engine.config import free_port
from driftline.errors import PortInUse

WINDOW_SECONDS = 1
ACCURACY_TOLERANCE = 0.05
HEALTHY_WINDOWS = 30
"""Healthy windows before the scanner wears out: from them the detectors learn how much windows differ."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports of the story's servers."""

    page: int
    model_server: int
    collector: int
    pipeline: int

    @classmethod
    def choose(cls, page: int | None) -> Ports:
        """Free ports; ``page`` is taken as it is when given, :class:`PortInUse` when it is taken."""
        if page is not None:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", page))
                except OSError as error:
                    raise PortInUse(
                        f"port {page} cannot be used for the page: {error.strerror}; give another --port, "
                        "or none for a free one"
                    ) from error
        return cls(page or free_port(), free_port(), free_port(), free_port())


@dataclass(frozen=True, slots=True)
class Places:
    """Folders and files of one story."""

    folder: Path

    @property
    def models(self) -> Path:
        """The model repository."""
        return self.folder / "models"

    @property
    def labelled(self) -> Path:
        """Labelled captures for the next training."""
        return self.folder / "labelled"

    @property
    def worn_flag(self) -> Path:
        """Exists from the moment that the scanner is worn."""
        return self.folder / "scanner-is-worn"

    @property
    def traffic_report(self) -> Path:
        """What the traffic driver has sent."""
        return self.folder / "traffic.json"


def loopback(port: int) -> str:
    """The URL of a server of this story."""
    return f"http://127.0.0.1:{port}"


def new_webhook_secret() -> str:
    """A fresh signing key, as Standard Webhooks writes one."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def write_settings(folder: Path, ports: Ports) -> Path:
    """Write the ``driftline.yaml`` that ``driftline serve``, ``collect`` and ``node`` share."""
    settings: dict[str, Any] = {
        "state_dir": str(folder / "state"),
        "api_port": ports.page,
        "window_seconds": WINDOW_SECONDS,
        "allowed_lateness_seconds": 1.0,
        "cycle_seconds": 1.0,
        "lookback_windows": 120,
        "min_samples": 50,
        # The pools are a few hundred documents each, so two of them differ by chance in ways that do not
        # matter: what counts here is a change of a third of a standard deviation, or of 5 points.
        "drift_tolerance": 0.3,
        "accuracy_tolerance": ACCURACY_TOLERANCE,
        "resolve_after_windows": 6,
        "collector_flush_seconds": 0.5,
        "notify_urls": [f"{loopback(ports.pipeline)}/alerts"],
        "pipeline_url": f"{loopback(ports.pipeline)}/retrain",
        "pipeline_trigger": "decay",
        "node_interval_seconds": 2.0,
        "cost_cpu_core_hour_usd": 0.04,
        "cost_memory_gib_hour_usd": 0.005,
    }
    path = folder / "driftline.yaml"
    path.write_text(
        f"# Written by driftline demo for the model {MODEL}.\n{yaml.safe_dump(settings, sort_keys=False)}",
        encoding="utf-8",
    )
    return path
