"""Do two files of answers to the same inputs agree, joined by a key in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal
from zlib import crc32

import numpy as np

from detectors.files.table import Table, open_table
from detectors.versions.output_parity import EXAMPLES, OutputComparison, Tolerance
from detectors.versions.parity import ANSWERED, REQUIRED, check_names, checked_share
from detectors.versions.parity_words import parity_in_words, verdict_of
from driftline.contracts import ColumnKind
from driftline.errors import ContractMismatch, InvalidInput, UnreadableFile
from driftline.readmodel.version_parity import VersionParity

ROWS_OF_A_PASS: Final = 200_000
"""Rows of a file that are held at once; larger files are read several times."""

Row = tuple[object, ...]


def parity_of_files(
    a: Path,
    b: Path,
    key: str,
    *,
    tolerances: Mapping[str, Tolerance] | None = None,
    tolerance_units: float = 0.05,
    required: float = REQUIRED,
) -> VersionParity:
    """Compare the columns that two files share, row by row of the same key.

    Parameters
    ----------
    a, b
        Files of the original and of the variant, CSV or Parquet.
    key
        Column that names the input; every value occurs once in a file.
    tolerances
        By column. Others may differ by ``tolerance_units`` standard deviations of the original's values.
    required
        Share of inputs whose answers have to agree.

    Raises
    ------
    InvalidInput
        No input is in both files, a key occurs twice, or a tolerance is for no numeric column.
    ContractMismatch
        A file lacks the key, or they share no other column.
    UnreadableFile
        A file cannot be read.
    """
    checked_share(required)
    table_a, table_b = open_table(a), open_table(b)
    kinds = _shared_columns(table_a, table_b, key)
    given = dict(tolerances or {})
    check_names([name for name, kind in kinds.items() if kind == "numeric"], given)
    spreads = _spreads(
        table_a, [name for name, kind in kinds.items() if kind == "numeric" and name not in given]
    )
    compared = {
        name: OutputComparison(
            name, kind, given.get(name, Tolerance(tolerance_units * spreads.get(name, 0.0))), required
        )
        for name, kind in kinds.items()
    }
    answered = OutputComparison(ANSWERED, "categorical", Tolerance(), required)
    passes = max(1, math.ceil(max(table_a.rows, table_b.rows) / ROWS_OF_A_PASS))
    pairs, only_a, only_b = 0, _Unmatched(), _Unmatched()
    for number in range(passes):
        rows_a, rows_b = (_rows_of_pass(one, key, kinds, number, passes) for one in (table_a, table_b))
        shared = [name for name in rows_a if name in rows_b]
        only_a.add([name for name in rows_a if name not in rows_b])
        only_b.add([name for name in rows_b if name not in rows_a])
        pairs += len(shared)
        answered.add(
            list(rows_a),
            ["answered"] * len(rows_a),
            ["answered" if one in rows_b else "no row" for one in rows_a],
        )
        for index, comparison in enumerate(compared.values()):
            comparison.add(
                shared, [rows_a[one][index] for one in shared], [rows_b[one][index] for one in shared]
            )
    if not pairs:
        raise InvalidInput(
            f"no value of {key!r} is in both files; {a.name} has for example "
            f"{', '.join(only_a.examples[:3])}, {b.name} {', '.join(only_b.examples[:3])}"
        )
    results = (answered.result(), *(one.result() for one in compared.values()))
    found = VersionParity(
        model="",
        a=a.name,
        b=b.name,
        since=None,
        until=None,
        pairing="file",
        required=required,
        verdict=verdict_of(results),
        words=(),
        rows_a=table_a.rows,
        rows_b=table_b.rows,
        pairs=pairs,
        sampled=1.0,
        only_a=only_a.rows,
        only_b=only_b.rows,
        only_a_examples=tuple(only_a.examples),
        only_b_examples=tuple(only_b.examples),
        outputs=results,
        latency=(),
        cost=None,
    )
    return found.model_copy(update={"words": parity_in_words(found)})


class _Unmatched:
    """Keys of one file that the other lacks."""

    def __init__(self) -> None:
        self.rows = 0
        self.examples: list[str] = []

    def add(self, keys: list[str]) -> None:
        self.rows += len(keys)
        self.examples += keys[: EXAMPLES - len(self.examples)]


def _shared_columns(a: Table, b: Table, key: str) -> dict[str, ColumnKind]:
    """Columns of both files but the key; numeric when both are, else compared as texts."""
    for table in (a, b):
        if table.column(key) is None:
            raise ContractMismatch(
                f"{table.path} has no column {key!r} to join by; it has "
                f"{', '.join(column.name for column in table.columns[:20])}"
            )
    kinds: dict[str, ColumnKind] = {}
    for column in a.columns:
        other = b.column(column.name)
        if column.name == key or other is None:
            continue
        for one, table in ((column, a), (other, b)):
            # Texts of which some look like numbers are texts; what is neither cannot be compared.
            if one.kind is None and not one.fault.startswith("mixed types"):
                raise UnreadableFile(f"column {one.name!r} of {table.path} cannot be compared: {one.fault}")
        numeric: Literal["numeric", "categorical"] = (
            "numeric" if column.kind == other.kind == "numeric" else "categorical"
        )
        kinds[column.name] = numeric
    if not kinds:
        raise ContractMismatch(
            f"{a.path} and {b.path} share no column but {key!r}: there is nothing to compare"
        )
    return kinds


def _rows_of_pass(
    table: Table, key: str, kinds: Mapping[str, ColumnKind], number: int, passes: int
) -> dict[str, Row]:
    """Rows of the keys whose hash belongs to this pass."""
    rows: dict[str, Row] = {}
    for batch in table.batches({key: "categorical", **kinds}):
        columns = [batch[name] for name in kinds]
        for at, name in enumerate(batch[key]):
            if name is None or (passes > 1 and crc32(str(name).encode()) % passes != number):
                continue
            if str(name) in rows:
                raise InvalidInput(f"{table.path} has {key!r} = {name!r} twice: a key names one input")
            rows[str(name)] = tuple(column[at] for column in columns)
    return rows


def _spreads(table: Table, names: list[str]) -> dict[str, float]:
    """Standard deviation of the finite values of numeric columns; 0 with fewer than two."""
    counts, means, squares = (dict.fromkeys(names, 0.0) for _ in range(3))
    if not names:
        return {}
    for batch in table.batches(dict.fromkeys(names, "numeric")):
        for name in names:
            values = np.array([math.nan if one is None else one for one in batch[name]], np.float64)
            values = values[np.isfinite(values)]
            if not len(values):
                continue
            # Chan, Golub and LeVeque (1983): batches are merged without a difference of large sums.
            n, total = len(values), counts[name] + len(values)
            apart = float(values.mean()) - means[name]
            squares[name] += (
                float(np.square(values - values.mean()).sum()) + apart**2 * counts[name] * n / total
            )
            means[name] += apart * n / total
            counts[name] = total
    return {
        name: math.sqrt(squares[name] / (counts[name] - 1)) if counts[name] > 1 else 0.0 for name in names
    }
