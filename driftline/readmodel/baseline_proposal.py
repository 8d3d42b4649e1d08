"""What to do about a baseline: when a file's has served two clean weeks, traffic makes a better one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from driftline.readmodel.baselines import Baseline
from driftline.store import Store, load_sql

TWO_WEEKS = timedelta(weeks=2)
CLEAN_SHARE = 0.95
"""Share of the windows of two weeks that have to be clean; the rest may be too small to judge."""


def with_proposals(store: Store, model: str, items: Sequence[Baseline], now: datetime) -> list[Baseline]:
    """The same baselines, newest first, those in force with what would be better."""
    seen: set[str] = set()
    found = []
    for one in items:
        text = "" if one.version in seen else proposal(store, model, one, now)
        seen.add(one.version)
        found.append(one.model_copy(update={"proposal": text}) if text else one)
    return found


def proposal(store: Store, model: str, baseline: Baseline, now: datetime) -> str:
    """One sentence that says what would be better; empty when nothing would.

    A baseline without an order in time (a file) leaves noise, season and wander to be learned live. After
    two weeks of windows that did not drift against it, a seasonal one of the same traffic knows them.
    """
    if baseline.history_until is not None:
        return ""
    since = now - TWO_WEEKS
    found = store.query(
        load_sql(__file__, "baseline_proposal"),
        {"model": model, "baseline_id": baseline.baseline_id, "since": since - timedelta(days=1)},
    )[0]
    if not found["windows"] or found["first"] > since or found["clean"] < CLEAN_SHARE * found["windows"]:
        return ""
    version = f" --version {baseline.version}" if baseline.version else ""
    return (
        f"two clean weeks lie behind it ({found['clean']:,} of {found['windows']:,} windows): convert it to "
        f"history with `driftline baseline {model} --weeks 2{version}`, which finds smaller changes"
    )
