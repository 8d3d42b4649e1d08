"""What could have been asked for: the contract of a model, and where its findings lie."""

from __future__ import annotations

from datetime import datetime

from detectors.explanation.near_names import not_found
from driftline.contract_store import ContractStore
from driftline.contracts import Contract
from driftline.errors import NotFound
from driftline.store import Store, load_sql


def known_contract(store: Store, model: str) -> Contract:
    """The newest contract of a model.

    Raises
    ------
    NotFound
        There is none; the message lists models with close names.
    """
    contracts = ContractStore(store)
    contract = contracts.latest(model)
    if contract is None:
        raise not_found(
            "model",
            model,
            (one.model for one in contracts.all_latest()),
            "register a contract with `driftline register`, or let a collector infer one from its traffic",
        )
    return contract


def known_windows(
    store: Store, contract: Contract, field: str, version: str, segment: str
) -> tuple[datetime, datetime]:
    """Starts of the first and the last window with a finding of a field, of any version when it is empty.

    Raises
    ------
    NotFound
        The field, version or segment has no finding; the message lists close ones.
    """
    model = contract.model
    known = store.query(load_sql(__file__, "known"), {"model": model, "field": field})
    if not known:
        columns = {column.name for column in contract.columns()}
        if field in columns:
            raise NotFound(
                f"field {field!r} of {model!r} has not been compared yet: it needs a baseline "
                "(`driftline baseline`) and a window that has closed"
            )
        compared = store.query(load_sql(__file__, "known"), {"model": model, "field": ""})
        raise not_found(f"field of {model!r}", field, columns | {row["field"] for row in compared})
    segments = {row["segment"] for row in known}
    if segment not in segments:
        raise not_found(f"segment of {field!r}", segment, segments - {""}, "it has none")
    mine = [row for row in known if row["segment"] == segment]
    versions = {row["version"] for row in mine}
    if version and version not in versions:
        raise not_found(f"version of {model!r} with findings of {field!r}", version, versions)
    return min(row["first"] for row in mine), max(row["last"] for row in mine)
