"""House rules of dashboards, checked on the built JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.grafana.build import UID, build_dashboard, write_files
from dashboards.grafana.query import DATASOURCE_TYPE

VARIABLE_SOURCE = {"type": DATASOURCE_TYPE, "uid": "${datasource}"}
REAL_UNITS = {"short", "percentunit", "reqps", "ms", "suffix:×", "suffix: sd", "suffix: cores"}


@pytest.fixture(scope="module")
def board() -> dict[str, Any]:
    return build_dashboard()


@pytest.fixture(scope="module")
def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    found = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert len(found) >= 12
    return found


def test_it_is_stable_and_not_edited_by_hand(board: dict[str, Any]) -> None:
    assert (board["uid"], board["editable"], board["timezone"]) == (UID, False, "utc")
    assert board == build_dashboard()


def test_ids_are_unique(board: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))


def test_every_panel_is_titled_described_and_has_a_query(panels: list[dict[str, Any]]) -> None:
    for panel in panels:
        assert panel["title"].strip()
        assert panel["description"].strip().endswith("."), panel["title"]
        assert panel["targets"], panel["title"]
        assert all(target["rawSql"].strip() for target in panel["targets"])


def test_data_comes_only_through_the_variable(board: dict[str, Any], panels: list[dict[str, Any]]) -> None:
    for panel in panels:
        assert panel["datasource"] == VARIABLE_SOURCE
        assert all(target["datasource"] == VARIABLE_SOURCE for target in panel["targets"])
    variables = board["templating"]["list"]
    assert (variables[0]["type"], variables[0]["query"]) == ("datasource", DATASOURCE_TYPE)
    for entry in [*variables[1:], *board["annotations"]["list"]]:
        assert entry["datasource"] == VARIABLE_SOURCE


def test_units_are_real(panels: list[dict[str, Any]]) -> None:
    for panel in panels:
        if panel["type"] in ("stat", "timeseries"):
            assert panel["fieldConfig"]["defaults"]["unit"] in REAL_UNITS, panel["title"]


def test_legends_show_and_variables_refresh(board: dict[str, Any], panels: list[dict[str, Any]]) -> None:
    for panel in panels:
        if panel["type"] == "timeseries":
            assert panel["options"]["legend"]["showLegend"] is True
    for variable in board["templating"]["list"]:
        assert not [key for key in variable if key.startswith("auto")]
        assert variable["type"] == "datasource" or variable["refresh"] == 2


def test_panels_do_not_overlap(panels: list[dict[str, Any]]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_values_reach_sql_only_quoted(board: dict[str, Any]) -> None:
    text = json.dumps(board)
    assert "${model:singlequote}" in text
    assert "$model'" not in text


def test_export_writes_the_dashboard_and_its_provisioning(tmp_path: Path) -> None:
    files = write_files(tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in files} == {
        "dashboards/driftline-model-health.json",
        "provisioning/dashboards/driftline.yaml",
        "provisioning/datasources/driftline.yaml",
    }
    assert json.loads(files[0].read_text(encoding="utf-8")) == build_dashboard()
    source = yaml.safe_load((tmp_path / "provisioning/datasources/driftline.yaml").read_text())
    assert source["apiVersion"] == 1
    assert source["datasources"][0]["type"] == DATASOURCE_TYPE
    # No secret is written: Grafana takes the password from its environment.
    assert source["datasources"][0]["secureJsonData"]["password"].startswith("$")
