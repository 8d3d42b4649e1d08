"""What a back-test answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from detectors.evaluated_window import EvaluatedWindow
from driftline.false_alarm_budget import FalseAlarmBudget
from service.replay.episodes import ReplayedEpisode
from service.replay.rows import Loaded

YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class FieldOutcome:
    """One column of the file over all windows.

    Attributes
    ----------
    status_counts
        Windows by status; empty for a column that could not be monitored, then ``reason`` says why.
    reason
        Of its newest window that drifted, else of its newest window.
    """

    field: str
    kind: str
    status_counts: Mapping[str, int]
    first_drifted: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class ToleranceOutcome:
    """What another tolerance would have led to."""

    tolerance: float
    episodes: int
    drifted_windows: int
    opened_at: tuple[datetime, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """A back-test.

    Attributes
    ----------
    windows
        Evaluated windows, oldest first.
    fields
        Most drifted windows first.
    skipped_rows
        Rows before or inside the baseline's part of the file.
    """

    windows: tuple[EvaluatedWindow, ...]
    episodes: tuple[ReplayedEpisode, ...]
    fields: tuple[FieldOutcome, ...]
    tolerances: tuple[ToleranceOutcome, ...]
    loaded: Loaded
    baseline: str
    baseline_rows: int
    since: datetime
    until: datetime
    window_seconds: int
    tolerance: float
    budget: FalseAlarmBudget
    budget_words: str
    drift_share: float

    @property
    def status_counts(self) -> dict[str, int]:
        """Windows by status."""
        return dict(Counter(window.status for window in self.windows))

    @property
    def years(self) -> float:
        """Length of the replayed span."""
        return (self.until - self.since) / YEAR

    @property
    def nominal_false_episodes(self) -> float:
        """False episodes of drift that the budget allows in the span, if nothing had changed."""
        return self.budget.per_model_year(1) * self.drift_share * self.years

    def as_json(self) -> dict[str, Any]:
        """The last line of ``--json``."""
        return {
            "windows": len(self.windows),
            "episodes": [episode_json(one) for one in self.episodes],
            "status_counts": self.status_counts,
            "budget": {
                "words": self.budget_words,
                "per_model_year": self.budget.per_model_year(1),
                "drift_share": self.drift_share,
                "years": self.years,
                "nominal_false_episodes": self.nominal_false_episodes,
            },
            "fields": self.fields,
            "actions": action_counts(self.episodes),
            "tolerance": self.tolerance,
            "tolerances": self.tolerances,
            "since": self.since,
            "until": self.until,
            "window_seconds": self.window_seconds,
            "baseline": {"name": self.baseline, "rows": self.baseline_rows},
            "rows": self.loaded.rows,
            "bad_times": self.loaded.bad_times,
            "bad_time_examples": self.loaded.bad_examples,
            "bad_weights": self.loaded.bad_weights,
        }


def episode_json(one: ReplayedEpisode) -> dict[str, Any]:
    """An episode with what it would have led to."""
    episode = one.episode
    return {
        "opened_at": episode.opened_at,
        "resolved_at": episode.resolved_at,
        "kind": episode.kind,
        "fields": list(episode.fields),
        "state": episode.state,
        "first_window": episode.first_window,
        "last_window": episode.last_window,
        "drifted_windows": one.windows,
        "summary": episode.summary,
        "events": one.events,
        "actions": one.actions,
    }


def window_json(window: EvaluatedWindow) -> dict[str, Any]:
    """One line of ``--json`` before the last."""
    return {
        "window_start": window.start,
        "window_end": window.end,
        "status": window.status,
        "reason": window.reason,
        "rows": window.rows,
        "drifted": [finding.column for finding in window.drifted],
    }


def action_counts(episodes: Sequence[ReplayedEpisode]) -> dict[str, int]:
    """Notifications and retrains that would have gone out."""
    kinds = Counter(action.kind for one in episodes for action in one.actions)
    return {"notifications": kinds["notify"], "retrains": kinds["retrain"]}


def field_outcomes(
    windows: Sequence[EvaluatedWindow], unusable: Mapping[str, str]
) -> tuple[FieldOutcome, ...]:
    """Every column of the file: what its findings were, or why it has none."""
    counts: dict[str, Counter[str]] = {}
    kinds: dict[str, str] = {}
    first: dict[str, datetime] = {}
    reasons: dict[str, str] = {}
    for window in windows:
        for finding in window.findings:
            name, status = finding.column, finding.decision.status
            counts.setdefault(name, Counter())[status] += 1
            kinds[name] = finding.kind
            if status == "drifted":
                first.setdefault(name, window.start)
            if status == "drifted" or name not in first:
                reasons[name] = finding.decision.reason
    outcomes = [
        FieldOutcome(name, kinds[name], dict(found), first.get(name), reasons[name])
        for name, found in counts.items()
    ]
    outcomes.sort(key=lambda one: (-one.status_counts.get("drifted", 0), one.field))
    outcomes += [FieldOutcome(name, "", {}, None, reason) for name, reason in unusable.items()]
    return tuple(outcomes)
