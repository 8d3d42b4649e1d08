"""The baseline of a back-test: part of the file with its order in time, or another file."""

from __future__ import annotations

from datetime import datetime, timedelta

from detectors.baselines.baseline import Baseline
from detectors.baselines.making import make_baseline
from detectors.baselines.readiness import Collecting
from detectors.baselines.recipe import WindowRecipe
from detectors.files.table import Table
from detectors.profiles.counting import window_start
from detectors.reference_rows import baseline_from_rows
from driftline.contracts import ColumnKind, Contract
from driftline.errors import ContractMismatch, InvalidInput
from driftline.settings import Settings
from driftline.store import Store
from service.replay.reference import FirstPart, Part
from service.replay.rows import Loaded


def part_of_file(reference: FirstPart | Part, loaded: Loaded, window_seconds: int) -> Part:
    """The whole windows of the file that are its baseline.

    Raises
    ------
    InvalidInput
        The part holds no whole window, lies outside the file, or leaves nothing to replay.
    """
    step = timedelta(seconds=window_seconds)
    wanted = (
        Part(loaded.first, loaded.first + reference.length) if isinstance(reference, FirstPart) else reference
    )
    since = window_start(wanted.since, window_seconds)
    until = window_start(wanted.until, window_seconds)
    if until - since < step:
        raise InvalidInput(
            f"the baseline from {_text(wanted.since)} to {_text(wanted.until)} holds no whole window of "
            f"{window_seconds} s: take a longer part, or a shorter --window"
        )
    if until <= loaded.first or since > loaded.last:
        raise InvalidInput(
            f"the baseline from {_text(since)} to {_text(until)} holds no rows: those of the file lie "
            f"between {_text(loaded.first)} and {_text(loaded.last)}"
        )
    if until > loaded.last:
        raise InvalidInput(
            f"the baseline to {_text(until)} leaves nothing to replay: the last row came at "
            f"{_text(loaded.last)}"
        )
    return Part(since, until)


def baseline_of_part(
    store: Store, contract: Contract, settings: Settings, part: Part, now: datetime
) -> Baseline:
    """A baseline with history: what its windows look like when nothing changes is learned from them."""
    recipe = WindowRecipe(since=part.since, until=part.until)
    made = make_baseline(
        store, contract, settings, recipe, name=f"{_text(part.since)} to {_text(part.until)}", now=now
    )
    if isinstance(made, Collecting):
        raise InvalidInput(f"the baseline has too few rows: {made.text}")
    return made


def baseline_of_file(store: Store, contract: Contract, table: Table) -> Baseline:
    """A baseline of another file's rows, of those fields that it can speak for.

    Raises
    ------
    ContractMismatch
        The files have no field in common.
    """
    kinds: dict[str, ColumnKind] = {}
    left_out: dict[str, str] = {}
    for column in contract.columns():
        reason = _unusable(table, column.name, column.kind)
        if reason:
            left_out[column.name] = reason
        else:
            kinds[column.name] = column.kind
    if not kinds:
        raise ContractMismatch(
            f"{table.path} has no field of the replayed file: "
            + "; ".join(f"{name}: {reason}" for name, reason in list(left_out.items())[:5])
        )
    shared = contract.model_copy(
        update={"fields": tuple(field for field in contract.fields if field.name in kinds)}
    )
    return baseline_from_rows(
        store, shared, table.batches(kinds), name=table.path.name, source=str(table.path)
    )


def _unusable(table: Table, name: str, kind: ColumnKind) -> str:
    column = table.column(name)
    if column is None:
        return "the baseline file has no such column"
    if column.kind is None and kind == "numeric":
        return f"{column.fault} in the baseline file"
    if column.kind != kind and kind == "numeric":
        return "numbers in the replayed file, texts in the baseline file"
    return ""


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
