"""Labels by file, query and API, and what is said about them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from detectors.performance.labels.coverage import label_coverage
from detectors.performance.labels.joining import LabelJoin
from driftline.contract_store import ContractStore
from driftline.errors import InvalidContract
from driftline.events import Label, record_labels
from driftline.settings import Settings
from driftline.store import Store
from service.cli.main import app
from tests.integration.detectors.labelling import CONTRACT, contract_with
from tests.integration.detectors.traffic import BEGIN, send, window

QUALITY = contract_with(kpis=[{"name": "revenue"}, {"name": "late"}])


@pytest.fixture
def cli(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs `driftline labels m ...` against the store, in a folder of its own."""
    assert settings.clickhouse_url is not None
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_URL", settings.clickhouse_url.get_secret_value())
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_DATABASE", settings.clickhouse_database)
    monkeypatch.setenv("DRIFTLINE_WINDOW_SECONDS", "3600")
    monkeypatch.chdir(tmp_path)
    ContractStore(store).register(QUALITY)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["labels", "m", *arguments])

    return run


def stored(store: Store, columns: str = "event_id, name, label") -> list[tuple[Any, ...]]:
    rows = store.query(f"SELECT {columns} FROM labels ORDER BY event_id, name")
    return [tuple(row.values()) for row in rows]


def test_a_wide_file_with_figures(store: Store, cli: Any) -> None:
    Path("sales.csv").write_text(
        "id,truth,euro,days,found,p\n"
        "e1,a,12.5,,2026-11-01T10:00:00,0.5\n"
        "e2,,7,many,2026-11-02 10:00:00+02:00,1\n"
        "e3,,,,,\n"
        "e4,b,,,2026-11-01,0\n"
    )
    options = ["--event-id", "id", "--label", "truth", "--kpi", "revenue=euro", "--kpi", "late=days"]
    ran = cli("sales.csv", *options, "--labelled-at", "found", "--propensity", "p", "--json")
    assert ran.exit_code == 0, ran.output
    answer = json.loads(ran.stdout)
    assert (answer["accepted"], answer["refused"], answer["skipped"]) == (3, 2, 1)
    assert answer["refused_examples"] == [
        "e2: 'many' is not a finite number",
        "e4: propensity 0 is not above 0 and at most 1",
    ]
    assert stored(store, "event_id, name, label, labelled_at, propensity, source") == [
        ("e1", "", "a", datetime(2026, 11, 1, 10, tzinfo=UTC), 0.5, "sales.csv"),
        ("e1", "revenue", "12.5", datetime(2026, 11, 1, 10, tzinfo=UTC), 0.5, "sales.csv"),
        ("e2", "revenue", "7", datetime(2026, 11, 2, 8, tzinfo=UTC), 1.0, "sales.csv"),
    ]


def test_a_long_file_with_names(store: Store, cli: Any) -> None:
    Path("long.csv").write_text("event_id,label,what\ne1,a,\ne1,3,revenue\n")
    assert cli("long.csv", "--name", "what").exit_code == 0
    assert stored(store) == [("e1", "", "a"), ("e1", "revenue", "3")]


def test_a_query_by_text_and_by_file(store: Store, cli: Any) -> None:
    assert (
        "2 labels stored" in cli("--query", "SELECT number AS event_id, 'a' AS label FROM numbers(2)").stdout
    )
    Path("truth.sql").write_text("SELECT 'e9' AS event_id, '5' AS label, 'revenue' AS name")
    assert cli("--query", "truth.sql").exit_code == 0
    assert stored(store) == [("0", "", "a"), ("1", "", "a"), ("e9", "revenue", "5")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give one of"),
        (["x.csv", "--status"], "give one of"),
        (["x.csv", "--kpi", "revenue"], "--kpi is NAME=COLUMN"),
        (["x.csv", "--kpi", "revenue=nothing"], "has no column 'nothing'"),
        (["x.csv", "--labelled-at", "label"], "'a' is no time"),
        (["x.csv", "--name", "label"], "all 1 labels were refused: e1: 'a' is no figure"),
        (["--query", "none.sql"], "cannot be read"),
        (["--query", "SELECT 1"], "must give event_id and label"),
    ],
)
def test_what_is_wrong_is_said(store: Store, cli: Any, arguments: list[str], words: str) -> None:
    Path("x.csv").write_text("event_id,label\ne1,a\n")
    ran = cli(*arguments)
    assert ran.exit_code != 0
    assert words in str(ran.exception)
    assert stored(store) == []


def test_the_history_of_an_event(store: Store, cli: Any) -> None:
    for truth in ("a", "b"):
        record_labels(store, "m", [Label("e/1", truth, source="desk")])
    items = json.loads(cli("--history", "e/1", "--json").stdout)["items"]
    assert [(item["label"], item["counts"], item["source"]) for item in items] == [
        ("b", True, "desk"),
        ("a", False, "desk"),
    ]
    assert "labels of e/1" in cli("--history", "e/1").stdout
    assert "no label has come for 'e2'" in cli("--history", "e2").stdout


def test_the_status_of_labels(store: Store, cli: Any, settings: Settings) -> None:
    ids = send(store, QUALITY, {"out": ["a"] * 10}, seconds=3600)
    record_labels(store, "m", [Label(one, "a") for one in ids[:4]])
    LabelJoin(store, settings).refresh(QUALITY)
    said = cli("--status").stdout
    assert "4 of 10 events of m have a label; in the end 40% get one" in said
    answer = json.loads(cli("--status", "--json").stdout)
    assert answer["windows"][0]["share"] == 0.4
    assert 2.5 * 86400 < answer["delay_p50"] < 5 * 86400


def labelled_late(store: Store, number: int, *, of: int, delays: list[float]) -> None:
    """An hour of events, of which some were labelled so many hours after its beginning."""
    start = window(number, 3600)
    ids = send(store, CONTRACT, {"out": ["a"] * of}, start=start, seconds=0.001)
    store.insert(
        "labels",
        {
            "model": ["m"] * len(delays),
            "event_id": ids[: len(delays)],
            "label": ["a"] * len(delays),
            "received_at": [start + timedelta(hours=delay) for delay in delays],
        },
    )


def test_young_windows_expect_what_old_ones_got(store: Store, settings: Settings) -> None:
    hour = settings.model_copy(update={"window_seconds": 3600})
    # Of ten, four are labelled within half an hour and four more after five hours.
    for number in range(20):
        labelled_late(store, number, of=10, delays=[0.5] * 4 + ([5.0] * 4 if number < 14 else []))
    labelled_late(store, 20, of=10, delays=[])
    LabelJoin(store, hour).refresh(CONTRACT)
    now = window(20, 3600)
    coverage = label_coverage(store, CONTRACT, BEGIN, window(21, 3600), 3600, now=now)
    assert (coverage.rows, coverage.labelled) == (210, 136)
    assert coverage.final_share == pytest.approx(0.8)
    assert 1800 <= coverage.delay_p50 < 1800 * 1.13
    assert 5 * 3600 <= coverage.delay_p90 < 5 * 3600 * 1.13
    old, young, empty = coverage.windows[3], coverage.windows[18], coverage.windows[20]
    assert [one.share for one in (old, young, empty)] == [0.8, 0.4, 0.0]
    assert [one.expected_share for one in (old, young, empty)] == pytest.approx([0.8] * 3)
    assert empty.status == "no_labels"


def test_windows_with_labels_but_without_events(store: Store, settings: Settings) -> None:
    ids = send(store, CONTRACT, {"out": ["a"]})
    record_labels(store, "m", [Label(one, "a") for one in ids])
    LabelJoin(store, settings).refresh(CONTRACT)
    store.command("TRUNCATE TABLE inference_events")
    coverage = label_coverage(store, CONTRACT, BEGIN, window(1), 60)
    assert [(one.status, one.rows, one.labelled) for one in coverage.windows] == [("no_events", 0, 1)]


def test_nothing_known_and_nothing_measured(store: Store) -> None:
    send(store, CONTRACT, {"out": ["a"]})
    coverage = label_coverage(store, CONTRACT, BEGIN, window(1), 60)
    assert coverage.final_share != coverage.final_share
    assert coverage.delay_p50 != coverage.delay_p50
    with pytest.raises(InvalidContract, match="nothing to be compared with"):
        label_coverage(store, CONTRACT.model_copy(update={"prediction": "p"}), BEGIN, window(1), 60)


def test_wrong_propensities_are_counted(store: Store) -> None:
    contract = contract_with(propensity="likely")
    send(store, contract, {"out": ["a"] * 4, "likely": [0.5, 0.001, None, 2.0]})
    coverage = label_coverage(store, contract, BEGIN, window(1), 60)
    assert (coverage.clipped, coverage.invalid_propensity) == (1, 2)
