"""``driftline check`` as a person runs it: files in, table or JSON out, exit codes as ``diff``."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from driftline.settings import Settings
from tests.processes import run_command

ROWS = 2000


def write_csv(
    path: Path, seed: int, *, shift: float = 0.0, missing: float = 0.0, skip: Sequence[str] = ()
) -> Path:
    rng = np.random.default_rng(seed)
    columns: dict[str, list[Any]] = {
        "amount": (rng.normal(size=ROWS) * 3 + 100 + 3 * shift).round(4).tolist(),
        "age": [
            "" if gone else int(age)
            for gone, age in zip(rng.random(ROWS) < missing, rng.integers(18, 80, ROWS), strict=True)
        ],
        "country": rng.choice(["DE", "FR", "CN"], ROWS, p=[0.5, 0.3, 0.2]).tolist(),
        "constant": [7] * ROWS,
        "empty": [""] * ROWS,
        "mixed": [i if i % 3 else "n/k" for i in range(ROWS)],
    }
    kept = {name: values for name, values in columns.items() if name not in skip}
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(kept)
        writer.writerows(zip(*kept.values(), strict=True))
    return path


def check(settings: Settings, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command against the test's server, in a folder without settings."""
    assert settings.clickhouse_url is not None
    environment = os.environ | {"DRIFTLINE_CLICKHOUSE_URL": settings.clickhouse_url.get_secret_value()}
    return subprocess.run(
        [sys.executable, "-m", "service.cli.main", "check", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )


def by_field(result: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {field["field"]: field for field in json.loads(result.stdout)["fields"]}


def test_unchanged_data_exits_zero_with_every_statistic(tmp_path: Path, settings: Settings) -> None:
    skip = ("mixed",)
    reference, current = (
        write_csv(tmp_path / "a.csv", 1, skip=skip),
        write_csv(tmp_path / "b.csv", 2, skip=skip),
    )
    result = check(settings, "--baseline", reference, "--current", current, "--json")
    assert result.returncode == 0, result.stderr
    fields = by_field(result)
    assert json.loads(result.stdout)["drifted"] is False
    kinds = {name: field["kind"] for name, field in fields.items()}
    assert kinds == dict.fromkeys(("amount", "age", "constant", "empty"), "numeric") | {
        "country": "categorical"
    }
    assert {field["status"] for field in fields.values()} <= {"ok", "watch"}
    names = {"psi", "jensen_shannon", "kolmogorov_smirnov", "wasserstein", "chi_square", "chi_square_p_value"}
    assert names <= set(fields["amount"]["statistics"])
    assert "wasserstein" not in fields["constant"]["statistics"], "undefined for a constant baseline"


def test_drift_exits_one_and_the_other_fields_go_on(tmp_path: Path, settings: Settings) -> None:
    reference = write_csv(tmp_path / "a.csv", 1)
    current = write_csv(tmp_path / "b.csv", 2, shift=0.5, missing=0.03)
    result = check(settings, "--baseline", reference, "--current", current, "--json")
    assert result.returncode == 1
    fields = by_field(result)
    assert fields["amount"]["status"] == "drifted"
    assert fields["amount"]["direction"] == "location"
    assert fields["amount"]["effect"] == pytest.approx(0.5, abs=0.1)
    assert (fields["age"]["status"], fields["age"]["direction"]) == ("drifted", "missing")
    assert fields["country"]["status"] in ("ok", "watch")
    assert fields["mixed"]["status"] == "failed"
    assert "mixed types: 1333 numbers and 667 texts" in fields["mixed"]["reason"]
    table = check(settings, "--baseline", reference, "--current", current)
    assert table.returncode == 1
    assert "drift in 2 of 6 fields" in table.stdout


def test_parquet_answers_like_csv(tmp_path: Path, settings: Settings) -> None:
    pyarrow_csv = pytest.importorskip("pyarrow.csv")
    parquet = pytest.importorskip("pyarrow.parquet")
    skip = ("mixed", "empty")
    paths = [write_csv(tmp_path / f"{n}.csv", n, shift=n * 0.4, skip=skip) for n in (0, 1)]
    for path in paths:
        parquet.write_table(pyarrow_csv.read_csv(path), path.with_suffix(".parquet"))
    from_csv = by_field(check(settings, "--baseline", paths[0], "--current", paths[1], "--json"))
    from_parquet = by_field(
        check(
            settings, "--baseline", paths[0].with_suffix(".parquet"),
            "--current", paths[1].with_suffix(".parquet"), "--json",
        )
    )  # fmt: skip
    assert from_parquet == from_csv


def test_vanished_and_new_columns_are_reported(tmp_path: Path, settings: Settings) -> None:
    reference = write_csv(tmp_path / "a.csv", 1, skip=("mixed", "country"))
    current = write_csv(tmp_path / "b.csv", 2, skip=("mixed", "age"))
    result = check(settings, "--baseline", reference, "--current", current, "--json")
    assert result.returncode == 2
    fields = by_field(result)
    assert fields["age"]["reason"] == "the current file has no such column"
    assert fields["country"]["reason"] == "the baseline has no such column"
    assert fields["amount"]["status"] in ("ok", "watch")


def test_too_few_rows_are_never_called_unchanged(tmp_path: Path, settings: Settings) -> None:
    reference = write_csv(tmp_path / "a.csv", 1, skip=("mixed",))
    short = tmp_path / "short.csv"
    short.write_text("\n".join(reference.read_text().splitlines()[:20]))
    result = check(settings, "--baseline", reference, "--current", short, "--json")
    assert result.returncode == 2
    answer = json.loads(result.stdout)
    assert answer["status"] == "insufficient_data"
    assert {field["reason"] for field in answer["fields"]} == {
        "19 effective samples, 100 needed for a decision"
    }


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.csv", None, "does not exist"),
        ("empty.csv", b"", "is empty"),
        ("header.csv", b"a,b\n", "has no rows"),
        ("broken.parquet", b"PAR1 this is no parquet", "cannot be read"),
        ("ragged.csv", b"a,b\n1,2\n3\n", "cannot be read"),
        ("data.xlsx", b"PK", "neither .csv nor .parquet"),
    ],
)
def test_unreadable_files_are_one_clear_error(
    tmp_path: Path, settings: Settings, name: str, content: bytes | None, message: str
) -> None:
    reference = write_csv(tmp_path / "a.csv", 1)
    bad = tmp_path / name
    if content is not None:
        bad.write_bytes(content)
    result = check(settings, "--baseline", reference, "--current", bad, "--json")
    assert result.returncode == 2
    assert json.loads(result.stdout)["code"] == "unreadable_file"
    assert message in result.stderr
    assert str(bad) in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.stderr


def test_nothing_is_left_behind(tmp_path: Path, settings: Settings, clickhouse_url: str) -> None:
    from driftline.store import Store

    reference = write_csv(tmp_path / "a.csv", 1)
    check(settings, "--baseline", reference, "--current", reference)
    names = Store(clickhouse_url, "default").query("SHOW DATABASES LIKE 'driftline_scratch%'")
    assert names == []


def test_without_a_server_it_brings_its_own(tmp_path: Path) -> None:
    reference = write_csv(tmp_path / "a.csv", 1, skip=("mixed",))
    result = run_command("check", "--baseline", "a.csv", "--current", "a.csv", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv"], "no state folder is made"
    assert reference.exists()
