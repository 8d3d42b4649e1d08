"""A baseline from a CSV or Parquet file: what in it fits the contract, and what is said when it does not."""

from __future__ import annotations

from pathlib import Path

from detectors.baselines.recipe import FileRecipe
from detectors.files.table import Table, open_table
from driftline.contracts import Contract
from driftline.errors import ContractMismatch
from driftline.settings import Settings
from driftline.store import Store
from service.baselines import Followed, follow_rows


def follow_file(
    store: Store,
    settings: Settings,
    contract: Contract,
    file: Path,
    *,
    label: str | None = None,
    version: str = "",
    name: str = "",
    per_segment: bool = True,
) -> Followed:
    """Make a baseline of a file's rows and put it in force.

    Parameters
    ----------
    label
        Column with the true class, for the baseline's accuracy.

    Raises
    ------
    ContractMismatch
        The file has none of the contract's columns, or texts or mixed types where it has numbers.
    UnreadableFile
        It does not exist, is empty, of another format or damaged.
    """
    table = open_table(file)
    columns = {column.name: column.kind for column in contract.columns()}
    _check(table, contract)
    labelled, correct = _accuracy(file, contract, label) if label is not None else (0, 0)
    made = follow_rows(
        store,
        settings,
        contract,
        table.batches(columns),
        name=name or file.name,
        source=file.name,
        version=version,
        labelled=labelled,
        correct=correct,
        recipe=FileRecipe(per_segment=per_segment),
    )
    return Followed((made,), {})


def _check(table: Table, contract: Contract) -> None:
    columns = {column.name: column.kind for column in contract.columns()}
    if all(table.column(column) is None for column in columns):
        raise ContractMismatch(
            f"{table.path} has none of the contract's columns ({', '.join(columns)}); "
            f"it has {', '.join(column.name for column in table.columns[:20])}"
        )
    faults = []
    for column, kind in columns.items():
        found = table.column(column)
        if found is not None and kind == "numeric" and found.kind != "numeric":
            faults.append(f"{column}: {found.fault or 'texts where the contract has numbers'}")
    if faults:
        raise ContractMismatch(
            f"{table.path} does not match the contract of {contract.model}: " + "; ".join(faults)
        )


def _accuracy(file: Path, contract: Contract, label: str) -> tuple[int, int]:
    table = open_table(file)
    if not contract.prediction:
        raise ContractMismatch("--label needs a contract that names its prediction")
    for needed in (label, contract.prediction):
        if table.column(needed) is None:
            raise ContractMismatch(f"{file} has no column {needed!r}")
    labelled = correct = 0
    for batch in table.batches({label: "categorical", contract.prediction: "categorical"}):
        for truth, predicted in zip(batch[label], batch[contract.prediction], strict=True):
            if truth is not None:
                labelled += 1
                correct += truth == predicted
    return labelled, correct
