"""The nine promises of the story: when each is kept, with which figures, and how it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from demo.configuration import ACCURACY_TOLERANCE
from demo.view import View
from detectors.performance.metrics.interval import wilson
from driftline.errors import DriftlineError

Figures = dict[str, Any]
RECOVERED_LABELS = 200
"""Labels of the new version without which nobody can say that accuracy is back."""


class StoryFailed(DriftlineError):
    """The story took a turn from which its stages can no longer be reached."""

    code = "story_failed"


@dataclass(frozen=True, slots=True)
class Stage:
    """A promise.

    Attributes
    ----------
    observe
        Looks for it: its figures once it is kept, else ``None``.
    tell
        A sentence of those figures.
    """

    name: str
    promise: str
    observe: Callable[[View], Figures | None]
    tell: Callable[[Figures], str]


def served(view: View) -> Figures | None:
    if view.traffic.get("rows", 0) == 0:
        return None
    traffic = view.traffic
    return {
        "version": traffic["version"],
        "predictions": traffic["rows"],
        "failed": traffic["failed_requests"],
    }


def sampled(view: View) -> Figures | None:
    coverage = view.health["coverage"]
    if not view.windows or coverage["kept"] == 0:
        return None
    return {"seen": coverage["seen"], "kept": coverage["kept"], "dropped": sum(coverage["dropped"].values())}


def drift_detected(view: View) -> Figures | None:
    drifted = next((row for row in view.since_fault(view.windows) if row["status"] == "drifted"), None)
    if drifted is None:
        return None
    moved = [found for found in view.health["evidence"]["fields"] if found["status"] == "drifted"]
    strongest = max(moved, key=lambda found: found["strength"] or 0.0, default=None)
    return {
        "fields": drifted["drifted_fields"],
        "rows": drifted["rows"],
        "strongest": None
        if strongest is None
        else {name: strongest[name] for name in ("field", "effect", "evidence", "threshold")},
    }


def decay_detected(view: View) -> Figures | None:
    decayed = next((row for row in view.since_fault(view.performance) if row["status"] == "decayed"), None)
    if decayed is None:
        return None
    return {
        "accuracy": decayed["value"],
        "interval_95": [decayed["lower"], decayed["upper"]],
        "baseline_accuracy": decayed["baseline_value"],
        "labelled": decayed["labelled"],
    }


def alert_delivered(view: View) -> Figures | None:
    opened = [alert for alert in view.alerts if alert["message"]["type"] == "episode.opened"]
    delivered = {action["action_id"]: action for action in view.actions if action["state"] == "succeeded"}
    action = next((delivered[alert["id"]] for alert in opened if alert["id"] in delivered), None)
    if action is None or view.first_episode is None:
        return None
    return {
        "action_id": action["action_id"],
        "target": action["target"],
        "attempts": action["attempt"],
        "summary": opened[0]["message"]["data"]["episode"]["summary"],
    }


def retrain_triggered(view: View) -> Figures | None:
    action = view.retrain
    if action is None or action["state"] in ("pending", "retrying"):
        return None
    return {"action_id": action["action_id"], "episode_id": action["episode_id"], "target": action["target"]}


def gate_passed(view: View) -> Figures | None:
    action = view.retrain
    if action is None:
        return None
    detail = action["outcome"].get("detail", {})
    if action["state"] in ("failed", "dead"):
        raise StoryFailed(f"the retrain ended {action['state']}: {detail.get('reason') or action['error']}")
    gate: Figures | None = detail.get("gate")
    return gate if gate and gate["passed"] else None


def redeployed(view: View) -> Figures | None:
    action = view.retrain
    if action is None or action["state"] != "succeeded":
        return None
    version = action["outcome"]["detail"]["deployed_version"]
    if view.served_version != version or view.traffic.get("version") != version:
        return None
    return {"deployed_version": version, "failed_requests": view.traffic["failed_requests"]}


def recovered(view: View) -> Figures | None:
    action, episode = view.retrain, view.first_episode
    if action is None or episode is None or any(found["state"] != "resolved" for found in view.episodes):
        return None
    version = action["outcome"].get("detail", {}).get("deployed_version")
    judged = [row for row in view.performance if row["version"] == version and row["labelled"]]
    labelled = sum(row["labelled"] for row in judged)
    if labelled < RECOVERED_LABELS:
        return None
    accuracy = sum(row["value"] * row["labelled"] for row in judged) / labelled
    lower, upper = (float(bound) for bound in wilson(accuracy, labelled))
    baseline, fallen_to = judged[0]["baseline_value"], _accuracy_before(view, version)
    # Back means both: surely better than what it had fallen to, and not shown to miss its own baseline.
    if lower <= fallen_to or upper < baseline - ACCURACY_TOLERANCE:
        return None
    if view.health["status"] in ("decaying", "drifting"):
        return None
    return {
        "version": version,
        "accuracy": accuracy,
        "interval_95": [lower, upper],
        "labelled": labelled,
        "accuracy_before": fallen_to,
        "baseline_accuracy": baseline,
        "status": view.health["status"],
        "episode_id": episode["episode_id"],
        "opened_at": episode["opened_at"],
        "resolved_at": episode["resolved_at"],
    }


def _accuracy_before(view: View, version: str) -> float:
    """Accuracy of the replaced version since the fault, over all labels."""
    rows = [
        row for row in view.since_fault(view.performance) if row["version"] != version and row["labelled"]
    ]
    labelled = sum(row["labelled"] for row in rows)
    return float(sum(row["value"] * row["labelled"] for row in rows) / labelled) if labelled else 1.0


def _tell_drift(figures: Figures) -> str:
    strongest = figures["strongest"]
    most = f", most {strongest['field']} ({strongest['effect']:+.2f} standard units)" if strongest else ""
    return f"{len(figures['fields'])} fields moved{most}"


STAGES = (
    Stage(
        "served",
        "A real model answers real traffic",
        served,
        lambda f: f"version {f['version']} answers, {f['failed']} failed requests",
    ),
    Stage(
        "sampled",
        "Its traffic is sampled into ClickHouse",
        sampled,
        lambda f: f"{f['kept']:,} of {f['seen']:,} predictions kept, {f['dropped']:,} dropped",
    ),
    Stage("drift_detected", "The scanner wears out: drift is found", drift_detected, _tell_drift),
    Stage(
        "decay_detected",
        "Labels arrive: decay is found",
        decay_detected,
        lambda f: f"accuracy {f['accuracy']:.1%}, the baseline's is {f['baseline_accuracy']:.1%}",
    ),
    Stage(
        "alert_delivered",
        "One signed alert arrives",
        alert_delivered,
        lambda f: f"at the {_ordinal(f['attempts'])} attempt: {f['summary']}",
    ),
    Stage(
        "retrain_triggered",
        "The pipeline is asked to retrain, once",
        retrain_triggered,
        lambda f: f"action {f['action_id'][:11]}…",
    ),
    Stage(
        "gate_passed",
        "The challenger passes the evaluation gate",
        gate_passed,
        lambda f: (
            f"{f['reason']}; clean images {f['champion_clean_accuracy']:.1%} -> "
            f"{f['challenger_clean_accuracy']:.1%}"
        ),
    ),
    Stage(
        "redeployed",
        "The new version is served",
        redeployed,
        lambda f: f"version {f['deployed_version']}, {f['failed_requests']} failed requests",
    ),
    Stage(
        "recovered",
        "The episode resolves",
        recovered,
        lambda f: (
            f"accuracy {f['accuracy']:.1%} after {f['accuracy_before']:.1%}, "
            f"the baseline's is {f['baseline_accuracy']:.1%}"
        ),
    ),
)


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")
