"""Contracts as the worker knows them: read every few seconds, and registered when inferred."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from driftline.contract_store import ContractStore
from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.logs import get_logger
from driftline.store import Store

_log = get_logger(__name__)

REFRESH_SECONDS = 10.0
SETTLE_SECONDS = 1.0
"""After registering, the contract is read again: the collector that wrote first has decided it."""


@dataclass(slots=True)
class _Proposal:
    contract: Contract
    registered_at: float | None = None


class ContractBook:
    """Shared by the parsing thread, which asks and proposes, and the shipper's, which does the I/O."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._contracts: dict[str, Contract] = {}
        self._proposals: dict[str, _Proposal] = {}
        self._read_at: float | None = None
        self._wanted = True

    def get(self, model: str) -> Contract | None:
        """Contract in force as last read."""
        return self._contracts.get(model)

    def ask(self) -> None:
        """Read the contracts again at the next opportunity: a model turned up that has none."""
        self._wanted = True

    def read_since(self, moment: float) -> bool:
        """Whether the contracts were read after ``moment`` (monotonic), so that absence means absence."""
        return self._read_at is not None and self._read_at > moment

    def propose(self, contract: Contract) -> None:
        """Register an inferred contract; it appears in :meth:`get` when all collectors agree on it."""
        with self._lock:
            self._proposals.setdefault(contract.model, _Proposal(contract))

    def proposed(self, model: str) -> bool:
        """Whether a proposal for the model is under way."""
        return model in self._proposals

    def work(self, store: Store) -> None:
        """Do the reading and registering that is due; raises what the store raises."""
        contracts = ContractStore(store)
        now = time.monotonic()
        with self._lock:
            proposals = list(self._proposals.values())
        for proposal in proposals:
            self._advance(contracts, proposal, now)
        if self._wanted or self._read_at is None or now - self._read_at >= REFRESH_SECONDS:
            self._wanted = False
            found = {contract.model: contract for contract in contracts.all_latest()}
            with self._lock:
                settling = self._proposals.keys()
                self._contracts = {name: value for name, value in found.items() if name not in settling}
                self._read_at = now

    def _advance(self, contracts: ContractStore, proposal: _Proposal, now: float) -> None:
        model = proposal.contract.model
        if proposal.registered_at is None:
            # A person may have registered one since the traffic was looked at: theirs is better.
            if contracts.latest(model) is None:
                try:
                    contracts.register(proposal.contract)
                except InvalidInput as error:
                    _log.error("inferred contract was refused", model=model, error=error.message)
            proposal.registered_at = now
        elif now - proposal.registered_at >= SETTLE_SECONDS:
            winner = contracts.latest(model)
            with self._lock:
                del self._proposals[model]
                if winner is not None:
                    self._contracts = {**self._contracts, model: winner}
            if winner is not None:
                _log.info(
                    "contract in force", model=model, revision=winner.revision, source=winner.source,
                    fields=[f"{field.name}:{field.kind}" for field in winner.fields],
                )  # fmt: skip
