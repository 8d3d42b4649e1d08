"""Settings: one frozen model, built once from ``driftline.yaml`` and the environment.

Order of precedence: values passed in code, ``DRIFTLINE_*`` environment variables, the YAML file
(``driftline.yaml`` in the current folder, or the one named by ``DRIFTLINE_CONFIG``), defaults.
Secrets are ``SecretStr``: they never appear in logs, errors or the API.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from driftline.errors import InvalidSettings
from driftline.false_alarm_budget import FalseAlarmBudget
from driftline.node_settings import NodeExporter, Workload
from driftline.payload_mapping import PayloadMapping

DEFAULT_CONFIG = "driftline.yaml"


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
        default=30,
        ge=1,
        description="Days after which raw inference events are deleted. As the other retentions it takes "
        "effect on stored rows when `driftline serve` starts.",
    )
    label_ttl_days: int = Field(
        default=400,
        ge=1,
        validate_default=True,
        description="Days after their receipt that labels are deleted, no fewer than `event_ttl_days`; "
        "what was joined with its event is kept in columns of its own.",
    )
    profile_ttl_days: int = Field(
        default=400,
        ge=1,
        description="Days after which the counts of a window are deleted. Baselines hold counts of their own "
        "and outlive them; explained ranges and charts of bins reach no further back, and 400 days "
        "keep a year to compare with.",
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

    sample_rate: float = Field(
        default=1.0, ge=1e-4, le=1, description="Share of the inferences that a collector keeps."
    )
    sample_rates: dict[str, float] = Field(
        default_factory=dict, description="Shares of single models, by name, in place of `sample_rate`."
    )
    sample_by_trace: bool = Field(
        default=False,
        description="Draw by the trace id, so that all stages of one request are kept or left out together.",
    )
    sample_adaptive: bool = Field(
        default=True,
        description="Keep every failed request, more of rare classes, and more while an episode is open.",
    )
    sample_rare_share: float = Field(
        default=0.05,
        ge=0,
        lt=1,
        description="A predicted class rarer than this is kept as often as one of this share; "
        "0 turns it off.",
    )
    sample_episode_factor: float = Field(
        default=10.0, ge=1, description="Factor on the sampled share while an episode of the model is open."
    )
    collector_cpu_cores: float = Field(
        default=1.0,
        gt=0,
        description="CPU budget of a collector's worker in cores; above it, less is sampled.",
    )
    collector_bytes_per_second: float = Field(
        default=16e6,
        gt=0,
        description="Bytes a second a collector may spool; above it, less is sampled.",
    )
    collector_flush_seconds: float = Field(
        default=5.0, gt=0, description="Longest time an event waits for its batch, in seconds."
    )
    spool_dir: Path | None = Field(
        default=None,
        description="Folder where a collector keeps events until ClickHouse has them; "
        "`spool` in the state folder when absent.",
    )
    spool_bytes: int = Field(
        default=512 * 1024 * 1024,
        ge=16 * 1024 * 1024,
        description="Bound of a collector's spool in bytes; when it is full the newest events are dropped "
        "and counted.",
    )
    spool_age_seconds: float = Field(
        default=86400.0, gt=0, description="Age at which spooled events are dropped and counted, in seconds."
    )
    spool_fsync: bool = Field(
        default=False,
        description="Write every spooled batch through to the disk, so that it survives a power loss and "
        "not only a crash.",
    )
    redaction_key: SecretStr | None = Field(
        default=None, description="Key of the hashes that replace the values of fields redacted by `hash`."
    )

    mappings: tuple[PayloadMapping, ...] = Field(
        default=(), description="How to read the traffic of servers that speak none of the known protocols."
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
    decay_tolerance: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Rise of the loss above the upper bound of the baseline's, in parts of the highest loss, "
        "that is not yet called decay. Each point costs power: see docs/decay.md.",
    )
    accuracy_tolerance: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description="Drop of accuracy below the baseline's that is accepted: drift is harmless when quality "
        "is shown to be within it, and versions may differ by as much.",
    )
    false_alarm_budget: str = Field(
        default="one false episode per model in eight years",
        description="How often unchanged data may raise an episode, in words: a number per model or per "
        "fleet in a time, as `2 per fleet a month`. Half of it is for drift, half for decay.",
    )
    holidays: tuple[date, ...] = Field(
        default=(),
        description="Days (UTC) that are unlike others: their windows are shown, but neither teach a "
        "baseline nor count as evidence.",
    )
    default_baseline: str = Field(
        default="first 24h",
        pattern=r"^(none|first \d+(\.\d+)?[mhdw])$",
        description="Baseline of models whose owner declared none: `first 24h` takes the first day of "
        "traffic of each version as soon as there is one, `none` waits for `driftline baseline`.",
    )
    multivariate_seconds: float = Field(
        default=20.0,
        ge=0,
        description="Longest time a cycle spends on tests of several fields at once, in seconds; models take "
        "turns, those that drift first. 0 leaves these tests out.",
    )
    estimate_seconds: float = Field(
        default=10.0,
        ge=0,
        description="Longest time a cycle begins estimates of quality without labels, in seconds; models "
        "take turns. 0 leaves them out.",
    )
    check_false_alarm_rate: float = Field(
        default=0.01, gt=0, lt=1, description="Chance that `driftline check` calls unchanged data drifted."
    )
    lease_seconds: float = Field(
        default=60.0,
        ge=5,
        description="Length of a control loop's term: of several, one decides and sends, and nobody takes "
        "over from one that died before its term ends.",
    )
    resolve_after_windows: int = Field(
        default=3, ge=1, description="Consecutive healthy windows after which an episode resolves."
    )

    rules_file: Path | None = Field(
        default=None,
        description="YAML file of targets, rules and policies; in its place `notify_urls` and `pipeline_url` "
        "tell every episode to every address and retrain when quality fell.",
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
        default=(), description="Which processes or pods serve which model, for `driftline node`."
    )
    node_name: str = Field(
        default="", description="Name of this node in the samples; the host's name when empty."
    )
    node_interval_seconds: float = Field(
        default=10.0, gt=0, description="Seconds between two samples of `driftline node`."
    )
    node_exporters: tuple[NodeExporter, ...] = Field(
        default=(), description="Exporters of this node that `driftline node` reads besides NVML."
    )
    node_scrape_seconds: float = Field(
        default=2.0, gt=0, le=60, description="Longest time one exporter may take to answer."
    )
    node_pods: str | None = Field(
        default=None,
        description="File or http(s) address of this node's pods as JSON: the kubelet's /pods, or what "
        "its pod-resources service lists; names containers and tells what was allocated to them.",
    )
    node_pods_token_file: Path | None = Field(
        default=None, description="File with a bearer token for the address in node_pods."
    )
    node_pods_ca_file: Path | None = Field(
        default=None, description="Certificates that the https address in node_pods is checked against."
    )
    node_container_logs: Path = Field(
        default=Path("/var/log/containers"),
        description="Folder where the kubelet links the logs of containers; only the links' names are read, "
        "which tell the pod of a container without asking the API server.",
    )
    node_proc: Path = Field(
        default=Path("/proc"), description="Where the node's processes are found, when not in /proc."
    )
    node_cgroup_root: Path = Field(
        default=Path("/sys/fs/cgroup"), description="Where the node's cgroup v2 tree is mounted."
    )
    node_metrics_port: int = Field(
        default=0, ge=0, le=65535, description="Port of the node agent's own /metrics; 0 serves none."
    )

    @field_validator("label_ttl_days")
    @classmethod
    def _labels_outlive_events(cls, days: int, info: ValidationInfo) -> int:
        events = info.data.get("event_ttl_days", 0)
        if days < events:
            raise ValueError(f"labels have to be kept as long as events, event_ttl_days is {events}")
        return days

    @field_validator("false_alarm_budget")
    @classmethod
    def _understood(cls, text: str) -> str:
        FalseAlarmBudget.parse(text)
        return text

    @property
    def budget(self) -> FalseAlarmBudget:
        """The false-alarm budget, read."""
        return FalseAlarmBudget.parse(self.false_alarm_budget)

    @field_validator("node_exporters")
    @classmethod
    def _sources_differ(cls, exporters: tuple[NodeExporter, ...]) -> tuple[NodeExporter, ...]:
        names = [exporter.source for exporter in exporters]
        for name in names:
            if names.count(name) > 1 or name in ("nvml", "pods", "gpushare"):
                raise ValueError(f"each needs a name of its own, and {name!r} is taken")
        return exporters

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
