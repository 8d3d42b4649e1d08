"""Read a CSV or Parquet file twice in bounded memory: once to learn its columns, once for its rows."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detectors.reference_rows import Batch
from driftline.contracts import FIELD_NAME, ColumnKind, Contract, ContractField
from driftline.errors import DependencyMissing, InvalidContract, UnreadableFile

BATCH_ROWS = 20_000
CSV_NULLS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
"""Texts that mean *missing* in a CSV file."""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column of a file.

    Attributes
    ----------
    kind
        ``numeric`` or ``categorical``; ``None`` when it cannot be used.
    fault
        Why not: mixed numbers and texts, or a type that is neither.
    """

    name: str
    kind: ColumnKind | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A readable file: its columns and rows; batches come from :meth:`batches`."""

    path: Path
    rows: int
    columns: tuple[TableColumn, ...]

    def column(self, name: str) -> TableColumn | None:
        """The column of that name, or ``None``."""
        return next((column for column in self.columns if column.name == name), None)

    def batches(self, kinds: dict[str, ColumnKind]) -> Iterator[Batch]:
        """Rows in batches of at most 20,000, each column converted to the kind asked for.

        In a numeric column what is no number is missing; in a categorical one numbers become text.
        """
        for batch in _arrow_batches(self.path):
            out: dict[str, Sequence[object]] = {}
            for name, kind in kinds.items():
                if name in batch.schema.names:
                    array = batch.column(batch.schema.names.index(name))
                    out[name] = _numbers(array) if kind == "numeric" else _texts(array)
            yield out


def open_table(path: Path) -> Table:
    """Read a file once and say what is in it.

    Raises
    ------
    UnreadableFile
        It does not exist, is empty, of another format or damaged; the message says which.
    DependencyMissing
        pyarrow is not installed.
    """
    seen: dict[str, list[int]] = {}
    order: list[str] = []
    faults: dict[str, str] = {}
    kinds: dict[str, set[ColumnKind]] = {}
    rows = 0
    for batch in _arrow_batches(path):
        rows += batch.num_rows
        for name, array in zip(batch.schema.names, batch.columns, strict=True):
            if name not in seen:
                order.append(name)
                seen[name] = [0, 0]
                kinds[name] = set()
            _look(array, name, seen[name], kinds[name], faults)
            if batch.schema.names.count(name) > 1:
                raise UnreadableFile(f"{path} names a column twice: {name}")
    if rows == 0:
        raise UnreadableFile(f"{path} has no rows")
    if not order:
        raise UnreadableFile(f"{path} has no columns")
    return Table(path, rows, tuple(_column(name, seen[name], kinds[name], faults) for name in order))


def contract_of(table: Table, model: str) -> Contract:
    """A contract with every usable column of a table as an input field."""
    fields = tuple(
        ContractField(name=column.name, kind=column.kind) for column in table.columns if column.kind
    )
    if not fields:
        raise InvalidContract(
            f"{table.path} has no usable column: "
            + "; ".join(f"{column.name}: {column.fault}" for column in table.columns[:5])
        )
    return Contract(model=model, fields=fields, source="inferred")


def _look(
    array: Any, name: str, numbers_and_texts: list[int], kinds: set[ColumnKind], faults: dict[str, str]
) -> None:
    types = _arrow("types")
    if _is_text(array.type):
        texts = array.cast(_arrow().string())
        values = len(texts) - texts.null_count
        numeric = _numeric_count(texts) if kinds != {"categorical"} or not numbers_and_texts[1] else 0
        numbers_and_texts[0] += numeric
        numbers_and_texts[1] += values - numeric
    elif types.is_boolean(array.type):
        kinds.add("categorical")
    elif types.is_null(array.type):
        return
    elif (
        types.is_integer(array.type)
        or types.is_floating(array.type)
        or types.is_decimal(array.type)
        or (types.is_temporal(array.type) and not types.is_interval(array.type))
    ):
        kinds.add("numeric")
    else:
        faults[name] = f"type {array.type} is neither a number nor a text"


def _column(
    name: str, numbers_and_texts: list[int], kinds: set[ColumnKind], faults: dict[str, str]
) -> TableColumn:
    if name in faults:
        return TableColumn(name, None, faults[name])
    if not FIELD_NAME.fullmatch(name):
        return TableColumn(name, None, f"{name!r} cannot name a field: give it 1-200 plain characters")
    numbers, texts = numbers_and_texts
    if numbers and texts:
        fault = f"mixed types: {numbers} numbers and {texts} texts"
        return TableColumn(name, None, fault)
    if texts:
        return TableColumn(name, "categorical")
    if kinds == {"categorical"}:
        return TableColumn(name, "categorical")
    return TableColumn(name, "numeric")


def _numeric_count(texts: Any) -> int:
    """How many of the texts are numbers."""
    try:
        texts.cast(_arrow().float64())
        return int(len(texts) - texts.null_count)
    except _arrow().ArrowInvalid:
        # Categories repeat: each text is tried once a batch.
        counted = texts.value_counts()
        found = zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True)
        return sum(rows for text, rows in found if text is not None and _is_number(text))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _is_text(arrow_type: Any) -> bool:
    types = _arrow("types")
    return bool(
        types.is_string(arrow_type)
        or types.is_large_string(arrow_type)
        or types.is_string_view(arrow_type)
        or types.is_dictionary(arrow_type)
    )


def _numbers(array: Any) -> Sequence[object]:
    arrow, types = _arrow(), _arrow("types")
    if types.is_temporal(array.type):
        if types.is_time(array.type):
            exact = arrow.time64("us")
        else:
            exact = arrow.duration("us") if types.is_duration(array.type) else arrow.timestamp("us")
        # Nanoseconds are cut off: no field needs them, and the cast would refuse them.
        microseconds = array.cast(exact, safe=False).cast(arrow.int64())
        return [None if value is None else value / 1e6 for value in microseconds.to_pylist()]
    if _is_text(array.type):
        texts = array.cast(arrow.string())
        try:
            # Twenty times faster than one by one, but one wrong text fails the whole batch.
            parsed: Sequence[object] = texts.cast(arrow.float64()).to_numpy(zero_copy_only=False)
        except arrow.ArrowInvalid:
            return [
                float(text) if text is not None and _is_number(text) else None for text in texts.to_pylist()
            ]
        return parsed
    numbers: Sequence[object] = array.cast(arrow.float64(), safe=False).to_numpy(zero_copy_only=False)
    return numbers


def _texts(array: Any) -> Sequence[object]:
    if _arrow("types").is_boolean(array.type):
        return [None if value is None else str(value).lower() for value in array.to_pylist()]
    texts: list[object] = array.cast(_arrow().string()).to_pylist()
    return texts


def _arrow_batches(path: Path) -> Iterator[Any]:
    arrow = _arrow()
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            with _arrow("parquet").ParquetFile(path) as file:
                yield from file.iter_batches(batch_size=BATCH_ROWS)
            return
        if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
            raise UnreadableFile(f"{path} is neither .csv nor .parquet: its name must end in one of them")
        yield from _csv_batches(path)
    except FileNotFoundError as error:
        raise UnreadableFile(f"{path} does not exist") from error
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{path} cannot be read: {str(error).splitlines()[0]}") from error


def _csv_batches(path: Path) -> Iterator[Any]:
    csv = _arrow("csv")
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    with path.open("rb") as file:
        if not file.read(1):
            raise UnreadableFile(f"{path} is empty")
    with csv.open_csv(path, parse_options=parse) as first:
        names = first.schema.names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnreadableFile(f"{path} names a column twice: {', '.join(twice)}")
    # In a file of one column an empty line is a missing value.
    parse.ignore_empty_lines = len(names) > 1
    # Every column is read as text: a type guessed from the first block would fail or lie further down.
    convert = csv.ConvertOptions(
        column_types={name: _arrow().string() for name in names},
        null_values=list(CSV_NULLS),
        strings_can_be_null=True,
    )
    with csv.open_csv(
        path, read_options=csv.ReadOptions(block_size=4 << 20), parse_options=parse, convert_options=convert
    ) as reader:
        for batch in reader:
            for start in range(0, batch.num_rows, BATCH_ROWS):
                yield batch.slice(start, BATCH_ROWS)


def _arrow(part: str = "") -> Any:
    try:
        return importlib.import_module(f"pyarrow.{part}" if part else "pyarrow")
    except ImportError as error:
        raise DependencyMissing(
            "reading files needs pyarrow: install it with `pip install 'driftline[files]'`"
        ) from error
