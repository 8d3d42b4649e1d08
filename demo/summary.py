"""What the story says at its end: what happened, when, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.console import Console

from demo.api import DriftlineApi
from demo.digits import MODEL


def read_cost(api: DriftlineApi, since: datetime) -> dict[str, Any] | None:
    """Cost of the model since a moment as the API tells it; ``None`` when nothing was measured."""
    total = api.get(f"/models/{MODEL}/costs", since=since.isoformat())["total"]
    if total is None:
        return None
    names = (
        "usd_per_1000_predictions",
        "total_usd",
        "cpu_usd",
        "memory_usd",
        "gpu_usd",
        "predictions",
        "cpu_core_seconds",
        "grade",
    )
    return {name: total[name] for name in names}


def print_summary(console: Console, result: Mapping[str, Any]) -> None:
    """Print a few lines for a person who looked away.

    Parameters
    ----------
    result
        Of a story whose every stage happened.
    """
    stages, fault = result["stages"], result["fault_at_seconds"]

    def after(stage: str) -> str:
        return f"{stages[stage]['at_seconds'] - fault:.0f} s"

    decayed, recovered, gate = stages["decay_detected"], stages["recovered"], stages["gate_passed"]
    lines = [
        f"The scanner wore out {fault:.0f} s into the story. After it",
        f"  {after('drift_detected'):>5}  drift was found in {_fields(stages['drift_detected'])}",
        f"  {after('alert_delivered'):>5}  one signed alert was delivered",
        f"  {after('decay_detected'):>5}  decay was found: accuracy {decayed['accuracy']:.1%} "
        f"against {decayed['baseline_accuracy']:.1%}",
        f"  {after('retrain_triggered'):>5}  the retrain was asked for",
        f"  {after('gate_passed'):>5}  the gate passed: {gate['reason']}",
        f"  {after('redeployed'):>5}  version {stages['redeployed']['deployed_version']} was served, "
        f"{stages['redeployed']['failed_requests']} requests failed",
        f"  {after('recovered'):>5}  the episode was resolved: accuracy {recovered['accuracy']:.1%} "
        f"after {recovered['accuracy_before']:.1%}",
        _cost_line(result["cost"]),
    ]
    console.print("\n".join(lines), markup=False)


def _fields(drift: Mapping[str, Any]) -> str:
    first, *more = drift["fields"]
    return f"{first} and {len(more)} more" if more else str(first)


def _cost_line(cost: Mapping[str, Any] | None) -> str:
    if cost is None or cost["usd_per_1000_predictions"] is None:
        return "What the predictions cost could not be measured."
    gpu = "no GPU was seen" if cost["gpu_usd"] is None else f"GPU ${cost['gpu_usd']:.6f}"
    return (
        f"1,000 predictions cost ${cost['usd_per_1000_predictions']:.6f}: "
        f"{cost['cpu_core_seconds']:.1f} core seconds for {cost['predictions']:,} predictions "
        f"({cost['grade']}; {gpu})."
    )
