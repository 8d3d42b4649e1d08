"""``driftline labels``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detectors.files.table import open_table
from driftline.contract_store import ContractStore
from driftline.errors import ContractMismatch
from driftline.events import Label, record_labels
from driftline.store.opening import open_store
from service.cli.options import ConfigOption, JsonOption, ModelArgument, settings_for_command
from service.cli.output import console, print_json


def command(
    model: ModelArgument,
    file: Annotated[Path, typer.Argument(help="CSV or Parquet file with an event id and a label a row.")],
    event_id: Annotated[str, typer.Option(help="Column with the event id.")] = "event_id",
    label: Annotated[str, typer.Option(help="Column with the true class.")] = "label",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Deliver ground truths that came later; a newer one for the same event corrects the older.

    Labels of events that were not sampled are kept and reported as unknown.
    """
    table = open_table(file)
    for needed in (event_id, label):
        if table.column(needed) is None:
            raise ContractMismatch(
                f"{file} has no column {needed!r}; it has {', '.join(c.name for c in table.columns[:20])}"
            )
    accepted = matched = skipped = 0
    examples: list[str] = []
    with open_store(settings_for_command(config)) as store:
        ContractStore(store).required(model)
        for batch in table.batches({event_id: "categorical", label: "categorical"}):
            pairs = list(zip(batch[event_id], batch[label], strict=True))
            found = [
                Label(str(one), str(truth)) for one, truth in pairs if one is not None and truth is not None
            ]
            skipped += len(pairs) - len(found)
            receipt = record_labels(store, model, found)
            accepted += receipt.accepted
            matched += receipt.matched
            examples += receipt.unknown_examples
    if as_json:
        print_json(
            {
                "accepted": accepted,
                "matched": matched,
                "unknown": accepted - matched,
                "unknown_examples": examples[:5],
                "skipped": skipped,
            }
        )
        return
    out = console()
    out.print(f"{accepted:,} labels stored for [bold]{model}[/], {matched:,} of them for sampled events")
    if accepted > matched:
        out.print(
            f"[yellow]{accepted - matched:,} belong to no sampled event[/] "
            f"(for example {', '.join(examples[:5])})"
        )
    if skipped:
        out.print(f"[yellow]{skipped:,} rows without event id or label were skipped[/]")


command.__name__ = "labels"
