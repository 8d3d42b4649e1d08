"""Episodes that evaluated windows would have led to, and what would have been done about them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from alerting.condition import DECIDED, condition_of_windows
from alerting.episode import Episode
from alerting.lifecycle import advance
from alerting.required import events_of, required_actions
from alerting.rules.defaults import rules_of_settings
from alerting.rules.matching import wanted
from alerting.subjects import subject_of
from detectors.evaluated_window import EvaluatedWindow
from driftline.action_states import ActionKind
from driftline.settings import Settings


@dataclass(frozen=True, slots=True)
class TimedAction:
    """An action that an episode would have led to, and when."""

    at: datetime
    kind: ActionKind
    event: str
    target: str


@dataclass(frozen=True, slots=True)
class ReplayedEpisode:
    """An episode in its last revision, with everything that it would have led to.

    Attributes
    ----------
    windows
        Windows in which it was open and that drifted.
    events
        What would have been told, whether or not anybody listens: opened, worsened, resolved.
    actions
        What the settings' targets would have got.
    """

    episode: Episode
    windows: int
    events: tuple[str, ...]
    actions: tuple[TimedAction, ...]


def replay_episodes(
    model: str, windows: Sequence[EvaluatedWindow], settings: Settings
) -> tuple[ReplayedEpisode, ...]:
    """Run the lifecycle over windows as the control loop would have: one window after another.

    Parameters
    ----------
    windows
        Evaluated windows of one model, all versions, in any order.

    Returns
    -------
    tuple of ReplayedEpisode
        Oldest first. The clock is that of the windows: each is looked at when it closed.
    """
    episodes: dict[str, ReplayedEpisode] = {}
    latest: Episode | None = None
    for now, evaluated, recent in _as_they_closed(windows, settings):
        condition = condition_of_windows(model, recent, windows=settings.resolve_after_windows)
        found = advance(latest, condition, now=now, resolve_after=settings.resolve_after_windows)
        if found is not None:
            latest = found
        if latest is None or (latest.state == "resolved" and found is None):
            continue
        known = episodes.get(latest.episode_id) or ReplayedEpisode(latest, 0, (), ())
        drifted = any(window.status == "drifted" for window in evaluated)
        actions = _new_actions(known, latest, settings, now)
        episodes[latest.episode_id] = dataclasses.replace(
            known,
            episode=latest,
            windows=known.windows + drifted,
            events=events_of(latest),
            actions=(*known.actions, *actions),
        )
    return tuple(episodes.values())


def _as_they_closed(
    windows: Sequence[EvaluatedWindow], settings: Settings
) -> Iterator[tuple[datetime, list[EvaluatedWindow], list[EvaluatedWindow]]]:
    """When windows closed, those that closed then, and all that a condition rests on."""
    lateness = timedelta(seconds=settings.allowed_lateness_seconds)
    recent: dict[str, list[EvaluatedWindow]] = {}
    ordered = sorted(windows, key=lambda window: (window.start, window.version))
    for _, group in groupby(ordered, key=lambda window: window.start):
        closed = list(group)
        for window in closed:
            mine = recent.setdefault(window.version, [])
            mine.append(window)
            recent[window.version] = _needed(mine, settings.resolve_after_windows)
        yield closed[0].end + lateness, closed, [one for mine in recent.values() for one in mine]


def _needed(mine: list[EvaluatedWindow], decided: int) -> list[EvaluatedWindow]:
    """The newest window, and the newest decided ones; older ones change nothing any more."""
    newest = [window for window in mine if window.status in DECIDED][-decided:]
    return newest if mine[-1].status in DECIDED else [*newest, mine[-1]]


def _new_actions(
    known: ReplayedEpisode, episode: Episode, settings: Settings, now: datetime
) -> list[TimedAction]:
    before = {(one.kind, one.event, one.target) for one in known.actions}
    called_for = wanted(rules_of_settings(settings).rules, subject_of(episode, ""), now)
    return [
        TimedAction(now, one.kind, one.event, one.target)
        for one in required_actions(episode, called_for)
        if (one.kind, one.event, one.target) not in before
    ]
