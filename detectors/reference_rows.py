"""Rows that did not come as traffic (a file, an API call): stored as events of a stand-in model.

A baseline made from a file is thus counted by the same query as traffic. The stand-in's name holds a
character no model name may hold, and its rows leave with the retention of events.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

import numpy as np

from detectors.baselines.baseline import Baseline, EventRange
from detectors.baselines.building import ONE_WINDOW_SECONDS, build_with_windows
from detectors.baselines.making import finish_baseline
from detectors.baselines.recipe import FileRecipe
from detectors.baselines.stored import save_baseline
from detectors.multivariate.reference import make_reference
from detectors.performance.labels.references import insert_reference_labels, join_reference
from detectors.performance.reference_quality import measure_reference
from driftline.contracts import Contract
from driftline.errors import ContractMismatch, InvalidInput
from driftline.events import MISSING_CATEGORY
from driftline.settings import Settings
from driftline.store import Store

Batch = Mapping[str, Sequence[object]]
"""Values by column name, all of one length; numbers (None or NaN: missing) or texts (None: missing)."""

TRUTH: Final = ""
"""Key of a batch under which the truth of each row is found (None: unlabelled); no column is called so."""


def stand_in(model: str) -> str:
    """A name for rows of ``model`` that are no traffic."""
    return f"{model}@{uuid4().hex}"


def load_rows(store: Store, contract: Contract, name: str, batches: Iterable[Batch]) -> EventRange:
    """Insert batches as events of the model ``name`` and say where they lie.

    Columns of the contract that a batch lacks are missing; columns it has beyond are ignored, but for the
    labels under :data:`TRUTH`.
    """
    began = datetime.now(UTC)
    numeric = [column for column in contract.columns() if column.kind == "numeric"]
    categorical = [column for column in contract.columns() if column.kind == "categorical"]
    row_number = 0
    for number, batch in enumerate(batches):
        size = len(next(iter(batch.values()), ()))
        if size == 0:
            continue
        numbers = np.full((size, contract.width("numeric")), math.nan)
        for column in numeric:
            if column.name in batch:
                numbers[:, column.slot] = np.asarray(batch[column.name], dtype=np.float64)
        texts: list[Sequence[object]] = [[MISSING_CATEGORY] * size] * contract.width("categorical")
        for column in categorical:
            if column.name in batch:
                texts[column.slot] = [
                    MISSING_CATEGORY if value is None else value for value in batch[column.name]
                ]
        store.insert(
            "inference_events",
            {
                "model": [name] * size,
                "ts": [began] * size,
                "event_id": [str(i) for i in range(row_number, row_number + size)],
                "status": ["ok"] * size,
                "weight": [1.0] * size,
                "numeric": numbers.tolist(),
                "categorical": list(zip(*texts, strict=True)) if texts else [()] * size,
            },
            token=f"{name}/{number}",
        )
        if TRUTH in batch:
            insert_reference_labels(store, contract, name, row_number, {"": batch[TRUTH]})
        row_number += size
    return EventRange(name, (), began - timedelta(seconds=1), began + timedelta(seconds=1))


def baseline_from_rows(
    store: Store,
    contract: Contract,
    batches: Iterable[Batch],
    *,
    name: str,
    source: str,
    version: str = "",
    labelled: float = 0.0,
    correct: float = 0.0,
    settings: Settings | None = None,
    recipe: FileRecipe | None = None,
) -> Baseline:
    """Make and store a baseline of a model from rows keyed by the contract's column names.

    Parameters
    ----------
    settings
        Settings of the monitoring that will use it: with them it gets segments and a quality report.
    recipe
        Whether segments are wanted; they are when absent.

    Raises
    ------
    InvalidInput
        There is no row, or more correct than labelled rows are claimed.
    """
    if not 0 <= correct <= labelled:
        raise InvalidInput(f"correct ({correct:g}) must lie between 0 and labelled ({labelled:g})")
    segments = recipe is None or recipe.per_segment
    rows, has_truth = 0, False

    def counted() -> Iterator[Batch]:
        nonlocal rows, has_truth
        for batch in batches:
            rows += len(next(iter(batch.values()), ()))
            has_truth |= TRUTH in batch
            yield batch

    events = load_rows(store, contract, stand_in(contract.model), counted())
    if rows == 0:
        raise InvalidInput("there is no row: a baseline needs at least one")
    built = build_with_windows(
        store,
        contract,
        events,
        name=name,
        source=source,
        version=version,
        labelled=labelled,
        correct=correct,
        recipe=recipe,
        segment_min_samples=settings.min_samples if settings and segments else None,
    )
    baseline = finish_baseline(store, settings, built) if settings else built.baseline
    save_baseline(store, baseline)
    if has_truth and contract.quality_or_default() is not None:
        join_reference(store, contract, events)
        measure_reference(store, contract, baseline.baseline_id, events, ONE_WINDOW_SECONDS)
    if settings is not None and settings.multivariate_seconds > 0:
        # A sample of the rows themselves, before the stand-in's events leave.
        make_reference(
            store,
            contract,
            baseline,
            model=events.model,
            versions=events.versions,
            since=events.since,
            until=events.until,
        )
    return baseline


def columns_of_rows(contract: Contract, rows: Sequence[Mapping[str, object]]) -> dict[str, list[object]]:
    """Turn rows (one mapping each) into a batch, checking every value against the contract.

    Raises
    ------
    InvalidInput
        No rows, or a value that is no number in a numeric column; the message names row and column.
    ContractMismatch
        A key that is no column of the contract.
    """
    if not rows:
        raise InvalidInput("rows is empty: a baseline needs at least one row")
    kinds = {column.name: column.kind for column in contract.columns()}
    unknown = sorted({key for row in rows for key in row} - set(kinds))
    if unknown:
        raise ContractMismatch(
            f"no column of {contract.model!r} is called {', '.join(map(repr, unknown[:5]))}; "
            f"its columns are {', '.join(kinds)}"
        )
    batch: dict[str, list[object]] = {}
    for name, kind in kinds.items():
        values = [row.get(name) for row in rows]
        if all(value is None for value in values):
            continue
        batch[name] = [_checked(value, kind, name, number) for number, value in enumerate(values)]
    return batch


def _checked(value: object, kind: str, name: str, number: int) -> object:
    if kind == "categorical":
        return None if value is None else str(value)
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidInput(f"row {number}: {name} must be a number, got {value!r}")
    return float(value)
