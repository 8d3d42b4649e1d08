"""The story of an episode: from what was seen, through what was done, to how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from dashboards.web.formats import percent, words
from driftline.readmodel.actions import Action
from driftline.readmodel.episodes import Episode

StepState = Literal["done", "waiting", "failed"]

_ACTION_STATE: dict[str, StepState] = {
    "pending": "waiting",
    "retrying": "waiting",
    "sent": "done",
    "running": "waiting",
    "succeeded": "done",
    "failed": "failed",
    "dead": "failed",
}


_DELIVERY = {
    "pending": "not sent yet",
    "retrying": "will be tried again",
    "sent": "delivered",
    "running": "delivered",
    "succeeded": "delivered",
    "failed": "delivered",
    "dead": "given up",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, or is waited for."""

    title: str
    detail: str
    at: datetime | None
    state: StepState


@dataclass(frozen=True, slots=True)
class Story:
    """An episode with its steps in the order they happened."""

    episode: Episode
    steps: tuple[Step, ...]


def stories(episodes: Sequence[Episode], actions: Sequence[Action]) -> list[Story]:
    """The story of each episode, in the order the episodes come."""
    return [
        Story(entry, tuple(_steps(entry, [act for act in actions if act.episode_id == entry.episode_id])))
        for entry in episodes
    ]


def _steps(episode: Episode, actions: Sequence[Action]) -> list[Step]:
    opened = Step(f"{words(episode.kind).capitalize()} found", episode.summary, episode.opened_at, "done")
    steps = [opened]
    for action in sorted(actions, key=lambda entry: entry.created_at):
        steps += _retrain_steps(action) if action.kind == "retrain" else [_notify_step(action)]
    if episode.resolved_at is not None:
        steps.append(Step("Recovered", "The episode is resolved.", episode.resolved_at, "done"))
    moments = [step for step in steps if step.at is not None]
    waiting = [step for step in steps if step.at is None]
    if episode.resolved_at is None:
        waiting.append(Step("Recovery", "Waiting for healthy windows in a row.", None, "waiting"))
    return sorted(moments, key=lambda step: step.at or episode.opened_at) + waiting


def _notify_step(action: Action) -> Step:
    told = words(action.event.removeprefix("episode."))
    return Step(f"Notified: {told}", _delivery(action), action.at, _ACTION_STATE[action.state])


def _retrain_steps(action: Action) -> list[Step]:
    """Trigger, run, gate and deployment, as far as the pipeline has reported them."""
    detail = action.outcome.get("detail")
    reported: dict[str, Any] = detail if isinstance(detail, dict) else {}
    accepted = action.state in ("sent", "running", "succeeded", "failed")
    refused: StepState = "failed" if action.state == "dead" else "waiting"
    steps = [Step("Retrain requested", _delivery(action), action.created_at, "done" if accepted else refused)]
    if not action.outcome:
        if accepted:
            steps.append(Step("Pipeline run", "Waiting for the pipeline to report.", None, "waiting"))
        return steps
    run = str(action.outcome.get("run_id") or "")
    finished = action.state in ("succeeded", "failed")
    steps.append(
        Step(
            f"Pipeline run {action.state}",
            f"Run {run}." if run else "The pipeline gave no run id.",
            action.at if finished or action.state == "running" else None,
            _ACTION_STATE[action.state],
        )
    )
    gate = reported.get("gate")
    if isinstance(gate, dict):
        steps.append(_gate_step(gate, action.at))
    version = reported.get("deployed_version")
    if version:
        steps.append(Step(f"Version {version} deployed", "Reported by the pipeline.", action.at, "done"))
    return steps


def _gate_step(gate: dict[str, Any], at: datetime) -> Step:
    champion, challenger = gate.get("champion_accuracy"), gate.get("challenger_accuracy")
    compared = ""
    if isinstance(champion, int | float) and isinstance(challenger, int | float):
        compared = f"Challenger {percent(challenger)} against champion {percent(champion)} accuracy."
    passed = bool(gate.get("passed"))
    return Step(
        "Evaluation gate passed" if passed else "Evaluation gate refused",
        compared,
        at,
        "done" if passed else "failed",
    )


def _delivery(action: Action) -> str:
    tries = f", attempt {action.attempt}" if action.attempt > 1 else ""
    trouble = f": {action.error}" if action.error else ""
    return f"{action.target} ({_DELIVERY[action.state]}{tries}){trouble}"
