"""``driftline labels``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from driftline.contract_store import ContractStore
from driftline.errors import InvalidInput
from driftline.events import LabelReceipt, record_labels
from driftline.label_query import labels_from_query
from driftline.store.opening import open_store
from service.cli.label_tables import print_history, print_receipt, print_status
from service.cli.options import ConfigOption, JsonOption, ModelArgument, settings_for_command
from service.label_file import LabelColumns, labels_of_file


def command(
    model: ModelArgument,
    file: Annotated[
        Path | None, typer.Argument(help="CSV or Parquet file with an event id and labels a row.")
    ] = None,
    event_id: Annotated[str, typer.Option(help="Column with the event id.")] = "event_id",
    label: Annotated[
        str, typer.Option(help="Column with the truth: class, number or text; '' when there is none.")
    ] = "label",
    kpi: Annotated[
        list[str] | None,
        typer.Option(help="Column with a figure, as NAME=COLUMN; may be given several times."),
    ] = None,
    name: Annotated[
        str, typer.Option(help="Column that says which figure the label of a row is; empty: the truth.")
    ] = "",
    labelled_at: Annotated[str, typer.Option(help="Column with the time it was found; else now.")] = "",
    propensity: Annotated[
        str, typer.Option(help="Column with the probability that this event would be labelled.")
    ] = "",
    query: Annotated[
        str,
        typer.Option(
            help="SELECT, or file of one, that gives event_id, label[, labelled_at, name, propensity]."
        ),
    ] = "",
    status: Annotated[
        bool, typer.Option("--status", help="How many labels have come, and how late.")
    ] = False,
    history: Annotated[str, typer.Option(help="Show every label that came for this event id.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Deliver ground truths and figures that came later; a newer one for the same event corrects the older.

    They come from a file, or with --query from ClickHouse. What cannot be a label by the model's contract is
    refused row by row; labels of events that were not sampled are kept and reported as unknown.
    """
    if sum((file is not None, bool(query), status, bool(history))) != 1:
        raise InvalidInput("give one of: a file, --query, --status or --history")
    settings = settings_for_command(config)
    columns = LabelColumns(event_id, label, name, labelled_at, propensity, _figures(kpi or []))
    with open_store(settings) as store:
        contract = ContractStore(store).required(model)
        if status:
            print_status(store, settings, contract, as_json=as_json)
            return
        if history:
            print_history(store, model, history, as_json=as_json)
            return
        skipped = 0
        if query:
            text, source = _query(query)
            receipts = [labels_from_query(store, contract, text, source=source)]
        else:
            assert file is not None
            receipts = []
            for labels, without in labels_of_file(file, columns):
                receipts.append(record_labels(store, model, labels, contract))
                skipped += without
    print_receipt(model, _total(receipts), skipped, as_json=as_json)


def _figures(options: list[str]) -> dict[str, str]:
    figures: dict[str, str] = {}
    for option in options:
        figure, equals, column = option.partition("=")
        if not equals or not figure or not column:
            raise InvalidInput(f"--kpi is NAME=COLUMN, for example revenue=amount_eur, got {option!r}")
        figures[figure] = column
    return figures


def _query(text: str) -> tuple[str, str]:
    """The query and the name of the file that it came from."""
    path = Path(text)
    if path.suffix.lower() != ".sql":
        return text, "query"
    try:
        return path.read_text(encoding="utf-8"), path.name
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} with the query cannot be read: {error}") from error


def _total(receipts: list[LabelReceipt]) -> LabelReceipt:
    new_classes: dict[str, int] = {}
    for receipt in receipts:
        for name, rows in receipt.new_classes.items():
            new_classes[name] = new_classes.get(name, 0) + rows
    return LabelReceipt(
        accepted=sum(one.accepted for one in receipts),
        matched=sum(one.matched for one in receipts),
        unknown=sum(one.unknown for one in receipts),
        unknown_examples=tuple(event for one in receipts for event in one.unknown_examples)[:5],
        refused=sum(one.refused for one in receipts),
        refused_examples=tuple(fault for one in receipts for fault in one.refused_examples)[:5],
        contradictory=sum(one.contradictory for one in receipts),
        new_classes=new_classes,
    )


command.__name__ = "labels"
