"""Files as people have them: what can be read is, what cannot is said, column by column."""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from detectors.files.table import BATCH_ROWS, Table, TableColumn, contract_of, open_table
from driftline.contracts import ColumnKind
from driftline.errors import InvalidContract, UnreadableFile


def csv_table(folder: Path, text: str, name: str = "rows.csv") -> Table:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return open_table(path)


def parquet_column(folder: Path, array: pa.Array) -> tuple[TableColumn, Table]:
    path = folder / "rows.parquet"
    pq.write_table(pa.table({"a": array}), path)
    table = open_table(path)
    return table.columns[0], table


def values(table: Table, name: str, kind: ColumnKind) -> list[object]:
    found: list[object] = []
    for batch in table.batches({name: kind}):
        found += [None if value is None or value != value else value for value in batch[name]]
    return found


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("a\n1\n-2.5\n1e3\n", "numeric", [1, -2.5, 1000]),
        ("a\n1\n\nNA\nnan\nNULL\n2\n", "numeric", [1, None, None, None, None, 2]),
        ("a\ninf\n-inf\n1\n", "numeric", [math.inf, -math.inf, 1]),
        ("a\n 1.5\n2\n", "numeric", [1.5, 2]),
        ("a\n1_000\n", "categorical", ["1_000"]),
        ("a\nyes\nno\nNone\n", "categorical", ["yes", "no", None]),
        ('a\n"x, y"\n"two\nlines"\n', "categorical", ["x, y", "two\nlines"]),
        ("a\nåäö\n🙂\n", "categorical", ["åäö", "🙂"]),
        ("\ufeffa\n1\n", "numeric", [1]),
        ("a\nNA\n\n", "numeric", [None, None]),
    ],
)
def test_a_csv_column_is_a_number_or_a_text(
    tmp_path: Path, text: str, kind: ColumnKind, expected: list[object]
) -> None:
    table = csv_table(tmp_path, text)
    assert table.columns == (TableColumn("a", kind),)
    assert values(table, "a", kind) == expected
    assert table.rows == len(expected)


def test_tabs_separate_a_tsv(tmp_path: Path) -> None:
    table = csv_table(tmp_path, "a\tb,c\n1\tx\n", "rows.tsv")
    assert [(column.name, column.kind) for column in table.columns] == [
        ("a", "numeric"),
        ("b,c", "categorical"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rows.csv", b"", "is empty"),
        ("rows.csv", b"a,b\n", "has no rows"),
        ("rows.csv", b"a,b\n1\n", "Expected 2 columns"),
        ("rows.csv", b"a,a\n1,2\n", "names a column twice: a"),
        ("rows.csv", b"a\n\xff\xfe\n", "invalid UTF8"),
        ("rows.csv", b"\n\n", "cannot be read"),
        ("rows.parquet", b"", "cannot be read"),
        ("rows.parquet", b"PAR1 this is not one PAR1", "cannot be read"),
        ("rows.xlsx", b"PK", "must end in one of them"),
        ("rows", b"a\n1\n", "must end in one of them"),
    ],
)
def test_an_unreadable_file_says_why(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=words) as caught:
        open_table(path)
    assert name in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", ["absent.csv", "absent.parquet"])
def test_a_missing_file_is_said_to_be_missing(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableFile, match="does not exist"):
        open_table(tmp_path / name)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UnreadableFile, match="cannot be read"):
        open_table(tmp_path / "folder.csv")


def test_a_truncated_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"a": list(range(5000))}), path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UnreadableFile, match="cannot be read"):
        open_table(path)


def test_a_parquet_file_that_names_a_column_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), path)
    with pytest.raises(UnreadableFile, match="twice: a"):
        open_table(path)


DAY = datetime.date(2026, 1, 2)
MOMENT = 1_700_000_000.123456


@pytest.mark.parametrize(
    ("array", "kind", "expected"),
    [
        (pa.array([1, None, 3]), "numeric", [1, None, 3]),
        (pa.array([1.5, math.nan, -math.inf]), "numeric", [1.5, None, -math.inf]),
        (pa.array([2**63 + 5], pa.uint64()), "numeric", [float(2**63)]),
        (pa.array([1.5], pa.float32()).cast(pa.float16()), "numeric", [1.5]),
        (pa.array([decimal.Decimal("1.50"), None]), "numeric", [1.5, None]),
        (pa.array([1700000000123456789], pa.timestamp("ns")), "numeric", [MOMENT]),
        (pa.array([1700000000123456, None], pa.timestamp("us", "UTC")), "numeric", [MOMENT, None]),
        (pa.array([DAY]), "numeric", [1767312000]),
        (pa.array([1000], pa.time32("ms")), "numeric", [1]),
        (pa.array([1_500_001], pa.time64("ns")), "numeric", [0.0015]),
        (pa.array([1500], pa.duration("ms")), "numeric", [1.5]),
        (pa.array([True, False, None]), "categorical", ["true", "false", None]),
        (pa.array(["x", None, ""]), "categorical", ["x", None, ""]),
        (pa.array(["x"], pa.large_string()), "categorical", ["x"]),
        (pa.array(["x"], pa.string_view()), "categorical", ["x"]),
        (pa.array(["x", "y", None]).dictionary_encode(), "categorical", ["x", "y", None]),
        (pa.array([1, 2, None]).dictionary_encode(), "numeric", [1, 2, None]),
        (pa.nulls(2), "numeric", [None, None]),
        (pa.array([None, None], pa.string()), "numeric", [None, None]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else None,
)
def test_parquet_types(tmp_path: Path, array: pa.Array, kind: ColumnKind, expected: Sequence[object]) -> None:
    column, table = parquet_column(tmp_path, array)
    assert (column.kind, column.fault) == (kind, "")
    assert values(table, "a", kind) == expected


@pytest.mark.parametrize("array", [pa.array([[1]]), pa.array([b"x"]), pa.array([{"b": 1}])])
def test_a_type_that_is_neither_is_that_columns_fault(tmp_path: Path, array: pa.Array) -> None:
    column, table = parquet_column(tmp_path, array)
    assert column.kind is None
    assert "neither a number nor a text" in column.fault
    with pytest.raises(InvalidContract, match="no usable column"):
        contract_of(table, "m")


def test_mixed_types_are_counted_and_the_other_columns_go_on(tmp_path: Path) -> None:
    table = csv_table(tmp_path, "good,mixed\n1,5\n2,x\n3,y\n")
    mixed = table.column("mixed")
    assert mixed is not None
    assert mixed.kind is None
    assert mixed.fault == "mixed types: 1 numbers and 2 texts"
    assert [field.name for field in contract_of(table, "m").fields] == ["good"]
    assert table.column("absent") is None


@pytest.mark.parametrize("header", ["", "a`b", '"a\tb"'])
def test_a_name_no_field_can_have_is_that_columns_fault(tmp_path: Path, header: str) -> None:
    # An unnamed first column is what data frames write for their index.
    table = csv_table(tmp_path, f"{header},good\n0,1\n1,2\n")
    assert table.columns[0].kind is None
    assert "cannot name a field" in table.columns[0].fault
    assert [field.name for field in contract_of(table, "m").fields] == ["good"]


def test_a_text_far_down_is_still_found(tmp_path: Path) -> None:
    table = csv_table(tmp_path, "a\n" + "1\n" * (BATCH_ROWS * 2) + "oops\n")
    assert "1 texts" in table.columns[0].fault


def test_rows_come_in_bounded_batches(tmp_path: Path) -> None:
    table = csv_table(tmp_path, "a,b\n" + "1,x\n" * (BATCH_ROWS + 10))
    sizes = [len(batch["a"]) for batch in table.batches({"a": "numeric", "b": "categorical"})]
    assert max(sizes) <= BATCH_ROWS
    assert sum(sizes) == BATCH_ROWS + 10 == table.rows


def test_a_column_is_converted_to_the_kind_the_baseline_has(tmp_path: Path) -> None:
    table = csv_table(tmp_path, "a\n1\nx\n")
    assert values(table, "a", "numeric") == [1, None]
    assert values(table, "a", "categorical") == ["1", "x"]
