"""``driftline check`` without its command line: two files in, a comparison out."""

from __future__ import annotations

import tempfile
from pathlib import Path

from detectors.baselines.building import build_baseline
from detectors.comparison import Comparison, compare
from detectors.files.table import Table, contract_of, open_table
from detectors.reference_rows import load_rows, stand_in
from driftline.contracts import ColumnKind
from driftline.errors import ContractMismatch
from driftline.settings import Settings
from driftline.store.opening import open_scratch_store

MODEL = "check"


def check_files(baseline_path: Path, current_path: Path, settings: Settings) -> Comparison:
    """Compare two files through the same ClickHouse path as traffic, leaving nothing behind."""
    baseline_table, current_table = open_table(baseline_path), open_table(current_path)
    contract = contract_of(baseline_table, MODEL)
    failed = _incomparable(baseline_table, current_table)
    if all(column.name in failed for column in contract.columns()):
        raise ContractMismatch(
            f"{baseline_path} and {current_path} have no comparable column: "
            + "; ".join(f"{name}: {reason}" for name, (_, reason) in list(failed.items())[:5])
        )
    kinds: dict[str, ColumnKind] = {
        column.name: column.kind for column in contract.columns() if column.name not in failed
    }
    contract = contract.model_copy(
        update={"fields": tuple(field for field in contract.fields if field.name in kinds)}
    )
    with (
        tempfile.TemporaryDirectory(prefix="driftline-check-") as scratch,
        open_scratch_store(settings, Path(scratch)) as store,
    ):
        reference = load_rows(store, contract, stand_in(MODEL), baseline_table.batches(kinds))
        current = load_rows(store, contract, stand_in(MODEL), current_table.batches(kinds))
        baseline = build_baseline(
            store, contract, reference, name=baseline_path.name, source=str(baseline_path)
        )
        return compare(store, contract, baseline, current, settings, failed)


def _incomparable(baseline: Table, current: Table) -> dict[str, tuple[str, str]]:
    """Fields that cannot be compared: kind and reason by name."""
    failed: dict[str, tuple[str, str]] = {}
    for column in baseline.columns:
        other = current.column(column.name)
        kind = column.kind or "unknown"
        if column.kind is None:
            failed[column.name] = (kind, f"{column.fault} in the baseline")
        elif other is None:
            failed[column.name] = (kind, "the current file has no such column")
        elif other.kind is None:
            failed[column.name] = (kind, f"{other.fault} in the current file")
        elif other.kind != column.kind and column.kind == "numeric":
            failed[column.name] = (kind, "numbers in the baseline, texts in the current file")
    for column in current.columns:
        if baseline.column(column.name) is None:
            failed[column.name] = (column.kind or "unknown", "the baseline has no such column")
    return failed
