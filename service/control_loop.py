"""The control loop: evaluate, open and resolve episodes, make sure their actions exist, send them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import orjson

from alerting.candidates import models_in_trouble
from alerting.condition import read_condition
from alerting.episode import HARM, Episode
from alerting.lifecycle import advance
from alerting.notifiers.message import notification_body
from alerting.outbox import Action
from alerting.policy import RequiredAction, required_actions
from detectors.baselines.refreshing import refresh_baselines
from detectors.evaluated_window import FAILURES
from detectors.windows import last_closed_end
from driftline.contracts import Contract
from driftline.errors import StoreUnavailable
from driftline.logs import get_logger
from integrations.hookspecs import RetrainRequest
from service.application import Application
from service.rotation import MultivariateRotation

_log = get_logger(__name__)

RESOLVED_STAYS = timedelta(days=1)
"""A resolved episode is looked at this long, so that a crash cannot lose its last notification."""

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
                self._act()
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
        for model in sorted(troubled & {contract.model for contract in contracts}):
            self._one_by_one(model, lambda model: self._advance_episode(model, now))

    def _judge_quality(self, contracts: Sequence[Contract], now: datetime) -> None:
        """Quality of the models whose labels, windows or baselines are new."""
        by_model = {contract.model: contract for contract in contracts}

        def judge(model: str) -> object:
            return self._app.quality.evaluate(by_model[model], now, models=len(contracts))

        for model in self._app.quality.pending(contracts, now):
            self._one_by_one(model, judge)

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

    def _advance_episode(self, model: str, now: datetime) -> None:
        resolve_after = self._app.settings.resolve_after_windows
        condition = read_condition(self._app.store, model, windows=resolve_after)
        episode = advance(self._app.episodes.latest(model), condition, now=now, resolve_after=resolve_after)
        if episode is not None:
            self._app.episodes.save(episode)
            _log.info(
                "episode",
                episode_id=episode.episode_id,
                state=episode.state,
                kind=episode.kind,
                summary=episode.summary,
            )

    def _act(self) -> None:
        """Put the actions that live episodes call for into the outbox, then send what is due."""
        episodes = self._app.episodes.live(RESOLVED_STAYS)
        known = self._app.outbox.known_ids([episode.episode_id for episode in episodes])
        for episode in episodes:
            for action in required_actions(episode, self._app.settings):
                if action.action_id not in known:
                    self._app.outbox.enqueue(self._new_action(action))
        for kind in HARM:
            open_now = sum(episode.state == "open" and episode.kind == kind for episode in episodes)
            self._app.metrics.open_episodes.labels(kind).set(open_now)
        self._app.dispatcher.send_due()
        self._app.dispatcher.follow()

    def _new_action(self, action: RequiredAction) -> Action:
        now = datetime.now(UTC)
        body = (
            self._retrain_request(action.episode, action).body()
            if action.kind == "retrain"
            else notification_body(action, self._app.base_url)
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
        )

    def _retrain_request(self, episode: Episode, action: RequiredAction) -> RetrainRequest:
        contract = self._app.contracts.required(episode.model)
        return RetrainRequest(
            action_id=action.action_id,
            model=episode.model,
            version=episode.version,
            episode=episode,
            lineage=contract.lineage.model_dump(mode="json"),
            since=episode.first_window,
            callback_url=f"{self._app.base_url}/api/v1/actions/{action.action_id}/outcome",
        )
