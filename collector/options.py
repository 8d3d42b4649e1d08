"""What `driftline collect` is told, and what of it its worker process needs."""

from __future__ import annotations

import hashlib
import socket
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, cast
from urllib.parse import quote

import orjson

from collector.endpoint import Endpoint
from collector.pressure import Budget
from collector.sampling import SamplingOptions
from collector.spool.options import SpoolOptions
from driftline.errors import InvalidInput
from driftline.payload_mapping import PayloadMapping
from driftline.settings import Settings

LONGEST_NAME = 200
"""File names end at 255 bytes; this leaves room for a digest."""


@dataclass(frozen=True, slots=True)
class CollectOptions:
    """The taps of one collector, at least one of them; everything else is in the settings.

    Attributes
    ----------
    listen, upstream
        Splice: where clients connect, and where the model server is; ``HOST:PORT`` or ``unix:/PATH``.
    cloudevents
        ``HOST:PORT`` of the CloudEvents sink.
    ext_proc
        ``HOST:PORT`` of the Envoy external processor.
    client
        Path of the unix socket, or ``HOST:PORT``, of the in-process clients.
    metrics
        ``HOST:PORT`` of the Prometheus metrics.
    instance
        Name of the model instance; the host's name when empty.
    drain_seconds
        Time that requests in flight are given at shutdown.
    """

    listen: str = ""
    upstream: str = ""
    cloudevents: str = ""
    ext_proc: str = ""
    client: str = ""
    metrics: str = ""
    instance: str = ""
    drain_seconds: float = 10.0

    def __post_init__(self) -> None:
        if not (self.listen or self.cloudevents or self.ext_proc or self.client):
            raise InvalidInput(
                "nothing to collect: give --listen with --upstream, --cloudevents, --ext-proc or --client"
            )
        if bool(self.listen) != bool(self.upstream):
            raise InvalidInput(
                f"--listen and --upstream belong together, got {self.listen!r} and {self.upstream!r}"
            )
        for address in (self.listen, self.upstream, self.cloudevents, self.ext_proc, self.metrics):
            if address:
                Endpoint.parse(address, unix=address in (self.listen, self.upstream))


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
    cloudevents: str
    ext_proc: str
    client: str
    metrics: str
    flush_seconds: float
    redaction_key: str
    sampling: SamplingOptions
    budget: Budget
    spool: SpoolOptions
    mappings: tuple[PayloadMapping, ...]

    @classmethod
    def build(cls, settings: Settings, options: CollectOptions) -> Self:
        """The part of settings and options that the worker uses; :class:`InvalidInput` for a bad rate."""
        url, key = settings.clickhouse_url, settings.redaction_key
        instance = options.instance or socket.gethostname()
        return cls(
            clickhouse_url=url.get_secret_value() if url is not None else None,
            clickhouse_database=settings.clickhouse_database,
            state_dir=str(settings.state_dir.resolve()),
            event_ttl_days=settings.event_ttl_days,
            log_level=settings.log_level,
            log_format=settings.log_format,
            instance=instance,
            cloudevents=options.cloudevents,
            ext_proc=options.ext_proc,
            client=options.client,
            metrics=options.metrics,
            flush_seconds=settings.collector_flush_seconds,
            redaction_key=key.get_secret_value() if key is not None else "",
            sampling=SamplingOptions(
                rate=settings.sample_rate,
                model_rates=dict(settings.sample_rates),
                by_trace=settings.sample_by_trace,
                adaptive=settings.sample_adaptive,
                rare_share=settings.sample_rare_share,
                episode_factor=settings.sample_episode_factor,
            ),
            budget=Budget(settings.collector_cpu_cores, settings.collector_bytes_per_second),
            spool=SpoolOptions(
                folder=_spool_folder(settings, options, instance),
                max_bytes=settings.spool_bytes,
                max_age_seconds=settings.spool_age_seconds,
                fsync=settings.spool_fsync,
            ),
            mappings=settings.mappings,
        )

    def to_json(self) -> bytes:
        """This configuration as JSON."""
        return orjson.dumps(
            asdict(self) | {"mappings": [mapping.model_dump(mode="json") for mapping in self.mappings]}
        )

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """The inverse of :meth:`to_json`."""
        values = cast(dict[str, Any], orjson.loads(data))
        return cls(
            **values
            | {
                "sampling": SamplingOptions(**values["sampling"]),
                "budget": Budget(**values["budget"]),
                "spool": SpoolOptions(**values["spool"]),
                "mappings": tuple(PayloadMapping.model_validate(mapping) for mapping in values["mappings"]),
            }
        )


def _spool_folder(settings: Settings, options: CollectOptions, instance: str) -> str:
    """A folder of this collector's own, another one for every name: two workers never share a spool."""
    tap = options.listen or options.cloudevents or options.ext_proc or options.client
    name = quote(f"{instance}@{tap}", safe="@:", errors="backslashreplace").lstrip(".")
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return str((settings.spool_dir or settings.state_dir / "spool").resolve() / name)
