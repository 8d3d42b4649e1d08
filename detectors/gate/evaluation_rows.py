"""Stored events that candidates are evaluated on: given out without their truths."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from detectors.performance.labels.recipe import JoinRecipe, join_recipe
from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.store import Rows, Store, load_sql

MOST_ROWS: Final = 200_000
DEFAULT_ROWS: Final = 20_000


@dataclass(frozen=True, slots=True)
class RowsQuestion:
    """Which rows a candidate is to answer.

    Attributes
    ----------
    drifted_since
        Where the drifted slice begins; half of the rows are from there on, as far as there are so many.
        ``None`` without one.
    most
        How many rows at most.
    """

    champion: str
    since: datetime
    until: datetime
    drifted_since: datetime | None = None
    most: int = DEFAULT_ROWS


def evaluation_rows(store: Store, contract: Contract, question: RowsQuestion) -> Iterator[dict[str, Any]]:
    """Labelled events that the champion answered, with inputs by column and without truth or answer.

    Notes what was given out, so that a candidate that leaves out hard rows is found. The sample is the same
    every time: the events of lowest hash.

    Yields
    ------
    dict
        ``event_id``, ``trace_id``, ``ts`` and ``inputs``, ``null`` where a column was not known.

    Raises
    ------
    InvalidInput
        The contract measures no quality by a truth, the range is empty, or rows are out of range.
    """
    recipe = join_recipe(contract)
    if recipe is None or recipe.task == "kpi":
        raise InvalidInput(
            f"{contract.model!r} cannot be evaluated: its contract has no `quality` section with a truth"
        )
    if not 1 <= question.most <= MOST_ROWS:
        raise InvalidInput(f"rows lie between 1 and {MOST_ROWS:,}, got {question.most}")
    if question.since >= question.until:
        raise InvalidInput(
            f"since ({question.since.isoformat()}) must be before until ({question.until.isoformat()})"
        )
    return _given_out(store, contract, recipe, question)


def _given_out(
    store: Store, contract: Contract, recipe: JoinRecipe, question: RowsQuestion
) -> Iterator[dict[str, Any]]:
    handed_at = datetime.now(UTC)
    inputs = [column for column in contract.columns() if column.role != "output"]
    for since, until, rows in _sampled(store, contract.model, recipe, question):
        if rows:
            store.insert_rows(
                "gate_handouts",
                [
                    {
                        "model": contract.model,
                        "champion": question.champion,
                        "handed_at": handed_at,
                        "since": since,
                        "until": until,
                        "highest_key": max(row["event_key"] for row in rows),
                        "rows": len(rows),
                    }
                ],
            )
        for row in rows:
            yield {
                "event_id": row["event_id"],
                "trace_id": row["trace_id"],
                "ts": row["ts"].isoformat(),
                "inputs": {column.name: _plain(row[column.kind], column.slot) for column in inputs},
            }


def _sampled(
    store: Store, model: str, recipe: JoinRecipe, question: RowsQuestion
) -> Iterator[tuple[datetime, datetime, Rows]]:
    def sample(since: datetime, until: datetime, most: int) -> Rows:
        if most < 1 or since >= until:
            return []
        return store.query(
            load_sql(__file__, "evaluation_rows"),
            {
                "model": model,
                "version": question.champion,
                "recipe": recipe.recipe,
                "since": since,
                "until": until,
                "most": most,
            },
        )

    split = question.drifted_since
    if split is None or not question.since < split < question.until:
        yield question.since, question.until, sample(question.since, question.until, question.most)
        return
    drifted = sample(split, question.until, (question.most + 1) // 2)
    yield split, question.until, drifted
    yield question.since, split, sample(question.since, split, question.most - len(drifted))


def _plain(values: Any, slot: int) -> float | str | None:
    """A stored value; ``None`` for what the event did not have."""
    if slot >= len(values):
        return None
    value = values[slot]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None if value == "\0" else str(value)
