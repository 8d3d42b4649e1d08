"""Contracts in the database: registered revisions, and a readable view of each model's events."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from driftline.contracts import Contract, parse_contract
from driftline.errors import NotFound
from driftline.store import Store, load_sql
from driftline.store.sql import quote_identifier, quote_string

_NOT_CONTENT = {"revision", "source", "slots"}

_EVENT_COLUMNS = ("ts", "version", "instance", "event_id", "trace_id", "status", "latency_ms", "weight")
"""What the view of a model shows of every event; a field of such a name is shown as ``weight (field)``."""


class ContractStore:
    """Reads and registers contracts; the first writer of a revision wins."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def latest(self, model: str) -> Contract | None:
        """Newest contract of a model, or ``None``."""
        found = self.latest_of([model])
        return found[0] if found else None

    def latest_of(self, models: Sequence[str]) -> list[Contract]:
        """Newest contracts of those of the models that have one, by name; of all when none is named."""
        rows = self._store.query(load_sql(__file__, "contract_store_latest"), {"models": list(models)})
        return [_parse(row["body"]) for row in rows]

    def required(self, model: str) -> Contract:
        """Newest contract of a model; :class:`NotFound` says how to register one."""
        contract = self.latest(model)
        if contract is None:
            raise NotFound(
                f"model {model!r} is unknown: register a contract with `driftline register`, or let a "
                "collector infer one from its traffic"
            )
        return contract

    def all_latest(self) -> list[Contract]:
        """Newest contract of every model, by name."""
        return self.latest_of([])

    def register(self, contract: Contract) -> Contract:
        """Store a contract as the model's next revision and return it as stored.

        Registering what is already in force changes nothing. When another process wrote the same
        revision first, its contract is returned, so that all of them map events alike.
        """
        previous = self.latest(contract.model)
        if previous is not None and _content(previous) == _content(contract):
            return previous
        stored = contract.succeed(previous)
        self._store.insert(
            "contracts",
            {
                "model": [stored.model],
                "revision": [stored.revision],
                "source": [stored.source],
                "body": [orjson.dumps(stored.model_dump(mode="json")).decode()],
            },
        )
        winner = self.required(contract.model)
        self._create_view(winner)
        return winner

    def _create_view(self, contract: Contract) -> None:
        columns = [f"e.{name} AS {name}" for name in _EVENT_COLUMNS]
        for column in contract.columns():
            # Out-of-range access gives the type's default, so events older than the column read as missing.
            if column.kind == "numeric":
                value = f"if(length(e.numeric) > {column.slot}, e.numeric[{column.slot + 1}], nan)"
            else:
                cell = f"toString(e.categorical[{column.slot + 1}])"
                value = f"if(length(e.categorical) > {column.slot}, nullIf({cell}, '\\0'), NULL)"
            name = f"{column.name} (field)" if column.name in _EVENT_COLUMNS else column.name
            columns.append(f"{value} AS {quote_identifier(name)}")
        # A view takes no parameters; names and values pass through the escaping module.
        self._store.command(
            f"CREATE OR REPLACE VIEW {quote_identifier('events_' + contract.model)} AS SELECT "  # noqa: S608
            + ", ".join(columns)
            + f" FROM inference_events AS e WHERE e.model = {quote_string(contract.model)}"
        )


def _content(contract: Contract) -> dict[str, object]:
    return contract.model_dump(mode="json", exclude=_NOT_CONTENT)


def _parse(body: str) -> Contract:
    return parse_contract(orjson.loads(body), "stored contract")
