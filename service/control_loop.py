"""The control loop: evaluate, open and resolve episodes, make sure their actions exist, send them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import orjson

from alerting.candidates import models_in_trouble
from alerting.condition import read_conditions
from alerting.episode import HARM, Episode
from alerting.lifecycle import advance
from alerting.notifiers.message import notification_body
from alerting.outbox import Action, suppressed
from alerting.policies.admitting import Candidate
from alerting.policies.decision import REASONS
from alerting.required import RequiredAction, required_actions
from alerting.rules.document import RuleFile
from alerting.rules.matching import wanted
from alerting.subjects import subject_of
from detectors.baselines.refreshing import refresh_baselines
from detectors.evaluated_window import FAILURES
from detectors.windows import last_closed_end
from driftline.action_states import ActionKind
from driftline.contracts import Contract
from driftline.errors import StoreUnavailable
from driftline.logs import get_logger
from integrations.hookspecs import RetrainRequest
from service.application import Application
from service.candidates import candidates_of
from service.rotation import MultivariateRotation

_log = get_logger(__name__)

RESOLVED_STAYS = timedelta(days=1)
"""A resolved episode is looked at this long, so that a crash cannot lose its last notification."""

MODELS_AT_ONCE = 500
"""Of how many models conditions are in memory at a time."""

LABEL_CHECKS_PER_WINDOW = 10
"""How often in a window's length labels and late events are looked for."""


class ControlLoop:
    """One process runs it; every step may be repeated without doing anything twice."""

    def __init__(self, application: Application) -> None:
        self._app = application
        self._looked_at: tuple[datetime, datetime, int] | None = None
        self._rotation = MultivariateRotation(application.store, application.settings, application.monitor)

    def run_once(self, now: datetime | None = None) -> None:
        """One cycle over all models; a model that fails is logged and counted, the others go on."""
        moment = now or datetime.now(UTC)
        metrics = self._app.metrics
        with metrics.cycle_seconds.time():
            try:
                if not self._app.lease.keep():
                    metrics.cycles.labels("standby").inc()
                    self._looked_at = None
                    return
                contracts = self._app.latest_contracts.refresh()
                if self._is_due(len(contracts), moment):
                    self._watch(contracts, moment)
                self._act(datetime.now(UTC))
            except StoreUnavailable as error:
                metrics.cycles.labels("store_unavailable").inc()
                _log.error("cycle abandoned, the next one tries again", error=error.message)
                self._looked_at = None
                return
        metrics.cycles.labels("done").inc()
        metrics.last_cycle.set(datetime.now(UTC).timestamp())

    def _watch(self, contracts: Sequence[Contract], now: datetime) -> None:
        app = self._app
        refreshed = refresh_baselines(app.store, app.settings, contracts, now)
        waiting = {key: one.text for key, one in refreshed.waiting.items()}
        waiting |= {key: error.message for key, error in refreshed.failed.items()}
        evaluation = app.monitor.evaluate_all(contracts, now, waiting=waiting)
        for model in evaluation.failed:
            app.metrics.model_failures.labels(model).inc()
        app.metrics.record_windows(evaluation.windows)
        self._judge_quality(contracts, now)
        self._rotation.run(contracts, evaluation.windows)
        since = now - timedelta(seconds=app.settings.window_seconds * app.settings.lookback_windows)
        troubled = models_in_trouble(app.store, app.episodes.live(timedelta(0)), since)
        models = sorted(troubled & {contract.model for contract in contracts})
        for first in range(0, len(models), MODELS_AT_ONCE):
            self._advance_episodes(models[first : first + MODELS_AT_ONCE], now)

    def _judge_quality(self, contracts: Sequence[Contract], now: datetime) -> None:
        """Quality of the models whose labels, windows or baselines are new."""
        by_model = {contract.model: contract for contract in contracts}

        def judge(model: str) -> object:
            return self._app.quality.evaluate(by_model[model], now, models=len(contracts))

        for model in self._app.quality.pending(contracts, now):
            self._one_by_one(model, judge)
        ends = time.monotonic() + self._app.settings.estimate_seconds
        for model in self._app.quality.unestimated(contracts, now):
            if time.monotonic() >= ends:
                break
            self._one_by_one(model, lambda model: self._app.quality.estimate(by_model[model], now))

    def _one_by_one(self, model: str, step: Callable[[str], object]) -> None:
        """Take a step for one model; its failure never stops the others."""
        try:
            step(model)
        except StoreUnavailable:
            raise
        except FAILURES as error:
            self._app.metrics.model_failures.labels(model).inc()
            _log.error("model not evaluated", model=model, error=str(error), exc_info=True)

    def _is_due(self, models: int, now: datetime) -> bool:
        """Whether a window has closed since the last look, or late data or another model may have come."""
        settings = self._app.settings
        end = last_closed_end(now, settings.window_seconds, settings.allowed_lateness_seconds)
        patience = timedelta(seconds=settings.window_seconds / LABEL_CHECKS_PER_WINDOW)
        if self._looked_at is not None:
            last_end, last_time, last_models = self._looked_at
            if (last_end, last_models) == (end, models) and now - last_time < patience:
                return False
        self._looked_at = end, now, models
        return True

    def _advance_episodes(self, models: Sequence[str], now: datetime) -> None:
        """Look at models together: what fails for one of them is logged, the others' episodes are saved."""
        resolve_after = self._app.settings.resolve_after_windows
        conditions = read_conditions(self._app.store, models, windows=resolve_after)
        newest = self._app.episodes.newest(models)
        advanced: list[Episode] = []

        def advance_one(model: str) -> None:
            last = newest.get(model)
            episode = advance(last, conditions[model], now=now, resolve_after=resolve_after)
            if episode is not None:
                advanced.append(episode)

        for model in models:
            self._one_by_one(model, advance_one)
        self._app.episodes.save(*advanced)
        for episode in advanced:
            _log.info(
                "episode",
                episode_id=episode.episode_id,
                state=episode.state,
                kind=episode.kind,
                summary=episode.summary,
            )

    def _act(self, now: datetime) -> None:
        """Store the actions that live episodes call for, let start what may, send it, follow it."""
        app = self._app
        rules = app.rules.current().file
        app.metrics.rules_fault.set(app.rules.fault is not None)
        contracts = {contract.model: contract for contract in app.latest_contracts.refresh()}
        episodes = app.episodes.live(RESOLVED_STAYS)
        known = app.outbox.known_ids([episode.episode_id for episode in episodes])
        deploys = any("redeploy" in rule.actions for rule in rules.rules)
        candidates = (
            candidates_of(app.store, [one for one in episodes if one.state == "open"]) if deploys else {}
        )
        required = {
            action.action_id: action
            for episode in episodes
            for action in self._required(
                episode, contracts.get(episode.model), rules, candidates.get(episode.episode_id, ""), now
            )
        }
        app.admission.expire(rules, now)
        waiting = [
            Candidate(self._new_action(one, contracts), one, new=True)
            for key, one in required.items()
            if key not in known
        ]
        live = {episode.episode_id: episode for episode in episodes}
        gone = []
        for action in app.outbox.in_states("held"):
            if action.action_id in required:
                waiting.append(Candidate(action, required[action.action_id]))
            elif action.episode_id in live:
                waiting.append(Candidate(action, _as_it_was(action, live[action.episode_id])))
            else:
                gone.append(suppressed(action, "resolved", REASONS["resolved"]))
        app.outbox.enqueue(*gone)
        app.admission.run(waiting, rules, contracts, now)
        for kind in HARM:
            open_now = sum(episode.state == "open" and episode.kind == kind for episode in episodes)
            app.metrics.open_episodes.labels(kind).set(open_now)
        app.dispatcher.send_due()
        app.dispatcher.follow()

    def _required(
        self, episode: Episode, contract: Contract | None, rules: RuleFile, candidate: str, now: datetime
    ) -> list[RequiredAction]:
        subject = subject_of(episode, contract.team if contract else "")
        return required_actions(episode, wanted(rules.rules, subject, now), candidate)

    def _new_action(self, action: RequiredAction, contracts: Mapping[str, Contract]) -> Action:
        now = datetime.now(UTC)
        body = (
            notification_body(action, self._app.base_url)
            if action.kind == "notify"
            else self._pipeline_body(action, contracts.get(action.episode.model))
        )
        return Action(
            action_id=action.action_id,
            episode_id=action.episode.episode_id,
            model=action.episode.model,
            kind=action.kind,
            event=action.event,
            target=action.target,
            state="pending",
            attempt=0,
            at=now,
            next_attempt_at=now,
            payload=orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY).decode(),
            wanted_at=now,
        )

    def _pipeline_body(self, action: RequiredAction, contract: Contract | None) -> dict[str, Any]:
        episode = action.episode
        lineage = contract.lineage.model_dump(mode="json") if contract is not None else {}
        return RetrainRequest(
            type=action.event,
            action_id=action.action_id,
            model=episode.model,
            version=episode.version,
            episode=episode,
            lineage=lineage,
            since=episode.first_window,
            candidate=action.candidate,
            callback_url=f"{self._app.base_url}/api/v1/actions/{action.action_id}/outcome",
        ).body()


def _as_it_was(held: Action, episode: Episode) -> RequiredAction:
    """What called for a held action that its rules call for no longer: it resolved, or the rules changed."""
    ended = dataclasses.replace(episode, state="resolved")
    kind = cast(ActionKind, held.kind)
    return RequiredAction(ended, kind, held.event, held.target)
