"""A baseline from a CSV or Parquet file: what in it fits the contract, and what is said when it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from detectors.baselines.recipe import FileRecipe
from detectors.files.table import Table, open_table
from detectors.reference_rows import TRUTH, Batch
from driftline.contracts import ColumnKind, Contract
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
        Column with the truth, by which the baseline's quality is measured.

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
        table.batches(columns) if label is None else _with_truth(table, contract, columns, label),
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


def _with_truth(
    table: Table, contract: Contract, columns: Mapping[str, ColumnKind], label: str
) -> Iterator[Batch]:
    """The file's rows with the truth of each."""
    quality = contract.quality_or_default()
    kind: ColumnKind = columns.get(label) or (
        "numeric" if quality is not None and quality.task == "regression" else "categorical"
    )
    for batch in table.batches({**columns, label: kind}):
        yield {**batch, TRUTH: [None if one is None or one != one else str(one) for one in batch[label]]}


def _accuracy(file: Path, contract: Contract, label: str) -> tuple[int, int]:
    """Labelled rows and those predicted right; none of a model that predicts no class."""
    table = open_table(file)
    quality = contract.quality_or_default()
    if quality is None:
        raise ContractMismatch("--label needs a contract that names its prediction")
    if table.column(label) is None:
        raise ContractMismatch(f"{file} has no column {label!r}")
    predicted = quality.prediction or contract.prediction
    column = contract.column(predicted)
    if quality.task != "classification" or column is None:
        return 0, 0
    if table.column(predicted) is None:
        raise ContractMismatch(f"{file} has no column {predicted!r}")
    labelled = correct = 0
    for batch in table.batches({label: "categorical", predicted: "categorical"}):
        for truth, answer in zip(batch[label], batch[predicted], strict=True):
            if truth is not None:
                labelled += 1
                correct += truth == answer
    return labelled, correct
