"""Labels on a terminal: what became of a delivery, how many have come, what came for one event."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from detectors.performance.labels.coverage import label_coverage
from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.events import LabelReceipt
from driftline.readmodel.label_history import label_history
from driftline.settings import Settings
from driftline.store import Store
from service.cli.output import console, figure, print_json, table
from service.label_windows import recent_windows

SHOWN_WINDOWS = 12


def print_receipt(model: str, receipt: LabelReceipt, skipped: int, *, as_json: bool) -> None:
    """What was stored; :class:`InvalidInput` when all was refused."""
    if receipt.refused and not receipt.accepted:
        raise InvalidInput(
            f"all {receipt.refused:,} labels were refused: {'; '.join(receipt.refused_examples)}"
        )
    if as_json:
        print_json(asdict(receipt) | {"skipped": skipped})
        return
    out = console()
    out.print(
        f"{receipt.accepted:,} labels stored for [bold]{model}[/], "
        f"{receipt.matched:,} of them for sampled events"
    )
    if receipt.unknown:
        out.print(
            f"[yellow]{receipt.unknown:,} belong to no sampled event[/] "
            f"(for example {', '.join(receipt.unknown_examples)})"
        )
    if receipt.refused:
        out.print(f"[yellow]{receipt.refused:,} were refused[/] ({'; '.join(receipt.refused_examples)})")
    if receipt.contradictory:
        out.print(
            f"[yellow]{receipt.contradictory:,} contradict another one of the delivery[/]: the last counts"
        )
    if receipt.new_classes:
        shown = ", ".join(f"{name} ({rows:,})" for name, rows in list(receipt.new_classes.items())[:5])
        out.print(f"[yellow]classes that the contract does not know:[/] {shown}")
    if skipped:
        out.print(f"[yellow]{skipped:,} rows without event id or label were skipped[/]")


def print_status(store: Store, settings: Settings, contract: Contract, *, as_json: bool) -> None:
    """Share of labelled events by window, and how late labels come."""
    now = datetime.now(UTC)
    since, until = recent_windows(settings, now)
    coverage = label_coverage(store, contract, since, until, settings.window_seconds, now=now)
    if as_json:
        print_json(coverage)
        return
    out = console()
    out.print(
        f"{coverage.labelled:,} of {coverage.rows:,} events of [bold]{contract.model}[/] have a label; "
        f"in the end {figure(100 * coverage.final_share, 0)}% get one"
    )
    out.print(
        f"half come within {_duration(coverage.delay_p50)}, 90% within {_duration(coverage.delay_p90)}, "
        f"99% within {_duration(coverage.delay_p99)}"
    )
    if coverage.clipped or coverage.invalid_propensity:
        out.print(
            f"[yellow]propensity below 0.01, taken for 0.01: {coverage.clipped:,}; "
            f"none between 0 and 1, taken for 1: {coverage.invalid_propensity:,}[/]"
        )
    shown = table("newest windows", "window", "events", "labelled", "share", "expected in the end")
    for window in coverage.windows[: -SHOWN_WINDOWS - 1 : -1]:
        shown.add_row(
            f"{window.start:%Y-%m-%d %H:%M}",
            f"{window.rows:,}",
            f"{window.labelled:,}",
            figure(window.share),
            figure(window.expected_share),
        )
    out.print(shown)


def print_history(store: Store, model: str, event_id: str, *, as_json: bool) -> None:
    """Every label of one event, newest first."""
    entries = label_history(store, model, event_id)
    if as_json:
        print_json({"items": entries})
        return
    if not entries:
        console().print(f"no label has come for {event_id!r}")
        return
    shown = table(f"labels of {event_id}", "received", "found", "name", "label", "from", "counts")
    for entry in entries:
        shown.add_row(
            f"{entry.received_at:%Y-%m-%d %H:%M:%S}",
            f"{entry.labelled_at:%Y-%m-%d %H:%M:%S}",
            entry.name or "truth",
            entry.label,
            entry.source,
            "yes" if entry.counts else "",
        )
    console().print(shown)


def _duration(seconds: float) -> str:
    return "–" if math.isnan(seconds) else str(timedelta(seconds=round(seconds)))
