"""How commands answer: tables for people, one JSON value for programs."""

from __future__ import annotations

import dataclasses
import math
import sys
from typing import Any

import orjson
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table


def console() -> Console:
    """A console on standard output that keeps tables whole when output is piped."""
    return Console(soft_wrap=False, width=None if sys.stdout.isatty() else 140)


def print_json(value: Any) -> None:
    """Print one line of JSON; NaN and infinity become null."""
    sys.stdout.write(orjson.dumps(_plain(value), default=str).decode() + "\n")


def table(title: str, *columns: str) -> Table:
    """An empty table in the house's look."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def figure(value: float | None, digits: int = 3) -> str:
    """A number for a table cell; a dash when there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.{digits}f}"


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
