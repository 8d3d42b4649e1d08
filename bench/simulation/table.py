"""The Markdown tables of a run, with exact (Clopper-Pearson) 95% intervals."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator

from scipy.stats import binomtest

from bench.simulation.changes import CHANGES
from bench.simulation.kinds import KINDS
from bench.simulation.month import HISTORY
from bench.simulation.peers import PROCEDURES
from bench.simulation.peers_measured import MEASURED, SOURCE
from bench.simulation.records import Record, unit_of
from bench.simulation.units import FLEET

Groups = dict[tuple[str, ...], list[Record]]

SHOWN = 3
"""False alarms of a month that are listed."""


def interval(successes: int, trials: int) -> tuple[float, float]:
    """Clopper-Pearson interval of a share, 95%.

    >>> [round(bound, 4) for bound in interval(1, 200)]
    [0.0001, 0.0275]
    """
    found = binomtest(successes, trials).proportion_ci(0.95, method="exact")
    return float(found.low), float(found.high)


def tables(records: Iterable[Record], version: str) -> str:
    """All tables of one version of the procedure."""
    groups: Groups = defaultdict(list)
    # Two runs that write to one file may both have done a unit; it counts once.
    once = {unit_of(record): record for record in records if record["procedure"] in (version, "")}
    for unit, record in once.items():
        groups[unit.form, unit.kind, unit.baseline, unit.change].append(record)
    return "\n".join(
        [
            f"Procedure {version}.",
            "",
            *_unchanged(groups),
            "",
            *_causes(groups),
            "",
            *_power(groups),
            "",
            *_peers_unchanged(groups),
            "",
            *_peers_power(groups),
            "",
            *_measured(),
            "",
            *_seconds(groups),
        ]
    )


def _unchanged(groups: Groups) -> Iterator[str]:
    yield "| unchanged stream | baseline | false months | 95% interval | false fields | margin, median |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for kind in KINDS.values():
        for baseline in kind.baselines:
            records = groups.get(("month", kind.name, baseline, ""))
            if not records:
                continue
            note = kind.note
            false = [bool(record["alarms"]) for record in records]
            if kind.name == "fleet":
                note = f"a fleet of {FLEET} models under one budget"
                false = list(_by_fleet(records))
                if not false:
                    continue
            fields = sum(len(record["alarms"]) for record in records)
            low, high = interval(sum(false), len(false))
            yield (
                f"| {note} | {baseline} | {sum(false)}/{len(false)} | {low:.1%} – {high:.1%} | {fields} "
                f"| {statistics.median(record['margin'] for record in records):+.2f} sd |"
            )


def _by_fleet(records: list[Record]) -> Iterator[bool]:
    """False fleet-months, of fleets that are complete."""
    fleets = defaultdict(list)
    for record in records:
        fleets[record["number"] // FLEET].append(bool(record["alarms"]))
    return (any(models) for models in fleets.values() if len(models) == FLEET)


def _causes(groups: Groups) -> Iterator[str]:
    yield "| false alarm of | baseline | month | field | score | scale | evidence | effect | windows |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for (form, kind, baseline, _), records in groups.items():
        if form != "month":
            continue
        for record in records:
            # A holiday moves every field; a few of them tell as much.
            for a in record["alarms"][:SHOWN]:
                segment = f" of segment {a['segment']}" if a["segment"] >= 0 else ""
                cells = (
                    kind,
                    baseline,
                    str(record["number"]),
                    f"{a['field']}{segment}",
                    a["score"],
                    str(a["scale"]),
                    f"{a['evidence']:.2f} of {a['threshold']:.2f}",
                    f"{a['effect']:+.3f}",
                    f"{a['window']} +{a['windows']}",
                )
                yield f"| {' | '.join(cells)} |"


def _power(groups: Groups) -> Iterator[str]:
    yield "| change | stream | baseline | found | within | 95% interval | median windows | found at all |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for change in CHANGES:
        for kind in KINDS:
            for baseline in HISTORY:
                delays = _delays(groups.get(("power", kind, baseline, change.name), []))
                if delays:
                    yield f"| {change.name} | {kind} | {baseline} | {_found(delays, change.within)} |"


def _found(delays: list[float], within: int) -> str:
    soon, ever = sum(d <= within for d in delays), sum(d < float("inf") for d in delays)
    low, high = interval(soon, len(delays))
    middle = statistics.median(delays)
    return (
        f"{soon / len(delays):.1%} of {len(delays)} | {within} | {low:.1%} – {high:.1%} "
        f"| {middle:g} | {ever / len(delays):.1%}"
    )


def _delays(records: list[Record]) -> list[float]:
    return [
        float("inf") if windows is None else windows for record in records for windows in record["delays"]
    ]


def _peers_unchanged(groups: Groups) -> Iterator[str]:
    yield f"| unchanged stream: false months | baseline | {' | '.join(PROCEDURES)} |"
    yield "| --- | --- |" + " --- |" * len(PROCEDURES)
    for kind in KINDS.values():
        for baseline in kind.baselines:
            records = groups.get(("peers", kind.name, baseline, ""))
            if records:
                cells = [
                    f"{sum(r['flagged'][name] > 0 for r in records)}/{len(records)} "
                    f"({statistics.mean(r['flagged'][name] for r in records):.2%} of checks)"
                    for name in PROCEDURES
                ]
                yield f"| {kind.note} | {baseline} | {' | '.join(cells)} |"


def _peers_power(groups: Groups) -> Iterator[str]:
    yield f"| change, found within | {' | '.join(PROCEDURES)} |"
    yield "| --- |" + " --- |" * len(PROCEDURES)
    for change in CHANGES:
        records = groups.get(("peer_power", "iid", "file", change.name))
        if records:
            cells = []
            for name in PROCEDURES:
                delays = _delays([{"delays": record["delays"][name]} for record in records])
                cells.append(f"{sum(d <= change.within for d in delays) / len(delays):.0%}")
            yield f"| {change.name}, {change.within} | {' | '.join(cells)} |"


def _measured() -> Iterator[str]:
    yield (
        f"| tool at its defaults ({SOURCE}) | unchanged fields flagged a check | checks with a false field "
        "| fields that ever alarmed in a month | found in one window: .1 / .2 / .5 sigma, 5 points |"
    )
    yield "| --- | --- | --- | --- | --- |"
    for tool in MEASURED:
        yield f"| {tool.tool} | {tool.flagged} | {tool.checks} | {tool.month} | {tool.power} |"


def _seconds(groups: Groups) -> Iterator[str]:
    records = [record for key, group in groups.items() if key[0] == "month" for record in group]
    if records:
        drawing, judging = (
            statistics.median(r[name] for r in records) for name in ("drawing_s", "judging_s")
        )
        yield f"CPU seconds a model-month, median: {drawing:.2f} to draw, {judging:.2f} to judge."
