"""The dashboard *Driftline: model health* and the files that provision it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import dashboard as builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from dashboards.grafana.panels import (
    CORES_UNIT,
    EFFECT_UNIT,
    STRENGTH_UNIT,
    accuracy_panel,
    stat_panel,
    table_panel,
    time_panel,
)
from dashboards.grafana.query import DATASOURCE, DATASOURCE_TYPE, ClickHouseQuery, Format, query_text

UID = "driftline-model-health"
TITLE = "Driftline: model health"
TAG = "driftline"
FILE_NAME = "driftline-model-health.json"


def build_dashboard() -> dict[str, Any]:
    """The dashboard as Grafana's JSON (schema v1)."""
    board = (
        builder.Dashboard(TITLE)
        .uid(UID)
        .description("How healthy the served models are, what drifted, and what was done about it.")
        .tags([TAG])
        .timezone("utc")
        .time("now-24h", "now")
        .refresh("1m")
        .editable()
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .link(_link())
        .with_variable(builder.DatasourceVariable("datasource").label("Data source").type(DATASOURCE_TYPE))
        .with_variable(_model_variable())
        .annotation(_annotation())
    )
    for title, panels in _rows():
        board = board.with_row(builder.Row(title))
        for panel in panels:
            board = board.with_panel(panel)
    plain: dict[str, Any] = json.loads(json.dumps(board.build(), cls=JSONEncoder))
    return _mended(plain)


def write_files(folder: Path) -> list[Path]:
    """Write the dashboard and its provisioning under ``folder``; return the files written.

    ``dashboards/`` and ``provisioning/`` are laid out as Grafana's own provisioning folder wants them.
    """
    dashboard_file = folder / "dashboards" / FILE_NAME
    files = {dashboard_file: json.dumps(build_dashboard(), indent=2, sort_keys=True) + "\n"}
    templates = Path(__file__).with_name("provisioning")
    for template in sorted(templates.glob("*/*.yaml")):
        files[folder / "provisioning" / template.relative_to(templates)] = template.read_text(
            encoding="utf-8"
        )
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)


def _rows() -> list[tuple[str, list[Any]]]:
    return [
        (
            "Fleet",
            [
                stat_panel("models", "Models", "Models that have a contract.", "short"),
                stat_panel(
                    "open_episodes", "Open episodes", "Conditions that are open now.", "short", {1: "red"}
                ),
                stat_panel(
                    "drifted_windows",
                    "Windows drifted",
                    "Share of the windows that were compared and drifted.",
                    "percentunit",
                    {0.01: "yellow", 0.1: "red"},
                ),
                stat_panel(
                    "uncompared_windows",
                    "Windows not compared",
                    "Share of the windows with too few rows or without a baseline: nothing is known of them.",
                    "percentunit",
                    {0.2: "yellow"},
                ),
                stat_panel("predictions", "Predictions", "Predictions that passed the collectors.", "short"),
                stat_panel(
                    "lost",
                    "Predictions lost",
                    "Share of the predictions that the collectors lost for a reason other than sampling.",
                    "percentunit",
                    {0.01: "yellow", 0.05: "red"},
                ),
                table_panel(
                    "fleet",
                    "Models by newest window",
                    "The newest closed window of every model in the range, worst first. Accuracy is the "
                    "newest that rests on enough labels.",
                    {"Accuracy": "percentunit", "Rows": "short", "Effective rows": "short"},
                    height=10,
                ),
            ],
        ),
        (
            "Model $model",
            [
                accuracy_panel(12),
                time_panel(
                    "evidence",
                    "Evidence of drift",
                    "Evidence of each field over what the false-alarm budget asks for: at 1 it is enough; "
                    "an effect above the tolerance is needed as well.",
                    STRENGTH_UNIT,
                    limit=1.0,
                ),
                time_panel(
                    "effect",
                    "Effect",
                    "Largest change of each field against its baseline, in standard deviations of the "
                    "baseline (Cohen's h for shares).",
                    EFFECT_UNIT,
                ),
                time_panel(
                    "traffic",
                    "Traffic",
                    "Predictions a second that the collectors saw, kept and lost.",
                    "reqps",
                ),
                time_panel(
                    "latency",
                    "Latency",
                    "Latency of the sampled requests, weighted by what they stand for.",
                    "ms",
                ),
                time_panel(
                    "cpu", "CPU", "Cores used by the processes that serve the model, by instance.", CORES_UNIT
                ),
                table_panel(
                    "fields",
                    "Fields in the newest window",
                    "Every compared field, strongest evidence first. Detectable is the smallest effect that "
                    "would be found 95 times in 100.",
                    {
                        "Effect": EFFECT_UNIT,
                        "Detectable": EFFECT_UNIT,
                        "Rows": "short",
                        "Effective rows": "short",
                    },
                ),
                table_panel("episodes", "Episodes", "Conditions that were open in the range.", {}, height=6),
                table_panel(
                    "actions",
                    "Actions",
                    "What was sent for the model's episodes, and what the pipeline reported.",
                    {"Attempts": "short"},
                ),
            ],
        ),
    ]


def _model_variable() -> Any:
    return (
        builder.QueryVariable("model")
        .label("Model")
        .datasource(DATASOURCE)
        .query(query_text("variable_model"))
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
    )


def _annotation() -> Any:
    query = ClickHouseQuery(query_text("annotation"), Format.TABLE, "Anno")
    return _Annotation(query)


class _Annotation(builder.AnnotationQuery):
    """Episodes on every time axis; the SDK's own target type knows only Grafana's tag search."""

    def __init__(self, query: ClickHouseQuery) -> None:
        super().__init__()
        self.name("Episodes").datasource(DATASOURCE).enable(True).icon_color("red")
        self._internal.target = query


def _link() -> Any:
    return (
        builder.DashboardLink("Driftline dashboards")
        .type(dashboard.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .keep_time(True)
        .include_vars(True)
    )


def _mended(board: dict[str, Any]) -> dict[str, Any]:
    """What the SDK leaves out or adds: ids of panels, and interval keys on variables of other types."""
    board["editable"] = False
    board["schemaVersion"] = 42
    for number, panel in enumerate(_all_panels(board), start=1):
        panel["id"] = number
    for variable in board["templating"]["list"]:
        for key in [key for key in variable if key.startswith("auto")]:
            del variable[key]
    return board


def _all_panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    panels = []
    for panel in board["panels"]:
        panels += [panel, *panel.get("panels", [])]
    return panels
