"""Play a scenario through rules, lifecycle and policies, and compare what came with what was expected.

The same pure functions as in the control loop decide; only the outbox is a dictionary, and everything that
may be sent arrives at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from alerting.condition import FieldChange, ModelCondition, Quality, VersionCondition
from alerting.episode import Episode
from alerting.interventions import Intervention
from alerting.lifecycle import advance
from alerting.outbox import Action, held, suppressed
from alerting.policies.admitting import Admitting, Candidate
from alerting.policies.past import EPOCH, Past, PastAction
from alerting.required import RequiredAction, required_actions
from alerting.rules.document import RuleFile
from alerting.rules.matching import wanted
from alerting.rules.scenario import Expected, Happening, Scenario
from alerting.silences import Silence
from alerting.subjects import subject_of
from driftline.contracts import Contract, parse_contract

START = datetime(2026, 1, 5, tzinfo=UTC)
"""When scenarios begin: a Monday, so that weekly hours can be written for them."""


@dataclass(frozen=True, slots=True)
class Came:
    """Something that came: told, start, hold or suppress."""

    at: timedelta
    model: str
    what: str
    about: str
    detail: str = ""
    reason: str = ""

    def __str__(self) -> str:
        more = " ".join(part for part in (self.detail, self.reason) if part)
        return f"{_clock(self.at)} {self.model}: {self.what} {self.about}{f' ({more})' if more else ''}"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came of a scenario, what was expected and did not, and what came and was not expected."""

    came: tuple[Came, ...]
    lacking: tuple[str, ...]
    surprising: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether all came as expected."""
        return not self.lacking and not self.surprising


def rehearse(scenario: Scenario, rules: RuleFile) -> Rehearsed:
    """Play a scenario."""
    stage = _Stage(scenario, rules)
    times = sorted({one.at for one in scenario.happens} | {one.at for one in scenario.expect})
    for at in times:
        stage.step(at, [one for one in scenario.happens if one.at == at])
    return _compared(scenario.expect, stage.came)


class _Stage:
    """Models, episodes and actions of one scenario."""

    def __init__(self, scenario: Scenario, rules: RuleFile) -> None:
        self._scenario = scenario
        self._rules = rules
        self._contracts = {name: _contract(name, scenario) for name in scenario.models}
        self._episodes: dict[str, list[Episode]] = {}
        self._windows: dict[str, list[Happening]] = {}
        self._actions: dict[str, tuple[Action, RequiredAction]] = {}
        self._started: dict[str, datetime] = {}
        self._words: dict[str, dict[str, Intervention]] = {}
        self._silences: list[Silence] = []
        self._candidates: dict[str, str] = {}
        self._gates: dict[str, str] = {}
        self.came: list[Came] = []

    def step(self, at: timedelta, happenings: Iterable[Happening]) -> None:
        """Let things happen, then look as the control loop does."""
        now = START + at
        for one in happenings:
            self._happen(one, now)
        waiting = []
        for episodes in self._episodes.values():
            for episode in episodes:
                team = self._contracts[episode.model].team
                called_for = wanted(self._rules.rules, subject_of(episode, team), now)
                for required in required_actions(
                    episode, called_for, self._candidates.get(episode.model, "")
                ):
                    if required.action_id not in self._actions:
                        waiting.append(Candidate(_action(required, now), required, new=True))
        current = {one.episode_id: one for episodes in self._episodes.values() for one in episodes}
        for action, required in self._actions.values():
            if action.state == "held":
                as_now = replace(required, episode=current[action.episode_id])
                waiting.append(Candidate(action, as_now))
        admitting = Admitting(self._rules, self._contracts, self._silences, self._answers, self._gate, now)
        for candidate, judgement in list(admitting.judged(waiting, self._past(), self._words)):
            action = candidate.action
            if judgement.verdict == "start":
                after = replace(action, state="pending", at=now, reason="")
            else:
                change = held if judgement.verdict == "hold" else suppressed
                after = replace(change(action, judgement.reason, judgement.text), at=now)
            changed = candidate.new or (after.state, after.reason) != (action.state, action.reason)
            self._actions[action.action_id] = after, candidate.required
            if changed:
                self._note(at, after, candidate.required)
            if after.state == "pending":
                self._started[action.action_id] = now
                state = "succeeded" if action.kind == "notify" else "sent"
                sent = replace(after, state="succeeded" if state == "succeeded" else "sent")
                self._actions[action.action_id] = sent, candidate.required

    def _happen(self, one: Happening, now: datetime) -> None:
        mine = [action for action, _ in self._actions.values() if action.model == one.model]
        if one.is_window:
            windows = self._windows.setdefault(one.model, [])
            windows.append(one)
            episodes = self._episodes.setdefault(one.model, [])
            condition = _condition(one.model, windows, self._scenario.resolve_after)
            last = episodes[-1] if episodes else None
            after = advance(last, condition, now=now, resolve_after=self._scenario.resolve_after)
            if after is not None and last is not None and after.episode_id == last.episode_id:
                episodes[-1] = after
            elif after is not None:
                episodes.append(after)
        for action in mine:
            _, required = self._actions[action.action_id]
            if one.outcome and action.state == "sent":
                ended = replace(action, state=one.outcome, at=now)
                self._actions[action.action_id] = ended, required
            if action.state == "held" and (one.approve or one.deny):
                kind = "approve" if one.approve else "deny"
                word = Intervention(
                    "approve" if one.approve else "deny", action.action_id, one.approve or one.deny, "", now
                )
                self._words.setdefault(action.action_id, {})[kind] = word
        if one.candidate:
            self._candidates[one.model] = one.candidate
        if one.gate:
            self._gates[one.model] = one.gate
        if one.silence_for:
            until = now + one.silence_for
            self._silences.append(
                Silence(f"si-{len(self._silences)}", (one.model,), ("*",), (), "scenario", "", now, until)
            )

    def _past(self) -> Past:
        acts = [action for action, _ in self._actions.values() if action.kind != "notify"]
        return Past(
            PastAction(
                one.action_id, one.model, one.kind, one.state, self._started.get(one.action_id, EPOCH), one.at
            )
            for one in sorted(acts, key=lambda one: one.at)
        )

    def _gate(self, model: str, candidate: str) -> str:
        return "" if self._gates.get(model) == "pass" else f"version {candidate!r} has not passed"

    def _answers(self, model: str) -> float:
        return self._scenario.models[model].answers_a_day

    def _note(self, at: timedelta, action: Action, required: RequiredAction) -> None:
        if action.kind == "notify":
            if action.state == "pending":
                about = f"{action.target} {action.event.removeprefix('episode.')}"
                self.came.append(Came(at, action.model, "tell", about, required.severity))
            return
        what = {"pending": "start", "held": "hold", "suppressed": "suppress"}[action.state]
        self.came.append(Came(at, action.model, what, action.kind, "", action.reason))


def _compared(expected: Sequence[Expected], came: Sequence[Came]) -> Rehearsed:
    left = list(came)
    lacking = []
    for one in expected:
        found = next((other for other in left if _meets(one, other)), None)
        if found is None:
            lacking.append(_said(one))
        else:
            left.remove(found)
    surprising = [str(one) for one in left if one.what in ("tell", "start")]
    return Rehearsed(tuple(came), tuple(lacking), tuple(surprising))


def _meets(one: Expected, came: Came) -> bool:
    if (one.at, one.model) != (came.at, came.model):
        return False
    if one.tell:
        told = came.what == "tell" and came.about == f"{one.tell} {one.event}"
        return told and one.severity in ("", came.detail)
    what = "start" if one.start else "hold" if one.hold else "suppress"
    kind = one.start or one.hold or one.suppress
    return (came.what, came.about) == (what, kind) and one.reason in ("", came.reason)


def _said(one: Expected) -> str:
    what = "tell" if one.tell else "start" if one.start else "hold" if one.hold else "suppress"
    about = f"{one.tell} {one.event}" if one.tell else one.start or one.hold or one.suppress
    return str(Came(one.at, one.model, what, about, one.severity, one.reason))


def _contract(name: str, scenario: Scenario) -> Contract:
    one = scenario.models[name]
    return parse_contract(
        {
            "model": name,
            "team": one.team,
            "fields": [{"name": "input", "kind": "numeric"}],
            "lineage": {"dataset": one.dataset, "method": one.method},
        }
    )


def _condition(model: str, windows: Sequence[Happening], resolve_after: int) -> ModelCondition:
    """What the windows of a scenario so far amount to, the newest last."""
    newest_first = [*reversed(windows)][: max(resolve_after, 1)]
    newest = newest_first[0]
    changes = tuple(
        FieldChange(field, "", effect, 99.0, 5.0, 1000.0, 0.1) for field, effect in newest.drift.items()
    ) + tuple(
        FieldChange(field, "", 1.0, 99.0, 5.0, 1000.0, 0.1, change="missing") for field in newest.missing
    )
    version = VersionCondition(
        "1",
        START + newest.at,
        tuple("drifted" if one.drift or one.missing else "ok" for one in newest_first),
        tuple(_quality(one) for one in newest_first),
        changes,
    )
    return ModelCondition(model, (version,))


def _quality(one: Happening) -> Quality:
    value = 0.95 - one.quality_drop
    start = START + one.at
    return Quality(
        window_start=start,
        metric="accuracy",
        basis="",
        value=value,
        lower=value - 0.01,
        upper=value + 0.01,
        baseline_value=0.95,
        labelled=1000,
        rows=1000,
        status="decayed" if one.quality_drop else "ok",
        reason="",
        holds_since=start if one.holds else EPOCH,
    )


def _action(required: RequiredAction, now: datetime) -> Action:
    return Action(
        action_id=required.action_id,
        episode_id=required.episode.episode_id,
        model=required.episode.model,
        kind=required.kind,
        event=required.event,
        target=required.target,
        state="pending",
        attempt=0,
        at=now,
        next_attempt_at=now,
        payload="",
        wanted_at=now,
    )


def _clock(at: timedelta) -> str:
    minutes = int(at.total_seconds() // 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"
