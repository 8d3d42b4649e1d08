"""What `driftline collect` is told, and what of it its worker process needs."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, cast

import orjson

from collector.endpoint import Endpoint
from driftline.errors import InvalidInput
from driftline.settings import Settings


@dataclass(frozen=True, slots=True)
class CollectOptions:
    """Options of one collector.

    Attributes
    ----------
    listen, upstream
        ``HOST:PORT`` where clients connect, and where the model server is.
    instance
        Name of the model instance; the host's name when empty.
    sample_rate
        Probability in (0, 1] with which a request is kept.
    model_rates
        Probabilities of single models, in place of ``sample_rate``.
    flush_seconds
        Longest time an event waits for its batch.
    drain_seconds
        Time that requests in flight are given at shutdown.
    """

    listen: str
    upstream: str
    instance: str = ""
    sample_rate: float = 1.0
    model_rates: Mapping[str, float] = field(default_factory=dict)
    flush_seconds: float = 0.5
    drain_seconds: float = 10.0

    def __post_init__(self) -> None:
        Endpoint.parse(self.listen)
        Endpoint.parse(self.upstream)
        for name, rate in {"sample_rate": self.sample_rate, **self.model_rates}.items():
            if not 0 < rate <= 1:
                raise InvalidInput(f"sampling rate of {name} must be above 0 and at most 1, got {rate!r}")
        if self.flush_seconds <= 0:
            raise InvalidInput(f"flush_seconds must be above 0, got {self.flush_seconds!r}")


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """Everything the worker is told, in the first frame it reads.

    The ClickHouse URL may hold a password; it travels over a private socket pair, never on a command
    line or in an environment.
    """

    clickhouse_url: str | None
    clickhouse_database: str
    state_dir: str
    event_ttl_days: int
    log_level: str
    log_format: Literal["auto", "json", "console"]
    instance: str
    sample_rate: float
    model_rates: dict[str, float]
    flush_seconds: float

    @classmethod
    def build(cls, settings: Settings, options: CollectOptions) -> Self:
        """The part of settings and options that the worker uses."""
        url = settings.clickhouse_url
        return cls(
            clickhouse_url=url.get_secret_value() if url is not None else None,
            clickhouse_database=settings.clickhouse_database,
            state_dir=str(Path(settings.state_dir).resolve()),
            event_ttl_days=settings.event_ttl_days,
            log_level=settings.log_level,
            log_format=settings.log_format,
            instance=options.instance or socket.gethostname(),
            sample_rate=options.sample_rate,
            model_rates=dict(options.model_rates),
            flush_seconds=options.flush_seconds,
        )

    def to_json(self) -> bytes:
        """This configuration as JSON."""
        return orjson.dumps(asdict(self))

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """The inverse of :meth:`to_json`."""
        return cls(**cast(dict[str, Any], orjson.loads(data)))
