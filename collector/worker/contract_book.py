"""Contracts as the worker knows them: read every few seconds, registered when inferred, cached on disk."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

import orjson

from driftline.contract_store import ContractStore
from driftline.contracts import Contract, parse_contract
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
    """Shared by the loop's thread, which asks and proposes, and the shipper's, which does the I/O.

    Parameters
    ----------
    cache
        File that keeps the contracts of this collector's models, so that a worker that starts while
        ClickHouse is away can map what passes; ``None`` keeps none.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._cache = cache
        self._contracts: dict[str, Contract] = _read_cache(cache) if cache is not None else {}
        self._models = set(self._contracts)
        self._proposals: dict[str, _Proposal] = {}
        self._read: dict[str, float] = {}
        self._refreshed_at = -REFRESH_SECONDS

    def get(self, model: str) -> Contract | None:
        """Contract in force as last read."""
        return self._contracts.get(model)

    def models(self) -> list[str]:
        """Models that were asked for."""
        with self._lock:
            return sorted(self._models)

    def ask(self, model: str) -> None:
        """Read the model's contract at the next opportunity, and from then on regularly."""
        if model not in self._models:
            with self._lock:
                self._models.add(model)

    def read_since(self, model: str, moment: float) -> bool:
        """Whether the contract was read after ``moment`` (monotonic), so that absence means absence."""
        return self._read.get(model, -1.0) > moment

    def propose(self, contract: Contract) -> None:
        """Register an inferred contract; it appears in :meth:`get` when all collectors agree on it."""
        with self._lock:
            self._models.add(contract.model)
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
            models = set(self._models)
        for proposal in proposals:
            self._advance(contracts, proposal, now)
        due = models if now - self._refreshed_at >= REFRESH_SECONDS else models - self._read.keys()
        if due:
            self._refresh(contracts, due, now)
            if due == models:
                self._refreshed_at = now

    def _refresh(self, contracts: ContractStore, due: set[str], now: float) -> None:
        found = {contract.model: contract for contract in contracts.latest_of(sorted(due))}
        with self._lock:
            # What is settling is decided by _advance. An equal contract stays the same object, because
            # whoever maps by it compares identities.
            changed = {
                model: contract
                for model, contract in found.items()
                if model not in self._proposals and self._contracts.get(model) != contract
            }
            self._contracts = self._contracts | changed
            self._read |= dict.fromkeys(due, now)
        if changed:
            self._write_cache()

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
                self._write_cache()
                _log.info(
                    "contract in force", model=model, revision=winner.revision, source=winner.source,
                    fields=[f"{field.name}:{field.kind}" for field in winner.fields],
                )  # fmt: skip

    def _write_cache(self) -> None:
        if self._cache is None:
            return
        body = orjson.dumps([contract.model_dump(mode="json") for contract in self._contracts.values()])
        temporary = self._cache.with_suffix(".new")
        try:
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(body)
            temporary.replace(self._cache)
        except OSError as error:
            _log.warning("contracts cannot be cached on disk", file=str(self._cache), error=str(error))


def _read_cache(file: Path) -> dict[str, Contract]:
    try:
        found = [parse_contract(values, str(file)) for values in orjson.loads(file.read_bytes())]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, InvalidInput) as error:
        _log.warning("cached contracts cannot be read", file=str(file), error=str(error))
        return {}
    return {contract.model: contract for contract in found}
