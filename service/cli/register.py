"""``driftline register``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from driftline.contract_store import ContractStore
from driftline.contracts import load_contract
from driftline.store.opening import open_store
from service.cli.options import ConfigOption, JsonOption, settings_for_command
from service.cli.output import console, print_json


def command(
    contract: Annotated[
        Path, typer.Argument(help="Contract file (YAML): model, fields, prediction, lineage.")
    ],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register what a model takes and gives; the same contract again changes nothing."""
    declared = load_contract(contract)
    with open_store(settings_for_command(config)) as store:
        stored = ContractStore(store).register(declared)
    if as_json:
        print_json(stored)
        return
    console().print(
        f"[bold]{stored.model}[/] revision {stored.revision}: {len(stored.fields)} fields, "
        f"{len(stored.columns())} columns; read its events from the view events_{stored.model}"
    )


command.__name__ = "register"
