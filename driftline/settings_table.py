"""The reference of all settings, written from the settings themselves.

``python -m driftline.settings_table > docs/settings.md`` writes it; a test fails when it is out of date.
"""

from __future__ import annotations

import json
import sys
import typing
from datetime import date
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from driftline.node_settings import ExporterMetric, NodeExporter, Workload
from driftline.payload_mapping import PayloadMapping
from driftline.settings import Settings

_HEAD = """\
# Settings

Every setting can stand in `driftline.yaml` (in the current folder, or the file that `DRIFTLINE_CONFIG`
names) and in the environment as `DRIFTLINE_` and its name in capitals, lists and mappings as JSON. What a
command line gives wins over the environment, the environment over the file, the file over the default.

This file is written by `python -m driftline.settings_table > docs/settings.md`.
"""

_MAPPINGS = """
## mappings

The first entry whose path and method fit reads a request, before the known protocols do; see
[mappings.md](mappings.md).
"""

_WORKLOADS = """
## workloads

Each entry names a model and exactly one way to find its processes; see [node.md](node.md).
"""

_EXPORTERS = """
## node_exporters
"""

_METRICS = """
### metrics of a custom exporter
"""

_LIMITS = {"Ge": ("ge", "at least"), "Gt": ("gt", "above"), "Le": ("le", "at most"), "Lt": ("lt", "below")}


def settings_table() -> str:
    """The reference as Markdown, ending with a newline."""
    parts = [_HEAD, *_table(Settings), _MAPPINGS, *_table(PayloadMapping), _WORKLOADS, *_table(Workload)]
    parts += [_EXPORTERS, *_table(NodeExporter), _METRICS, *_table(ExporterMetric), ""]
    return "\n".join(parts)


def _table(model: type[BaseModel]) -> list[str]:
    rows = [
        f"| `{name}` | {_type(info)} | {_default(info)} | {info.description} |"
        for name, info in model.model_fields.items()
    ]
    return ["| name | type | default | what it does |", "| --- | --- | --- | --- |", *rows]


def _bound(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def _type(info: FieldInfo) -> str:
    limits = [
        f"{words} {_bound(getattr(limit, attribute))}"
        for limit in info.metadata
        for attribute, words in [_LIMITS.get(type(limit).__name__, ("", ""))]
        if attribute
    ]
    return ", ".join([_name(info.annotation), *limits])


def _name(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in (typing.Union, UnionType):
        return " or ".join(_name(argument) for argument in arguments if argument is not NoneType)
    if origin is tuple:
        return f"list of {_name(arguments[0])}s"
    if origin is dict:
        return "mapping"
    names: dict[Any, str] = {
        SecretStr: "secret text",
        str: "text",
        Path: "path",
        bool: "true or false",
        int: "whole number",
        float: "number",
        date: "date",
        PayloadMapping: "payload mapping",
        Workload: "workload",
        NodeExporter: "exporter",
    }
    return names[annotation]


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "must be given"
    value = info.get_default(call_default_factory=True)
    if value is None or value in ((), {}, ""):
        return "none"
    return f"`{json.dumps(value, default=str)}`"


if __name__ == "__main__":
    sys.stdout.write(settings_table())
