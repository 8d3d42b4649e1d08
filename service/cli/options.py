"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from driftline.logs import configure_logs
from driftline.settings import Settings, load_settings

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", help="Settings file; default driftline.yaml in this folder.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer with one line of JSON.")]
ModelArgument = Annotated[str, typer.Argument(help="Name of the model.")]


def settings_for_command(config: Path | None, **overrides: object) -> Settings:
    """Settings of a command that does one thing: only warnings are logged."""
    settings = load_settings(config, **overrides)
    configure_logs("warning" if settings.log_level == "info" else settings.log_level, settings.log_format)
    return settings


def settings_for_service(config: Path | None, **overrides: object) -> Settings:
    """Settings of a long-running process: logs as the settings say."""
    settings = load_settings(config, **overrides)
    configure_logs(settings.log_level, settings.log_format)
    return settings
