"""Which models of a fleet changed: one statement over real tables, and the command."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from driftline.errors import InvalidInput
from driftline.readmodel.fleet_evidence import fleet_evidence
from driftline.settings import Settings
from driftline.store import Store
from service.cli.main import app
from service.fleet_changes import fleet_changes

runner = CliRunner()
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
HOUR = timedelta(hours=1)
FIELDS = 4


def key(model: str, version: str, hours_ago: int) -> dict[str, Any]:
    start = NOW - hours_ago * HOUR
    return {"model": model, "version": version, "window_start": start, "window_end": start + HOUR}


def finding(about: dict[str, Any], field: str, evidence: float, **other: Any) -> dict[str, Any]:
    made = {
        "finding_id": f"{about}{field}{other}",
        "baseline_id": "b",
        "field": field,
        "change": "distribution",
        "status": "ok",
        "evidence": evidence,
        "threshold": 5.5,
        "budget": 0.002,
        "computed_at": NOW,
    }
    return about | made | other


@pytest.fixture
def fleet(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Thirty models with two windows; one moved, one moved before, one moved in several fields at once."""
    windows, findings = [], []
    for number in range(30):
        for hours_ago in (2, 1):
            about = key(f"m{number:02}", "1", hours_ago)
            windows.append(about | {"status": "ok", "rows": 100, "computed_at": NOW})
            findings += [finding(about, f"f{at}", 1.0 + 0.1 * at) for at in range(FIELDS)]
    newest = key("m07", "1", 1)
    findings += [
        finding(newest, "f2", 12.0, computed_at=NOW + timedelta(seconds=1)),
        finding(key("m08", "1", 2), "f1", 12.0, computed_at=NOW + timedelta(seconds=1)),
        finding(key("m09", "1", 1), "(inputs)", 40.0, change="multivariate"),
        finding(newest, "f3", math.nan, change="unseen"),
    ]
    # A version that retired, a canary beside the one that serves, and a model that cannot be judged.
    for about, evidence, status in (
        (key("m01", "0", 2), 50.0, "drifted"),
        (key("m02", "2", 1), 11.0, "drifted"),
        (key("silent", "1", 1), math.nan, "insufficient_data"),
    ):
        windows.append(about | {"status": status, "rows": 100, "computed_at": NOW})
        findings.append(finding(about, "f0", evidence, status=status))
    windows.append(key("bare", "1", 1) | {"status": "no_baseline", "rows": 100, "computed_at": NOW})
    store.insert_rows("windows", windows, token="windows")
    store.insert_rows("findings", findings, token="findings")
    assert settings.clickhouse_url is not None
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_URL", settings.clickhouse_url.get_secret_value())
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_DATABASE", settings.clickhouse_database)
    return settings


@pytest.mark.usefixtures("fleet")
def test_one_row_a_serving_version_holds_its_newest_window(store: Store) -> None:
    found = fleet_evidence(store, NOW - timedelta(days=7))
    assert [(one.model, one.version) for one in found[:5]] == [
        ("bare", "1"),
        ("m00", "1"),
        ("m01", "1"),
        ("m02", "1"),
        ("m02", "2"),
    ]
    by_model = {(one.model, one.version): one for one in found}
    assert all(one.window_start == NOW - HOUR for one in found)
    moved = by_model["m07", "1"]
    assert sorted(zip(moved.fields, moved.evidence, strict=True)) == [
        ("f0", 1.0),
        ("f1", 1.1),
        ("f2", 12.0),
        ("f3", 1.3),
    ]
    assert moved.budget == pytest.approx(FIELDS * 0.002)
    assert "(inputs)" not in by_model["m09", "1"].fields
    assert list(by_model["silent", "1"].fields) == list(by_model["bare", "1"].fields) == []
    assert fleet_evidence(store, NOW + timedelta(days=1)) == []


def test_the_models_that_changed_are_listed(store: Store, fleet: Settings) -> None:
    found = fleet_changes(store, fleet)
    assert [(one.model, one.version, one.field) for one in found.models] == [
        ("m07", "1", "f2"),
        ("m02", "2", "f0"),
    ]
    assert (found.judged, found.undecided) == (30, 2)
    assert found.models[0].p_value < found.models[1].p_value
    assert fleet_changes(store, fleet, now=NOW + timedelta(days=60)).judged == 0


@pytest.mark.usefixtures("fleet")
def test_the_command_shows_a_table_and_what_it_promises() -> None:
    told = runner.invoke(app, ["changed"])
    assert told.exit_code == 0, told.output
    assert "m07" in told.output
    last = " ".join(told.output.split())
    assert "2 of 30 models changed in the newest window (2 more could not be judged); on average at" in last
    answered = json.loads(runner.invoke(app, ["changed", "--level", "0.01", "--json"]).output)
    assert answered["level"] == 0.01
    assert [one["model"] for one in answered["models"]] == ["m07", "m02"]
    with pytest.raises(InvalidInput, match="level must lie between 0 and 1"):
        runner.invoke(app, ["changed", "--level", "10"], catch_exceptions=False)
