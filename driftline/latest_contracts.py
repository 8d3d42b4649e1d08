"""Newest contracts of a whole fleet, read once: a revision never changes."""

from __future__ import annotations

from driftline.contract_store import ContractStore
from driftline.contracts import Contract
from driftline.store import Store, load_sql

BATCH = 500
"""Contracts read in one query."""


class LatestContracts:
    """The newest contract of every model; :meth:`refresh` reads only what is new. One thread at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._contracts: dict[str, Contract] = {}

    def refresh(self) -> list[Contract]:
        """Newest contracts by name of their model."""
        heads = {
            row["model"]: row["revision"] for row in self._store.query(load_sql(__file__, "contract_heads"))
        }
        self._contracts = {model: known for model, known in self._contracts.items() if model in heads}
        behind = sorted(
            model
            for model, revision in heads.items()
            if model not in self._contracts or self._contracts[model].revision != revision
        )
        contracts = ContractStore(self._store)
        for first in range(0, len(behind), BATCH):
            for contract in contracts.latest_of(behind[first : first + BATCH]):
                self._contracts[contract.model] = contract
        return [self._contracts[model] for model in sorted(self._contracts)]
