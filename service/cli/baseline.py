"""``driftline baseline``"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from detectors.baselines.baseline import Baseline, EventRange
from detectors.baselines.building import build_baseline
from detectors.baselines.stored import save_baseline
from detectors.files.table import open_table
from detectors.reference_rows import baseline_from_rows
from driftline.contract_store import ContractStore
from driftline.contracts import Contract
from driftline.errors import ContractMismatch, InvalidInput
from driftline.store import Store
from driftline.store.opening import open_store
from service.cli.options import ConfigOption, JsonOption, ModelArgument, settings_for_command
from service.cli.output import console, print_json


def command(
    model: ModelArgument,
    file: Annotated[
        Path | None, typer.Option(help="CSV or Parquet file whose columns are the contract's columns.")
    ] = None,
    since: Annotated[datetime | None, typer.Option(help="Or: sampled events from this time (UTC)…")] = None,
    until: Annotated[datetime | None, typer.Option(help="…to this one; now when absent.")] = None,
    label: Annotated[
        str | None, typer.Option(help="Column of the file with the true class, for the baseline's accuracy.")
    ] = None,
    version: Annotated[str, typer.Option(help="Version it stands for; any when empty.")] = "",
    name: Annotated[str, typer.Option(help="Name of the baseline.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set what a model is compared with: a file, or a past range of its own traffic."""
    if (file is None) == (since is None):
        raise InvalidInput("give either --file or --since")
    with open_store(settings_for_command(config)) as store:
        contract = ContractStore(store).required(model)
        if file is not None:
            baseline = _from_file(store, contract, file, label, version, name)
        else:
            assert since is not None
            baseline = _from_traffic(store, contract, since, until, version, name)
    if as_json:
        print_json(
            {
                "baseline_id": baseline.baseline_id,
                "model": model,
                "version": baseline.version,
                "name": baseline.name,
                "rows": baseline.rows,
                "columns": sorted(baseline.columns),
                "accuracy": baseline.accuracy,
            }
        )
        return
    accuracy = "" if baseline.accuracy is None else f", accuracy {baseline.accuracy:.3f}"
    console().print(
        f"baseline [bold]{baseline.name}[/] of {model}: {baseline.rows:,} rows, "
        f"{len(baseline.columns)} columns{accuracy}"
    )


def _from_file(
    store: Store, contract: Contract, file: Path, label: str | None, version: str, name: str
) -> Baseline:
    table = open_table(file)
    columns = {column.name: column.kind for column in contract.columns()}
    missing = [column for column in columns if table.column(column) is None]
    if len(missing) == len(columns):
        raise ContractMismatch(
            f"{file} has none of the contract's columns ({', '.join(columns)}); "
            f"it has {', '.join(column.name for column in table.columns[:20])}"
        )
    faults = []
    for column, kind in columns.items():
        found = table.column(column)
        if found is not None and kind == "numeric" and found.kind != "numeric":
            faults.append(f"{column}: {found.fault or 'texts where the contract has numbers'}")
    if faults:
        raise ContractMismatch(
            f"{file} does not match the contract of {contract.model}: " + "; ".join(faults)
        )
    labelled, correct = (0, 0)
    if label is not None:
        labelled, correct = _accuracy(file, contract, label)
    return baseline_from_rows(
        store,
        contract,
        table.batches(columns),
        name=name or file.name,
        source=file.name,
        version=version,
        labelled=labelled,
        correct=correct,
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


def _from_traffic(
    store: Store, contract: Contract, since: datetime, until: datetime | None, version: str, name: str
) -> Baseline:
    first = since.replace(tzinfo=since.tzinfo or UTC)
    last = (until or datetime.now(UTC)).replace(tzinfo=(until.tzinfo if until else None) or UTC)
    events = EventRange(contract.model, (version,) if version else (), first, last)
    source = f"traffic {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC"
    baseline = build_baseline(store, contract, events, name=name or source, source=source, version=version)
    save_baseline(store, baseline)
    return baseline


command.__name__ = "baseline"
