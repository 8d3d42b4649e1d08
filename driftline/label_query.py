"""Labels that a query of the user's finds in the same ClickHouse."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

from driftline.contracts import Contract
from driftline.errors import InvalidInput, StoreQueryFailed
from driftline.events import LabelReceipt
from driftline.label_rules import LabelRules
from driftline.store import Store, load_sql
from driftline.store.sql import quote_string

COLUMNS: Final = ("event_id", "label", "labelled_at", "name", "propensity")
"""Columns that such a query may give; the first two it must."""

SHARE_ROWS = 5_000_000
"""Labels that one statement groups in memory."""


def labels_from_query(store: Store, contract: Contract, query: str, *, source: str = "query") -> LabelReceipt:
    """Run a SELECT and store what it gives as labels.

    The query is only ever run as a subquery, so it cannot change anything. Its result is kept apart until
    every row is checked; of several labels for one event and name the latest ``labelled_at`` is taken.

    Parameters
    ----------
    query
        Its result has the columns ``event_id`` and ``label`` and may have ``labelled_at``, ``name`` and
        ``propensity``. Rows in which one of the first two is NULL are left out.

    Raises
    ------
    InvalidInput
        It is no SELECT, fails, or its columns are others.
    """
    text = query.strip().rstrip(";").strip()
    if not text:
        raise InvalidInput("the query for labels is empty: give a SELECT of event_id and label")
    # The line break ends a comment that would swallow the bracket.
    asked = f"(\n{text}\n)"
    rules = LabelRules.of(contract)
    delivery = uuid4().hex
    params = {"delivery": delivery, "model": contract.model}
    try:
        checked = _columns(store, asked)
        staged = load_sql(__file__, "label_query_stage").replace(
            "\nFROM source",
            f"\nFROM (SELECT {checked} FROM {asked} AS given "  # noqa: S608
            "WHERE isNotNull(given.event_id) AND isNotNull(given.label))",
        )
        store.command(
            staged,
            params
            | {
                "task": rules.task,
                "any_name": int(rules.kpis is None),
                "kpis": sorted(rules.kpis or ()),
            },
        )
    except StoreQueryFailed as error:
        raise InvalidInput(f"the query for labels failed: {error.message}") from error
    try:
        return _take_over(store, rules, params, source)
    finally:
        store.command(f"ALTER TABLE staged_labels DROP PARTITION {quote_string(delivery)}")


def _columns(store: Store, asked: str) -> str:
    """Expressions that give the result of a query the types of labels, after a look at its columns."""
    described = store.query(f"DESCRIBE TABLE {asked}", settings={"readonly": 2})
    types = {row["name"]: row["type"] for row in described}
    missing = [name for name in COLUMNS[:2] if name not in types]
    unknown = [name for name in types if name not in COLUMNS]
    if missing or unknown:
        raise InvalidInput(
            f"the query for labels gives the columns {', '.join(types)}; it must give event_id and label, "
            "and may give labelled_at, name and propensity: rename them with AS"
        )
    moment = types.get("labelled_at", "")
    if not moment:
        labelled_at = "now64(3, 'UTC')"
    elif "Date" in moment:
        labelled_at = "ifNull(toDateTime64(given.labelled_at, 3, 'UTC'), now64(3, 'UTC'))"
    elif "String" in moment:
        labelled_at = "ifNull(parseDateTime64BestEffortOrNull(given.labelled_at, 3, 'UTC'), now64(3, 'UTC'))"
    else:
        raise InvalidInput(
            f"labelled_at of the query for labels is {moment}; it must be a time or a text of one"
        )
    name = "ifNull(toString(given.name), '')" if "name" in types else "''"
    propensity = "ifNull(toFloat64(given.propensity), nan)" if "propensity" in types else "1."
    return (
        "assumeNotNull(toString(given.event_id)) AS event_id, assumeNotNull(toString(given.label)) AS label, "
        f"{labelled_at} AS labelled_at, {name} AS name, {propensity} AS propensity"
    )


def _take_over(store: Store, rules: LabelRules, params: dict[str, str], source: str) -> LabelReceipt:
    totals = store.query(
        load_sql(__file__, "label_query_totals"), params | {"classes": sorted(rules.classes)}
    )[0]
    shares = max(1, -(-totals["accepted"] // SHARE_ROWS))
    key_slot = 0 if rules.key_slot is None else rules.key_slot + 1
    matched = contradictory = 0
    examples: list[str] = []
    for share in range(shares):
        part = params | {"shares": shares, "share": share}
        store.command(load_sql(__file__, "label_query_insert"), part | {"source": source})
        row = store.query(load_sql(__file__, "label_query_matched"), part | {"key_slot": key_slot})[0]
        matched += row["matched"]
        contradictory += row["contradictory"]
        examples += row["unknown_examples"]
    return LabelReceipt(
        accepted=totals["accepted"],
        matched=matched,
        unknown=totals["accepted"] - matched,
        unknown_examples=tuple(examples[:5]),
        refused=totals["refused"],
        refused_examples=tuple(totals["refused_examples"]),
        contradictory=contradictory,
        new_classes=totals["new_classes"],
    )
