"""The gate as people and pipelines ask it: criteria of the rules, the newest episode, overrides."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from urllib.parse import quote

from alerting.episode import EpisodeStore
from alerting.interventions import Intervention, Interventions, gate_subject
from alerting.rules.document import RuleFile
from detectors.gate import (
    AnswersReceipt,
    GateCriteria,
    GateQuestion,
    RowsQuestion,
    evaluation_rows,
    judge_candidate,
    record_answers,
    version_in_service,
)
from driftline.contract_store import ContractStore
from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.readmodel.gates import GateAnswer, GateOverride, GateReport, newest_gate_report
from driftline.settings import Settings
from driftline.store import Store

LOOK_SECONDS: Final = 60.0
"""A candidate is looked at anew at most so often; pollers in between get the newest report."""


class Gates:
    """Answers for all models; safe to use from several threads.

    Parameters
    ----------
    rules
        Gives the rules in force.
    base_url
        Where reports are found.
    """

    def __init__(
        self, store: Store, settings: Settings, rules: Callable[[], RuleFile], base_url: str
    ) -> None:
        self._store = store
        self._settings = settings
        self._rules = rules
        self._base_url = base_url
        self._contracts = ContractStore(store)
        self._episodes = EpisodeStore(store)
        self._interventions = Interventions(store)
        self._looked: dict[tuple[str, str, str], float] = {}
        self._turn = threading.Lock()

    def answer(self, model: str, version: str, champion: str = "", *, fresh: bool = False) -> GateAnswer:
        """Whether a candidate may be deployed.

        Parameters
        ----------
        champion
            The version in service; the busiest of the last day when empty.
        fresh
            Look at the evidence even if that was done less than a minute ago.
        """
        contract = self._contracts.required(model)
        report = self._report(contract, version, champion, fresh=fresh)
        override = self.override_of(model, version)
        return GateAnswer(
            model=model,
            version=version,
            verdict=report.verdict,
            allowed=report.verdict == "pass" or override is not None,
            override=override,
            report_url=f"{self._base_url}/models/{quote(model, safe='')}/gates/{quote(version, safe='')}",
            report=report,
        )

    def rows(
        self, model: str, champion: str, candidate: str, since: datetime | None, most: int
    ) -> Iterator[dict[str, Any]]:
        """Rows that a candidate is to answer; truths and the champion's answers are kept back."""
        contract = self._contracts.required(model)
        until = datetime.now(UTC)
        return evaluation_rows(
            self._store,
            contract,
            RowsQuestion(
                champion or version_in_service(self._store, model, candidate),
                since or until - self._criteria(contract).span,
                until,
                self._drifted_since(model),
                most,
            ),
        )

    def record(self, model: str, version: str, answers: Iterable[Mapping[str, Any]]) -> AnswersReceipt:
        """Store a candidate's answers to evaluation rows."""
        return record_answers(self._store, self._contracts.required(model), version, answers)

    def override(self, model: str, version: str, *, author: str, reason: str) -> Intervention:
        """Let a candidate through whatever the gate says; :class:`InvalidInput` without name and reason."""
        if not reason.strip():
            raise InvalidInput("an override needs a reason: say why the candidate may be deployed anyway")
        self._contracts.required(model)
        return self._say("override_gate", model, version, author, reason)

    def withdraw(self, model: str, version: str, *, author: str, reason: str) -> Intervention:
        """Take an override back: what the gate says counts again."""
        self._contracts.required(model)
        return self._say("withdraw_override", model, version, author, reason)

    def override_of(self, model: str, version: str) -> GateOverride | None:
        """Who let a candidate through, if somebody did."""
        subject = gate_subject(model, version)
        said = self._interventions.newest([subject]).get(subject, {})
        word, withdrawn = said.get("override_gate"), said.get("withdraw_override")
        if word is None or (withdrawn is not None and withdrawn.at >= word.at):
            return None
        return GateOverride(author=word.author, reason=word.reason, at=word.at)

    def _say(
        self,
        kind: Literal["override_gate", "withdraw_override"],
        model: str,
        version: str,
        author: str,
        reason: str,
    ) -> Intervention:
        subject = gate_subject(model, version)
        return self._interventions.say(kind, subject, model=model, author=author, reason=reason)

    def _report(self, contract: Contract, version: str, champion: str, *, fresh: bool) -> GateReport:
        key = (contract.model, version, champion)
        # One look at a time: pollers that come together all get what the first one found.
        with self._turn:
            looked = self._looked.get(key)
            if not fresh and looked is not None and time.monotonic() - looked < LOOK_SECONDS:
                known = newest_gate_report(self._store, contract.model, version)
                if known is not None:
                    return known
            until = datetime.now(UTC)
            criteria = self._criteria(contract)
            question = GateQuestion(
                version,
                champion or version_in_service(self._store, contract.model, version),
                until - criteria.span,
                until,
                self._drifted_since(contract.model),
            )
            report = judge_candidate(self._store, self._settings, contract, question, criteria)
            self._looked[key] = time.monotonic()
            return report

    def _criteria(self, contract: Contract) -> GateCriteria:
        return self._rules().gate(contract.model, contract.team)

    def _drifted_since(self, model: str) -> datetime | None:
        """Where the newest episode began; long ones that are over no longer matter."""
        episode = self._episodes.latest(model)
        if episode is None:
            return None
        over = episode.resolved_at
        recent = over is None or over > datetime.now(UTC) - timedelta(days=30)
        return episode.first_window if recent else None
