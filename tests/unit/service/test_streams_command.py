"""``driftline streams``: files and standard input in, alarms and an exit code out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from driftline.errors import DriftlineError
from service.cli.main import app


def streams(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["streams", *arguments], input=stdin)


def refused(*arguments: str, stdin: str | None = None) -> str:
    """The message of a foreseen error, which ends with exit code 2."""
    error = streams(*arguments, stdin=stdin).exception
    assert isinstance(error, DriftlineError)
    assert error.exit_code == 2
    return error.message


def lines(values: np.ndarray) -> str:
    return "".join(f"{value}\n" for value in values)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """3,000 rows; errors rise from .1 to .5 at row 2,000."""
    rng = np.random.default_rng(1)
    errors = np.concatenate([rng.random(2_000) < 0.1, rng.random(1_000) < 0.5]).astype(int)
    rows = [f"2026-01-01T{i // 60:02}:{i % 60:02},{errors[i]},7,word" for i in range(3_000)]
    path = tmp_path / "rows.csv"
    path.write_text("at,error,same,text\n" + "\n".join(rows) + "\n")
    return path


def test_a_rise_of_errors_is_found_with_its_time_and_levels(table: Path) -> None:
    result = streams(str(table), "--column", "error", "--time-column", "at", "--detector", "all", "--json")
    assert result.exit_code == 1
    found = orjson.loads(result.output)
    by_name = {one["detector"]: one for one in found["detectors"]}
    assert set(by_name) == {"adwin", "page-hinkley", "ddm", "kswin"}
    assert found["false_alarm_every"] == 100_000
    first = by_name["adwin"]["detections"][0]
    assert 2_000 < first["index"] < 2_200
    assert first["time"] == f"2026-01-01T{first['index'] // 60:02}:{first['index'] % 60:02}"
    assert first["before"] == pytest.approx(0.1, abs=0.05)
    assert first["after"] == pytest.approx(0.5, abs=0.15)


def test_people_get_a_table(table: Path) -> None:
    result = streams(str(table), "--column", "error", "--time-column", "at")
    assert result.exit_code == 1
    assert "3,000 observations" in result.output
    assert "adwin: drifted" in result.output


def test_calm_streams_exit_with_0_and_constant_ones_say_so(table: Path) -> None:
    calm = streams(
        "-", "--detector", "page-hinkley", stdin=lines(np.random.default_rng(2).normal(size=2_000))
    )
    assert calm.exit_code == 0
    assert "page-hinkley: ok, no change" in calm.output
    same = streams(str(table), "--column", "same")
    assert same.exit_code == 0
    assert "constant, every observation is 7" in same.output


def test_missing_values_are_left_out_and_counted() -> None:
    values = [f"{value}" for value in np.random.default_rng(3).normal(size=300)]
    values[10], values[20] = "", "NA"
    result = streams("-", stdin="\n".join(values))
    assert result.exit_code == 0
    assert "298 observations, 2 missing left out" in result.output


def test_parquet_with_times_is_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    scores = np.concatenate([rng.normal(size=1_500), rng.normal(3, 1, 200)])
    at = np.datetime64("2026-01-01T00:00:00", "s") + np.arange(scores.size).astype("timedelta64[s]")
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"at": at, "score": scores}), path)
    result = streams(str(path), "--column", "score", "--time-column", "at", "--json")
    first = orjson.loads(result.output)["detectors"][0]["detections"][0]
    assert first["time"].startswith("2026-01-01 00:25:")


def test_too_few_values_are_trouble_and_ddm_is_left_out_of_all_where_it_does_not_fit() -> None:
    few = streams("-", stdin="1\n2\n3\n")
    assert few.exit_code == 2
    assert "3 observations, 100 needed" in few.output
    scores = lines(np.random.default_rng(5).normal(size=1_200))
    result = streams("-", "--detector", "all", "--false-alarm-every", "1000000", stdin=scores)
    assert result.exit_code == 0
    assert "ddm: not_applicable, DDM watches errors, 0 or 1" in result.output


def test_what_cannot_be_read_says_why(table: Path, tmp_path: Path) -> None:
    assert "has no column 'nope'; it has at, error, same, text" in refused(str(table), "--column", "nope")
    assert "it holds texts" in refused(str(table), "--column", "text")
    assert "say which column with --column" in refused(str(table))
    assert "does not exist" in refused(str(tmp_path / "none.csv"), "--column", "x")
    assert "line 2 of standard input is no number: 'abc'" in refused("-", stdin="1\nabc\n")
    assert "standard input is empty" in refused("-", stdin="")
    assert "is infinite" in refused("-", stdin="1\n" * 100 + "inf\n")
    assert "DDM watches errors" in refused("-", "--detector", "ddm", stdin=lines(np.arange(200.0)))
    assert "ask for 1 to 1,000,000" in refused("-", "--false-alarm-every", "9999999", stdin="1\n")
    mixed = tmp_path / "mixed.csv"
    mixed.write_text("x,y\n1,1\ntwo,1\n3,1\n")
    assert "mixed types: 2 numbers and 1 texts" in refused(str(mixed), "--column", "x")


def test_an_unknown_detector_is_a_usage_error(table: Path) -> None:
    result = streams(str(table), "--column", "error", "--detector", "cusum")
    assert result.exit_code == 2
    assert "cusum" in result.output
