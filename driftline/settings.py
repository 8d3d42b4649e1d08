"""Settings: one frozen model, built once from ``driftline.yaml`` and the environment.

Order of precedence: values passed in code, ``DRIFTLINE_*`` environment variables, the YAML file
(``driftline.yaml`` in the current folder, or the one named by ``DRIFTLINE_CONFIG``), defaults.
Secrets are ``SecretStr``: they never appear in logs, errors or the API.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from driftline.errors import InvalidSettings

DEFAULT_CONFIG = "driftline.yaml"


class Workload(BaseModel):
    """Which processes of this node serve which model: exactly one way to find them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(description="Model the processes serve, as in its contract.")
    instance: str = Field(default="", description="Name of the instance; the node's name when empty.")
    pid: int | None = Field(default=None, description="Process id; its children are counted too.")
    pidfile: Path | None = Field(default=None, description="File holding the process id.")
    command: str | None = Field(
        default=None, description="Regular expression searched in the command line of every process."
    )

    @field_validator("command")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from error
        return value

    def model_post_init(self, _context: Any) -> None:
        ways = [self.pid is not None, self.pidfile is not None, self.command is not None]
        if sum(ways) != 1:
            raise ValueError("give exactly one of pid, pidfile and command")


class Settings(BaseSettings):
    """Everything a person can set; each field's description is what ``docs/settings.md`` shows."""

    model_config = SettingsConfigDict(
        env_prefix="DRIFTLINE_", frozen=True, extra="forbid", allow_inf_nan=False
    )

    state_dir: Path = Field(
        default=Path(".driftline"),
        description="Folder for the embedded ClickHouse, its password and generated secrets.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log record that is written."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="Log format; auto is console on a terminal and JSON elsewhere."
    )

    clickhouse_url: SecretStr | None = Field(
        default=None,
        description="clickhouse://user:password@host:9000/ of a server to use; "
        "without it Driftline starts its own embedded ClickHouse.",
    )
    clickhouse_database: str = Field(
        default="driftline", description="Database that holds Driftline's tables; created when absent."
    )
    clickhouse_engine: Literal["auto", "chdb", "binary"] = Field(
        default="auto",
        description="Embedded engine: chdb-core, a clickhouse binary on PATH, or whichever is found first.",
    )
    clickhouse_memory_mib: int = Field(
        default=4096, ge=256, description="Memory limit of the embedded ClickHouse in MiB."
    )
    event_ttl_days: int = Field(
        default=30, ge=1, description="Days after which raw inference events are deleted."
    )

    api_host: str = Field(default="127.0.0.1", description="Address the API and web page listen on.")
    api_port: int = Field(
        default=8080, ge=0, le=65535, description="Port of the API and web page; 0 takes a free one."
    )
    api_token: SecretStr | None = Field(
        default=None, description="Bearer token that writing requests must carry; none asks for none."
    )
    public_url: str | None = Field(
        default=None, description="URL under which people reach the page, used in alerts and callbacks."
    )

    window_seconds: int = Field(
        default=3600, ge=1, le=604800, description="Length of a tumbling event-time window in seconds."
    )
    allowed_lateness_seconds: float = Field(
        default=60.0, ge=0, description="Seconds to wait after a window's end before it is closed."
    )
    lookback_windows: int = Field(
        default=168, ge=1, le=10000, description="Windows behind now that late events may still change."
    )
    min_samples: int = Field(
        default=100,
        ge=2,
        description="Effective samples a window needs; below it the status is insufficient_data.",
    )
    cycle_seconds: float = Field(
        default=10.0, gt=0, description="Seconds between two runs of the control loop."
    )

    drift_tolerance: float = Field(
        default=0.05,
        ge=0,
        description="Smallest change that counts as drift, in standard units: baseline standard "
        "deviations for location, Cohen's h for shares.",
    )
    accuracy_tolerance: float = Field(
        default=0.02, ge=0, le=1, description="Drop of accuracy below the baseline's that is accepted."
    )
    false_episodes_per_model_year: float = Field(
        default=0.12,
        gt=0,
        description="False-alarm budget of one model: expected false episodes in a year of unchanged data.",
    )
    check_false_alarm_rate: float = Field(
        default=0.01, gt=0, lt=1, description="Chance that `driftline check` calls unchanged data drifted."
    )
    resolve_after_windows: int = Field(
        default=3, ge=1, description="Consecutive healthy windows after which an episode resolves."
    )

    notify_urls: tuple[str, ...] = Field(
        default=(), description="Webhook addresses told when an episode opens, worsens or resolves."
    )
    pipeline_url: str | None = Field(
        default=None, description="Webhook address of the deploy pipeline that retrains a model."
    )
    pipeline_trigger: Literal["decay", "drift"] = Field(
        default="decay", description="Which condition of an episode starts a retrain."
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="Key that signs webhooks and checks callbacks (whsec_ and base64); "
        "generated into the state folder when absent.",
    )
    delivery_timeout_seconds: float = Field(
        default=10.0, gt=0, description="Seconds to wait for the answer to a webhook."
    )

    cost_cpu_core_hour_usd: float = Field(
        default=0.04, ge=0, description="Price of one CPU core for an hour in USD."
    )
    cost_memory_gib_hour_usd: float = Field(
        default=0.005, ge=0, description="Price of one GiB of memory for an hour in USD."
    )
    cost_gpu_hour_usd: dict[str, float] = Field(
        default_factory=dict,
        description="Price of one card for an hour in USD by device name as NVML reports it; "
        "a device without a price is shown as unpriced.",
    )

    workloads: tuple[Workload, ...] = Field(
        default=(), description="Which processes of this node serve which model, for `driftline node`."
    )
    node_interval_seconds: float = Field(
        default=10.0, gt=0, description="Seconds between two samples of `driftline node`."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # load_settings merges file, environment and overrides itself; nothing is read behind its back.
        return (init_settings,)


def load_settings(config: Path | None = None, **overrides: Any) -> Settings:
    """Build the settings from a YAML file and the environment.

    Parameters
    ----------
    config
        YAML file; default ``$DRIFTLINE_CONFIG``, then ``driftline.yaml`` when it exists.
    overrides
        Values that win over both, as a command line gives them; ``None`` means not given.

    Raises
    ------
    InvalidSettings
        The file is missing or not YAML, or a name or value is wrong; the message lists each fault.
    """
    named = config or (Path(os.environ["DRIFTLINE_CONFIG"]) if "DRIFTLINE_CONFIG" in os.environ else None)
    path = named or Path(DEFAULT_CONFIG)
    values: dict[str, Any] = {}
    if named is not None or path.exists():
        values = _read_yaml(path)
    try:
        values |= EnvSettingsSource(Settings)()
        return Settings(**(values | {key: value for key, value in overrides.items() if value is not None}))
    except (ValidationError, SettingsError) as error:
        raise InvalidSettings(_explain(error, path if path.exists() else None)) from error


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InvalidSettings(f"settings file {path} does not exist") from error
    except yaml.MarkedYAMLError as error:
        # Not the error's own text: it quotes the line, which may hold a secret.
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InvalidSettings(f"settings file {path} is not YAML{line}: {error.problem}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidSettings(f"settings file {path} cannot be read: {error}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise InvalidSettings(f"settings file {path} must be a mapping, got {type(values).__name__}")
    return {str(key): value for key, value in values.items()}


def _explain(error: ValidationError | SettingsError, path: Path | None) -> str:
    if isinstance(error, SettingsError):
        return f"settings are wrong: {error} (lists and mappings in the environment are JSON)"
    lines = [f"settings are wrong{f' ({path})' if path else ''}:"]
    for fault in error.errors(include_url=False, include_context=False):
        name = ".".join(str(part) for part in fault["loc"])
        # A misspelt name may be that of a secret, so its value is not shown either.
        hidden = fault["type"] in ("missing", "extra_forbidden") or any(
            word in name for word in ("url", "token", "secret")
        )
        received = "" if hidden else f" (got {fault['input']!r})"
        lines.append(f"  {name}: {fault['msg']}{received}")
    return "\n".join(lines)
