"""What is wrong with a set-up, and how to mend it."""

from __future__ import annotations

import importlib.util
import os
import resource
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from driftline.contract_store import ContractStore
from driftline.engine.supervisor import running_engine_url
from driftline.errors import DriftlineError
from driftline.settings import Settings
from driftline.store import Store
from driftline.store.client import MINIMUM_VERSION
from driftline.store.migrations import migrations
from driftline.webhooks import webhook_secret
from service.server import LOOPBACK

Level = Literal["ok", "warning", "problem"]

OPEN_FILES_NEEDED = 4096
FREE_BYTES_NEEDED = 2 * 1024**3
SLOWEST_COLLECTION_SECONDS = 900
OTHER_VARIABLES = {"DRIFTLINE_CONFIG", "DRIFTLINE_DEMO_DIR", "DRIFTLINE_TEST_CLICKHOUSE_URL"}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at; ``remedy`` says what to do unless it is ok."""

    subject: str
    level: Level
    finding: str
    remedy: str = ""


def diagnose(settings: Settings) -> list[Diagnosis]:
    """Look at everything a set-up needs; never changes anything."""
    return [
        diagnosis
        for look in (_environment, _engine, _state_folder, _limits, _store, _api, _loop)
        for diagnosis in look(settings)
    ]


def _environment(_settings: Settings) -> Iterator[Diagnosis]:
    """Misspelt variables: they are ignored, which is hard to notice."""
    known = {f"DRIFTLINE_{name.upper()}" for name in Settings.model_fields} | OTHER_VARIABLES
    unknown = sorted(name for name in os.environ if name.startswith("DRIFTLINE_") and name not in known)
    if unknown:
        yield Diagnosis(
            "environment",
            "warning",
            f"{', '.join(unknown)}: no setting of that name",
            "see docs/settings.md for the names",
        )


def _engine(settings: Settings) -> Iterator[Diagnosis]:
    if settings.clickhouse_url is not None:
        return
    if importlib.util.find_spec("chdb") is not None:
        yield Diagnosis("engine", "ok", "chdb-core is installed: ClickHouse runs embedded")
    elif shutil.which("clickhouse"):
        yield Diagnosis("engine", "ok", "a clickhouse binary is on PATH: ClickHouse runs embedded")
    else:
        yield Diagnosis(
            "engine",
            "problem",
            "no ClickHouse: neither a URL nor an embedded engine",
            "pip install 'driftline[embedded]', or set DRIFTLINE_CLICKHOUSE_URL",
        )


def _state_folder(settings: Settings) -> Iterator[Diagnosis]:
    folder = settings.state_dir.resolve()
    existing = next(parent for parent in [folder, *folder.parents] if parent.exists())
    if not os.access(existing, os.W_OK):
        yield Diagnosis(
            "state folder",
            "problem",
            f"{existing} cannot be written",
            "choose another with DRIFTLINE_STATE_DIR, or mend its permissions",
        )
        return
    free = shutil.disk_usage(existing).free
    if free < FREE_BYTES_NEEDED:
        yield Diagnosis(
            "state folder",
            "warning",
            f"only {free / 1024**3:.1f} GiB free at {existing}",
            "free some space or lower DRIFTLINE_EVENT_TTL_DAYS",
        )
    elif folder.exists() and folder.stat().st_mode & 0o077 and (folder / "clickhouse.password").exists():
        yield Diagnosis("state folder", "warning", f"{folder} is open to other users", f"chmod 700 {folder}")
    else:
        yield Diagnosis("state folder", "ok", f"{folder}, {free / 1024**3:.0f} GiB free")


def _limits(_settings: Settings) -> Iterator[Diagnosis]:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < OPEN_FILES_NEEDED:
        yield Diagnosis(
            "open files",
            "warning",
            f"the limit is {soft}; ClickHouse was seen with 1,253 open files",
            f"ulimit -n {OPEN_FILES_NEEDED}",
        )
    else:
        yield Diagnosis("open files", "ok", f"limit {soft}")


def _store(settings: Settings) -> Iterator[Diagnosis]:
    if settings.clickhouse_url is not None:
        url: str | None = settings.clickhouse_url.get_secret_value()
    else:
        url = running_engine_url(settings.state_dir)
    if url is None:
        yield Diagnosis(
            "database", "ok", "the embedded ClickHouse does not run now; `driftline serve` starts it"
        )
        return
    try:
        server = Store(url, "default", timeout_seconds=10)
        server.require_version(MINIMUM_VERSION)
        found = ".".join(map(str, server.version()))
        yield Diagnosis("database", "ok", f"ClickHouse {found} at {server.address}")
        yield from _schema(Store(url, settings.clickhouse_database, timeout_seconds=10))
    except DriftlineError as error:
        yield Diagnosis("database", "problem", error.message, "see the message")


def _schema(store: Store) -> Iterator[Diagnosis]:
    known = store.with_database("default").scalar(
        "SELECT count() FROM system.tables WHERE database = {database:String} AND name = 'migrations'",
        {"database": store.database},
    )
    applied = int(store.scalar("SELECT max(number) FROM migrations") or 0) if known else 0
    newest = max(migrations())
    if applied > newest:
        yield Diagnosis(
            "tables", "problem", f"migration {applied} is from a newer Driftline", "upgrade Driftline"
        )
        return
    if applied < newest:
        yield Diagnosis(
            "tables",
            "warning",
            f"migration {applied} of {newest} is applied in {store.database!r}",
            "any command that uses the store applies the rest",
        )
        return
    yield Diagnosis("tables", "ok", f"migration {applied} of {newest} in {store.database!r}")
    yield from _collection(store)


def _collection(store: Store) -> Iterator[Diagnosis]:
    models = ContractStore(store).all_latest()
    if not models:
        yield Diagnosis(
            "models",
            "warning",
            "no model is registered",
            "driftline register CONTRACT.yaml, or driftline collect in front of a model server",
        )
        return
    newest = store.scalar("SELECT max(ts) FROM inference_events WHERE position(model, '@') = 0")
    age = (datetime.now(UTC) - newest).total_seconds() if newest and newest.year > 1970 else None
    if age is None or age > SLOWEST_COLLECTION_SECONDS:
        said = (
            "no event was ever sampled" if age is None else f"the last event came {age / 60:.0f} minutes ago"
        )
        yield Diagnosis(
            "collection",
            "warning",
            f"{len(models)} models, {said}",
            "check that traffic goes through `driftline collect` and look at its log",
        )
    else:
        yield Diagnosis("collection", "ok", f"{len(models)} models, last event {age:.0f} s ago")
    without = [
        contract.model
        for contract in models
        if not store.scalar("SELECT count() FROM baselines WHERE model = {m:String}", {"m": contract.model})
    ]
    if without:
        yield Diagnosis(
            "baselines",
            "warning",
            f"{len(without)} of {len(models)} models have none (for example {without[0]})",
            f"driftline baseline {without[0]} --file REFERENCE.parquet",
        )


def _api(settings: Settings) -> Iterator[Diagnosis]:
    if settings.api_host not in LOOPBACK and settings.api_token is None:
        yield Diagnosis(
            "api",
            "problem",
            f"{settings.api_host} is reachable from other machines and no token is set",
            "set DRIFTLINE_API_TOKEN, or listen on 127.0.0.1",
        )
        return
    if settings.api_port and _listens(settings.api_host, settings.api_port):
        yield Diagnosis(
            "api",
            "ok" if (settings.state_dir / "serve.lock").exists() else "warning",
            f"something listens on {settings.api_host}:{settings.api_port}",
            "if it is not `driftline serve`, choose another port with DRIFTLINE_API_PORT",
        )
    else:
        yield Diagnosis("api", "ok", f"{settings.api_host}:{settings.api_port} is free")


def _loop(settings: Settings) -> Iterator[Diagnosis]:
    try:
        if settings.webhook_secret is not None:
            webhook_secret(settings)
    except DriftlineError as error:
        yield Diagnosis("webhooks", "problem", error.message, "mend DRIFTLINE_WEBHOOK_SECRET")
        return
    missing = [
        name
        for name, value in (("notify_urls", settings.notify_urls), ("pipeline_url", settings.pipeline_url))
        if not value
    ]
    if missing:
        yield Diagnosis(
            "closed loop",
            "warning",
            f"{' and '.join(missing)} not set: episodes are shown but "
            + ("nobody is told" if "notify_urls" in missing else "nothing is retrained"),
            "set them in driftline.yaml",
        )
    else:
        yield Diagnosis("closed loop", "ok", f"{len(settings.notify_urls)} notified, retrains are requested")


def _listens(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0
