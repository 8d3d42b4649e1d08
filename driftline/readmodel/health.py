"""Health of one model: its status, why, since when, and everything that rests on."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import Field

from driftline.contract_store import ContractStore
from driftline.contracts import Contract
from driftline.errors import NotFound
from driftline.readmodel.actions import Action, actions
from driftline.readmodel.coverage import Coverage, coverage
from driftline.readmodel.episodes import Episode
from driftline.readmodel.facts import ModelFacts, gather_facts
from driftline.readmodel.fields import Finding, by_strength, latest_findings
from driftline.readmodel.fleet import ModelSummary, summary
from driftline.readmodel.ranges import Range
from driftline.readmodel.records import Record
from driftline.readmodel.status import judge
from driftline.readmodel.windows import Window, windows
from driftline.settings import Settings
from driftline.store import Store, load_sql

_SHOWN_AT_LEAST = 3


class Evidence(Record):
    """What a status rests on."""

    windows: tuple[Window, ...] = Field(description="Newest closed window of each version that serves.")
    fields: tuple[Finding, ...] = Field(
        description="Fields that moved or failed, worst first; at least the three nearest to their threshold."
    )
    fields_measured: int = Field(description="Fields compared in those windows.")


class ModelHealth(ModelSummary):
    """A model's line with its evidence, coverage, open episode and last action."""

    evidence: Evidence
    coverage: Coverage
    episode: Episode | None = Field(description="The open episode, or null.")
    last_action: Action | None


class ModelDetail(ModelSummary):
    """A model's line with its contract."""

    contract: Contract


def model_facts(store: Store, settings: Settings, model: str, now: datetime | None = None) -> ModelFacts:
    """What is known of one model; :class:`NotFound` says how to register it."""
    require_model(store, model)
    return gather_facts(store, settings, model, now)[0]


def health(store: Store, settings: Settings, model: str, now: datetime | None = None) -> ModelHealth:
    """Health of one model; :class:`NotFound` when it is not registered."""
    moment = now or datetime.now(UTC)
    facts = model_facts(store, settings, model, moment)
    findings = served_findings(store, facts)
    moved = [found for found in findings if found.status in ("drifted", "watch", "failed")]
    seen, _ = coverage(store, model, moment - facts.horizons.traffic, moment)
    sent = actions(store, Range(limit=1), model)
    line = summary(facts, judge(facts))
    return ModelHealth(
        **dict(line),
        evidence=Evidence(
            windows=tuple(_newest_windows(store, facts)),
            fields=tuple(moved if len(moved) >= _SHOWN_AT_LEAST else findings[:_SHOWN_AT_LEAST]),
            fields_measured=len({found.field for found in findings}),
        ),
        coverage=seen,
        episode=facts.episode,
        last_action=sent[0] if sent else None,
    )


def detail(store: Store, settings: Settings, model: str, now: datetime | None = None) -> ModelDetail:
    """One model with its contract; :class:`NotFound` when it is not registered."""
    facts = model_facts(store, settings, model, now)
    line = summary(facts, judge(facts))
    return ModelDetail(**dict(line), contract=ContractStore(store).required(model))


def served_findings(store: Store, facts: ModelFacts) -> list[Finding]:
    """Findings of the newest window of each serving version, worst first."""
    found = latest_findings(store, facts.model, facts.now - facts.horizons.history)
    return by_strength([finding for finding in found if finding.version in facts.versions])


def _newest_windows(store: Store, facts: ModelFacts) -> list[Window]:
    found = []
    for fact in facts.served_windows:
        found += windows(store, facts.model, Range(since=fact.start, limit=1), fact.version)
    return found


def require_model(store: Store, model: str) -> None:
    """Raise :class:`NotFound`, saying how to register it, when there is no such model."""
    if not model or not store.query(load_sql(__file__, "fleet_models"), {"model": model}):
        raise NotFound(
            f"model {model!r} is unknown: register a contract with `driftline register`, or let a "
            "collector infer one from its traffic"
        )
