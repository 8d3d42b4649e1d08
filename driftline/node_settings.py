"""What ``driftline node`` is told: which processes serve which model, and which exporters to read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

ExporterKind = Literal["dcgm", "hami", "gpumanager", "npu", "triton", "custom"]

Quantity = Literal[
    "card_utilization",
    "card_memory_used",
    "card_memory_free",
    "card_memory_total",
    "card_power",
    "user_core",
    "user_memory",
    "user_core_allocated",
    "user_memory_allocated",
]
"""What a metric can tell: of a card as a whole, or of one container on it.

Shares (utilization, core) are 0..1 of the card, memory is in bytes, power in watts.
"""

LabelField = Literal["device", "index", "name", "namespace", "pod", "container"]

_GROUP = re.compile(r"\{(\w+)\}")


class Workload(BaseModel):
    """Which processes or pods of this node serve which model: exactly one way to find them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(
        description="Model the processes serve, as in its contract; {name} stands for that group of `pod`."
    )
    instance: str = Field(
        default="", description="Name of the instance; when empty the pod's name, else the node's."
    )
    pid: int | None = Field(default=None, description="Process id; its children are counted too.")
    pidfile: Path | None = Field(default=None, description="File holding the process id.")
    command: str | None = Field(
        default=None, description="Regular expression searched in the command line of every process."
    )
    pod: str | None = Field(
        default=None, description="Regular expression that the whole name of a pod matches."
    )
    namespace: str = Field(default="", description="With `pod`: namespace of the pod; any when empty.")
    container: str = Field(
        default="",
        description="With `pod`: regular expression that the container's whole name matches; any when empty.",
    )

    @field_validator("command", "pod", "container")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = (self.pid, self.pidfile, self.command, self.pod)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("give exactly one of pid, pidfile, command and pod")
        if self.pod is None and (self.namespace or self.container):
            raise ValueError("namespace and container need pod")
        groups = re.compile(self.pod).groupindex if self.pod is not None else {}
        unknown = [name for name in _GROUP.findall(self.model) if name not in groups]
        if unknown:
            raise ValueError(f"model names {{{unknown[0]}}}, which is no group of pod, as (?P<name>...)")
        return self

    def model_of_pod(self, groups: dict[str, str]) -> str:
        """The model's name with the groups that ``pod`` matched filled in.

        >>> Workload(model="{app}-zh", pod="(?P<app>[a-z]+)-.*").model_of_pod({"app": "ocr"})
        'ocr-zh'
        """
        return _GROUP.sub(lambda found: groups.get(found[1]) or "", self.model)


class ExporterMetric(BaseModel):
    """What one metric of an exporter of kind `custom` means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantity: Quantity = Field(
        description="What it tells: of the whole card, or of one container (user) on it."
    )
    factor: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        description="What its value is multiplied by, so that shares are 0..1 and memory is in bytes.",
    )


class NodeExporter(BaseModel):
    """An exporter of device figures on this node."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ExporterKind = Field(description="Which names it speaks; `custom` is told by metrics and labels.")
    url: str = Field(description="Address of its metrics; it must be the exporter of this node.")
    name: str = Field(default="", description="Name in rows, logs and metrics; the kind when empty.")
    token_file: Path | None = Field(
        default=None, description="File with a bearer token that requests carry, read at every request."
    )
    ca_file: Path | None = Field(
        default=None, description="Certificates that its https address is checked against."
    )
    metrics: dict[str, ExporterMetric] = Field(
        default_factory=dict, description="For `custom`: metric name to what it means, preferred ones first."
    )
    labels: dict[LabelField, str] = Field(
        default_factory=dict, description="For `custom`: our label to the exporter's label."
    )

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("not an http:// or https:// address")
        if parts.username or parts.password:
            raise ValueError("no credentials in an address: give token_file")
        return value

    @model_validator(mode="after")
    def _custom_is_told(self) -> Self:
        if self.kind != "custom" and (self.metrics or self.labels):
            raise ValueError(f"metrics and labels are for kind custom, got kind {self.kind}")
        if self.kind == "custom":
            if not self.metrics:
                raise ValueError("kind custom needs metrics")
            if not {"device", "index"} & self.labels.keys():
                raise ValueError("kind custom needs labels for device or index")
        return self

    @property
    def source(self) -> str:
        """Name of the exporter in rows, logs and metrics."""
        return self.name or self.kind

    def model_post_init(self, _context: Any) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", self.source):
            raise ValueError(f"name must be lower-case letters, digits, _ and -, got {self.name!r}")
