"""Labels of rows that are no traffic: what a baseline made from a file is measured by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from detectors.baselines.baseline import EventRange
from detectors.performance.labels.passes import SLICE_EVENTS, SLICE_TEXTS
from detectors.performance.labels.recipe import join_recipe
from detectors.performance.labels.slices import slices
from driftline.contracts import Contract
from driftline.errors import InvalidContract
from driftline.label_rules import LabelRules
from driftline.store import Store, load_sql

_EVERY_BLOCK = 2**63


def insert_reference_labels(
    store: Store,
    contract: Contract,
    name: str,
    first_row: int,
    values: Mapping[str, Sequence[object]],
) -> tuple[int, int]:
    """Store labels of rows that :func:`detectors.reference_rows.load_rows` inserted for a stand-in.

    Parameters
    ----------
    name
        The stand-in.
    first_row
        Number, from 0, of the row that the first of ``values`` belongs to.
    values
        Labels by their name, ``''`` for the truth; ``None``: the row has none.

    Returns
    -------
    tuple
        Labels stored, and labels refused because they cannot be what the contract asks for.
    """
    rules = LabelRules.of(contract)
    kept: list[tuple[str, str, str]] = []
    refused = 0
    for label_name, labels in values.items():
        for row, label in enumerate(labels, first_row):
            if label is None or label != label:
                continue
            one = str(row), label if isinstance(label, str) else str(label), label_name
            if rules.fault(*one, 1.0):
                refused += 1
            else:
                kept.append(one)
    store.insert(
        "labels",
        {
            "model": [name] * len(kept),
            "event_id": [event_id for event_id, _, _ in kept],
            "label": [label for _, label, _ in kept],
            "name": [label_name for _, _, label_name in kept],
            "labelled_at": [datetime.now(UTC)] * len(kept),
            "source": ["reference"] * len(kept),
        },
        token=None,
    )
    return len(kept), refused


def join_reference(store: Store, contract: Contract, events: EventRange) -> int:
    """Join labels and figures of the rows in ``events`` under the name of their stand-in.

    Their recipe is the contract's, so the same statements read them as read traffic. A range of the
    model's own traffic is joined already.

    Returns
    -------
    int
        Rows that are joined now.

    Raises
    ------
    InvalidContract
        The contract measures no quality.
    """
    recipe = join_recipe(contract)
    if recipe is None:
        raise InvalidContract(f"the contract of {contract.model!r} does not say how quality is measured")
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    moment = store.scalar("SELECT now64(6, 'UTC')")
    params = recipe.params() | {
        "model": events.model,
        "key_slot": 0,  # rows of a file are labelled by their number, whatever labels of traffic name
        "received_since": epoch,
        "moment": moment,
    }
    bounds = {"since": events.since, "until": events.until}
    minutes = store.query(load_sql(__file__, "event_minutes"), params | bounds)
    most = SLICE_TEXTS if recipe.text_field else SLICE_EVENTS
    for since, until in slices([(row["minute"], row["rows"]) for row in minutes], most):
        part = {"since": max(since, events.since), "until": min(until, events.until)}
        how = {"above": 0, "upto": _EVERY_BLOCK, "few_labels": 0, "skip_known": 0}
        store.command(load_sql(__file__, "join"), params | part | how)
        if recipe.kpis:
            figures = {"kpis": list(recipe.kpis), "kpi_slots": list(recipe.kpi_slots)}
            store.command(load_sql(__file__, "kpi_columns"), params | part | figures)
    joined = store.scalar(
        load_sql(__file__, "joined_rows"), {"model": events.model, "recipe": recipe.recipe} | bounds
    )
    assert isinstance(joined, int)
    return joined
