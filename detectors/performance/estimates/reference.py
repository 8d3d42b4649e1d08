"""The labelled sample that estimators are fitted on: read from events, kept with the baseline."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson

from detectors.performance.estimates.row_layout import EventArrays, RowLayout, layout_of
from detectors.performance.estimates.rows import LabelledRows, labelled_rows, scored_rows
from detectors.performance.labels.recipe import join_recipe
from driftline.contracts import Contract
from driftline.store import Store, load_sql

MOST_ROWS = 10_000
TASKS = ("classification", "regression")
"""What quality can be estimated of."""


@dataclass(frozen=True, slots=True)
class EstimatorReference:
    """Labelled rows and the layout that turns further events into rows alike."""

    layout: RowLayout
    rows: LabelledRows


def read_reference(
    store: Store,
    contract: Contract,
    *,
    since: datetime,
    until: datetime,
    model: str = "",
    versions: Sequence[str] = (),
    most_rows: int = MOST_ROWS,
) -> EstimatorReference | None:
    """Labelled events of ``[since, until)``, at most ``most_rows``, drawn by the hash of their id.

    Parameters
    ----------
    model
        Whose events: a stand-in's name, or empty for the contract's model.
    versions
        Versions to read; empty for all.

    Returns
    -------
    EstimatorReference or None
        None when nothing is labelled, or for tasks whose quality is not estimated.
    """
    quality, recipe = contract.quality_or_default(), join_recipe(contract)
    if quality is None or recipe is None or quality.task not in TASKS:
        return None
    row = store.query(
        load_sql(__file__, "labelled_sample"),
        {
            "model": model or contract.model,
            "recipe": recipe.recipe,
            "versions": list(versions),
            "since": since,
            "until": until,
            "most_rows": most_rows,
            "width": contract.width("numeric"),
            "texts": contract.width("categorical"),
        },
    )[0]
    events = event_arrays(contract, row, len(row["weights"]))
    if not len(events.weights):
        return None
    if quality.task == "regression":
        layout = layout_of(contract, events, ())
        truth = np.asarray(row["truth_value"], dtype=np.float64)
    else:
        layout = layout_of(contract, events, row["truth"])
        truth = layout.truth(row["truth"])
    rows, known = layout.rows(contract, events), np.isfinite(truth)
    return EstimatorReference(layout, labelled_rows(rows.taken(known), truth[known]))


def event_arrays(contract: Contract, row: dict[str, Any], total: int) -> EventArrays:
    """Arrays of the one row that a sampling query returns."""
    weights = np.asarray(row["weights"], dtype=np.float64)
    numbers = np.asarray(row["numbers"], dtype=np.float64)
    return EventArrays(numbers.reshape(len(weights), contract.width("numeric")), row["texts"], weights, total)


def save_reference(store: Store, model: str, baseline_id: str, reference: EstimatorReference) -> None:
    """Keep a reference with its baseline; saving it again replaces it."""
    store.insert_rows(
        "estimator_references",
        [
            {
                "model": model,
                "baseline_id": baseline_id,
                "rows": len(reference.rows),
                "body": pack(reference),
                "created_at": datetime.now(UTC),
            }
        ],
    )


def load_reference(store: Store, model: str, baseline_id: str) -> EstimatorReference | None:
    """The reference of a baseline, or ``None`` when none was kept with it."""
    found = store.query(load_sql(__file__, "stored_reference"), {"model": model, "baseline_id": baseline_id})
    return unpack(bytes.fromhex(found[0]["body"])) if found else None


def pack(reference: EstimatorReference) -> bytes:
    """A reference as bytes: a JSON head and NumPy arrays, features and scores as 32-bit floats."""
    rows, layout = reference.rows.rows, reference.layout
    head = orjson.dumps(
        {
            "classes": layout.classes,
            "numeric": layout.numeric,
            "categorical": layout.categorical,
            "categories": layout.categories,
        }
    )
    buffer = io.BytesIO()
    np.savez(
        buffer,
        head=np.frombuffer(head, dtype=np.uint8),
        truth=reference.rows.truth,
        predicted=rows.predicted,
        scores=rows.scores,
        confidence=rows.confidence,
        features=rows.features.astype(np.float32),
        weights=rows.weights,
    )
    return buffer.getvalue()


def unpack(body: bytes) -> EstimatorReference:
    """The reference that :func:`pack` packed."""
    with np.load(io.BytesIO(body), allow_pickle=False) as packed:
        head = orjson.loads(packed["head"].tobytes())
        layout = RowLayout(
            tuple(head["classes"]),
            tuple(head["numeric"]),
            tuple(head["categorical"]),
            tuple(tuple(names) for names in head["categories"]),
        )
        rows = scored_rows(
            classes=layout.classes,
            predicted=packed["predicted"],
            scores=packed["scores"],
            confidence=packed["confidence"],
            features=packed["features"].astype(np.float64),
            categorical=(False,) * len(layout.numeric) + (True,) * len(layout.categorical),
            weights=packed["weights"],
        )
        return EstimatorReference(layout, labelled_rows(rows, packed["truth"]))
