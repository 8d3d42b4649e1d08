"""``driftline replay``: a known drift is found at its time, whatever else the file holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from driftline.errors import ContractMismatch, DriftlineError, InvalidInput
from driftline.settings import Settings
from driftline.store import Store
from service.cli.main import app
from service.replay import Replay, ReplayOptions, replay
from service.replay.reference import FirstPart, OtherFile, Part
from tests.integration.service.histories import BEGIN, HOUR, ROWS, at, history, write

BASELINE_HOURS = 72
BASELINE = FirstPart(BASELINE_HOURS * HOUR)
DRIFT = (90, 102)
HOURS = 120


def run(file: Path, settings: Settings, reference: Any = BASELINE, **options: Any) -> Replay:
    return replay(ReplayOptions(file, "at", reference, **options), settings)


def run_command(settings: Settings, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    assert settings.clickhouse_url is not None
    environment = os.environ | {"DRIFTLINE_CLICKHOUSE_URL": settings.clickhouse_url.get_secret_value()}
    return subprocess.run(
        [sys.executable, "-m", "service.cli.main", "replay", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )


def scratch_databases(settings: Settings) -> int:
    assert settings.clickhouse_url is not None
    server = Store(settings.clickhouse_url.get_secret_value(), "default")
    found = server.scalar("SELECT count() FROM system.databases WHERE name LIKE 'driftline_scratch_%'")
    server.close()
    return int(found)


def test_a_drift_is_found_at_its_time_and_ends_with_it(tmp_path: Path, settings: Settings) -> None:
    found = run(write(tmp_path / "h.parquet", history(HOURS, drift=DRIFT)), settings)
    assert len(found.windows) == HOURS - BASELINE_HOURS
    assert (found.since, found.until) == (at(BASELINE_HOURS), at(HOURS))
    assert found.baseline_rows == BASELINE_HOURS * ROWS
    (one,) = found.episodes
    assert one.episode.fields == ("amount",)
    assert one.episode.first_window == at(DRIFT[0])
    assert one.episode.opened_at == at(DRIFT[0] + 1) + timedelta(minutes=1)
    assert one.episode.resolved_at is not None
    assert at(DRIFT[1]) < one.episode.resolved_at <= at(DRIFT[1] + 8)
    assert one.events == ("episode.opened", "episode.resolved")
    quiet = [window for window in found.windows if window.start < at(DRIFT[0])]
    assert Counter(window.status for window in quiet) == {"ok": len(quiet)}
    amount = found.fields[0]
    assert (amount.field, amount.first_drifted) == ("amount", at(DRIFT[0]))
    assert {one.field for one in found.fields} == {"amount", "age", "country", "constant"}
    assert found.nominal_false_episodes == pytest.approx(0.125 / 2 * 48 / 8760)
    assert scratch_databases(settings) == 0


def test_the_order_of_rows_does_not_matter_and_csv_says_the_same(tmp_path: Path, settings: Settings) -> None:
    columns = history(84, drift=(78, 84))
    order = np.random.default_rng(2).permutation(columns["at"].size)
    shuffled = {name: values[order] for name, values in columns.items()}
    shuffled["at"] = np.array([datetime.fromtimestamp(t, UTC).isoformat() for t in shuffled["at"]])
    straight = run(write(tmp_path / "a.parquet", columns), settings)
    other = run(write(tmp_path / "b.csv", shuffled), settings)
    assert [(one.start, one.status, one.rows) for one in straight.windows] == [
        (one.start, one.status, one.rows) for one in other.windows
    ]
    assert straight.episodes[0].episode.opened_at == other.episodes[0].episode.opened_at


def test_another_file_and_a_range_as_baseline(tmp_path: Path, settings: Settings) -> None:
    file = write(tmp_path / "h.parquet", history(60, drift=(48, 60), shift=2.0))
    reference = write(tmp_path / "r.parquet", history(30, seed=9, rows=100))
    by_file = run(file, settings, OtherFile(reference))
    assert len(by_file.windows) == 60
    assert by_file.baseline == "r.parquet"
    assert by_file.episodes[0].episode.first_window == at(48)
    by_range = run(file, settings, Part(at(0), at(30)))
    assert by_range.windows[0].start == at(30)
    assert by_range.episodes[0].episode.first_window == at(48)


def test_a_field_that_vanishes_and_one_that_appears(tmp_path: Path, settings: Settings) -> None:
    columns = history(84)
    hour = np.repeat(np.arange(84), ROWS)
    columns["age"] = np.where(hour >= 78, np.nan, columns["age"])
    columns["newcomer"] = np.where(hour >= 78, 1.0, np.nan)
    found = run(write(tmp_path / "h.parquet", columns), settings)
    first = {one.field: one.first_drifted for one in found.fields}
    assert first["age"] == at(78)
    assert first["newcomer"] == at(78)
    assert first["amount"] is None


def test_columns_that_cannot_be_watched_have_a_reason_each(tmp_path: Path, settings: Settings) -> None:
    columns = history(30)
    size = columns["at"].size
    columns["mixed"] = np.where(np.arange(size) % 3 == 0, "n/k", "5")
    columns["empty"] = pa.nulls(size, pa.float64())
    columns["nested"] = pa.array([[1]] * size)
    found = run(write(tmp_path / "h.parquet", columns), settings, FirstPart(24 * HOUR))
    by_name = {one.field: one for one in found.fields}
    assert by_name["mixed"].status_counts == {}
    assert "mixed types" in by_name["mixed"].reason
    assert "neither a number nor a text" in by_name["nested"].reason
    assert by_name["empty"].status_counts.get("drifted", 0) == 0
    assert sum(by_name["empty"].status_counts.values()) == 6
    assert found.episodes == ()


def test_windows_of_no_one_and_two_rows_are_no_trouble(tmp_path: Path, settings: Settings) -> None:
    columns = history(34)
    hour = np.repeat(np.arange(34), ROWS)
    place = np.tile(np.arange(ROWS), 34)
    keep = (hour < 30) | ((hour == 31) & (place < 1)) | ((hour == 32) & (place < 2)) | (hour == 33)
    kept = {name: values[keep] for name, values in columns.items()}
    found = run(write(tmp_path / "h.parquet", kept), settings, FirstPart(24 * HOUR))
    small = {window.start: window for window in found.windows if window.start >= at(30)}
    assert sorted(small) == [at(31), at(32), at(33)]
    assert (small[at(31)].rows, small[at(31)].status) == (1, "insufficient_data")
    assert (small[at(32)].rows, small[at(32)].status) == (2, "insufficient_data")
    assert small[at(31)].reason
    assert small[at(33)].status == "ok"


def test_bad_times_and_weights_are_counted_and_shown(tmp_path: Path, settings: Settings) -> None:
    columns = history(30, weight=np.tile([1.0, 2.0, 4.0, 1.0], 30 * ROWS // 4))
    columns["at"] = columns["at"].astype(object)
    texts = [datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S") for moment in columns["at"]]
    texts[5], texts[17], texts[18] = "soon", "", "0000-00-00"
    columns["at"] = texts
    columns["weight"][20:22] = [0.0, -1.0]
    found = run(write(tmp_path / "h.csv", columns), settings, FirstPart(24 * HOUR), weight_column="weight")
    assert (found.loaded.bad_times, found.loaded.bad_weights) == (3, 2)
    assert found.loaded.bad_examples == ["'soon'", "missing", "'0000-00-00'"]
    assert found.loaded.rows == 30 * ROWS - 5
    assert "weight" not in {one.field for one in found.fields}
    effective = found.windows[0].findings[0].effective_rows
    assert effective == pytest.approx(ROWS * 8**2 / 4 / 22, rel=0.01)


def test_a_sparse_decade_in_random_order(tmp_path: Path, settings: Settings) -> None:
    days = np.random.default_rng(1).permutation(3650)
    columns = {
        "at": [(datetime(2012, 1, 1, tzinfo=UTC) + timedelta(days=int(day))) for day in days],
        "x": np.random.default_rng(2).normal(size=days.size),
    }
    tuned = settings.model_copy(update={"window_seconds": 7 * 86400, "min_samples": 2})
    found = run(write(tmp_path / "h.parquet", columns), tuned, FirstPart(timedelta(weeks=260)))
    assert found.loaded.rows == 3650
    assert sum(window.rows for window in found.windows) + found.baseline_rows == 3650


def test_segments_and_ids_are_no_common_fields(tmp_path: Path, settings: Settings) -> None:
    columns = history(30, customer=np.array([f"c{i}" for i in range(30 * ROWS)]))
    found = run(
        write(tmp_path / "h.parquet", columns),
        settings,
        FirstPart(24 * HOUR),
        segments=("country",),
        ids=("customer",),
    )
    assert "customer" not in {one.field for one in found.fields}
    assert found.episodes == ()


def test_tolerances_are_compared(tmp_path: Path, settings: Settings) -> None:
    file = write(tmp_path / "h.parquet", history(96, drift=(84, 90), shift=0.8))
    found = run(file, settings, tolerances=(0.05, 0.4, 2.0))
    by_tolerance = {one.tolerance: one for one in found.tolerances}
    assert [by_tolerance[t].episodes for t in (0.05, 0.4, 2.0)] == [1, 1, 0]
    assert by_tolerance[0.05].drifted_windows >= by_tolerance[0.4].drifted_windows > 0
    assert by_tolerance[0.05].opened_at == (found.episodes[0].episode.opened_at,)
    assert by_tolerance[2.0].drifted_windows == 0


def test_the_command_answers_programs(tmp_path: Path, settings: Settings) -> None:
    file = write(tmp_path / "h.parquet", history(96, drift=(84, 96), shift=2.0))
    common = (file, "--time-column", "at", "--window", "1h", "--id", "constant")
    done = run_command(settings, *common, "--baseline", "first:3d", "--json")
    assert done.returncode == 1, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 24 + 1
    assert lines[12]["drifted"] == ["amount"]
    last = lines[-1]
    assert last["windows"] == 24
    (episode,) = last["episodes"]
    assert episode["fields"] == ["amount"]
    assert episode["kind"] == "drift"
    assert episode["resolved_at"] is None
    assert datetime.fromisoformat(episode["opened_at"]) == at(85) + timedelta(minutes=1)
    assert last["status_counts"] == {"ok": 12, "drifted": 12}
    assert {"words", "per_model_year", "years", "nominal_false_episodes"} <= set(last["budget"])
    assert last["rows"] == 96 * ROWS


def test_the_command_answers_people(tmp_path: Path, settings: Settings) -> None:
    file = write(tmp_path / "h.csv", history(30))
    done = run_command(
        settings, file, "--time-column", "at", "--baseline", f"{BEGIN:%Y-%m-%d}..{at(24):%Y-%m-%d}"
    )
    assert done.returncode == 0, done.stderr
    assert "6 windows of 1 hour from 2024-02-28 00:00 to 2024-02-28 06:00 UTC" in done.stdout
    assert "no episode" in done.stdout
    assert "budget: one false episode per model in eight years" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--time-column", "when", "--baseline", "first:1d"),
            "has no column 'when'; its columns are at, amount",
        ),
        (("--time-column", "country", "--baseline", "first:1d"), "has a time that can be read"),
        (("--time-column", "at", "--baseline", "first:9d"), "leaves nothing to replay"),
        (("--time-column", "at", "--baseline", "2020-01-01..2020-02-01"), "holds no rows"),
        (("--time-column", "at", "--baseline", "first:10m"), "holds no whole window"),
        (("--time-column", "at", "--baseline", "gone.csv"), "gone.csv does not exist"),
        (("--time-column", "at", "--baseline", "first:1d", "--window", "8d"), "whole seconds up to a week"),
        (
            ("--time-column", "at", "--baseline", "first:1d", "--budget", "never"),
            "not understood as a budget",
        ),
        (
            ("--time-column", "at", "--baseline", "first:1d", "--tolerances", "a,b"),
            "--tolerances takes numbers",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    arguments: Sequence[str],
    said: str,
) -> None:
    file = write(tmp_path / "h.parquet", history(30, rows=20))
    assert settings.clickhouse_url is not None
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_URL", settings.clickhouse_url.get_secret_value())
    done = CliRunner().invoke(app, ["replay", str(file), *arguments])
    assert done.output == ""
    assert isinstance(done.exception, DriftlineError)
    assert done.exception.exit_code == 2
    assert said in done.exception.message


def test_columns_with_two_uses_and_files_without_common_fields(tmp_path: Path, settings: Settings) -> None:
    file = write(tmp_path / "h.parquet", history(30, rows=20))
    with pytest.raises(InvalidInput, match="cannot have two uses"):
        run(file, settings, ids=("age",), segments=("age",))
    other = write(tmp_path / "o.parquet", {"x": [1.0, 2.0]})
    with pytest.raises(ContractMismatch, match="has no field of the replayed file"):
        run(file, settings, OtherFile(other))
