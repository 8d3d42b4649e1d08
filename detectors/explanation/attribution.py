"""What carries the drift of one window, in shares and in words: pure functions of its findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from detectors.explanation.words import SEVERAL
from detectors.findings import main_carriers
from detectors.multivariate.attribution import Attribution, attribute
from driftline.readmodel.attribution import (
    CarrierShare,
    SegmentCarrier,
    TogetherCarriers,
    WindowAttribution,
)
from driftline.readmodel.window_evidence import SEVERAL_AT_ONCE, FieldEvidence, WindowEvidence

MOVED = ("watch", "drifted")
NAMED = 3
"""So many fields are named in words."""

SITS_IN, ALIKE = 0.5, 0.2
"""Concentrations from which on a change sits in one segment, and below which it is everywhere alike."""


def attribution_of(window: WindowEvidence) -> WindowAttribution:
    """Which fields and segments carry what moved in a window.

    A window that is ``ok`` has no carriers: its strongest evidence is what chance brings.

    Parameters
    ----------
    window
        With all its findings. Those about several fields at once are told apart and take no share.
    """
    several = [one for one in window.findings if one.change in SEVERAL_AT_ONCE and one.status in MOVED]
    single = [one for one in window.findings if one.change not in SEVERAL_AT_ONCE]
    found = attribute(single if window.status in MOVED else ())
    segments = tuple(
        SegmentCarrier(name=one.name, share=one.share, fields=_within(single, one.name))
        for one in found.segments
    )
    together = tuple(
        TogetherCarriers(about=one.field, change=one.change, status=one.status, carriers=_together(one))
        for one in several
    )
    schema = tuple(
        f"{one.field} {one.direction}"
        for one in single
        if one.change == "schema" and one.status in MOVED and not one.segment
    )
    facts = WindowAttribution(
        version=window.version,
        window_start=window.start,
        window_end=window.end,
        status=window.status,
        words="",
        fields=tuple(CarrierShare(name=one.name, share=one.share) for one in found.fields),
        segments=segments,
        concentration=dict(found.concentration),
        together=together,
        schema_changes=schema,
    )
    return facts.model_copy(update={"words": _in_words(facts, found, window.reason)})


def _within(findings: Iterable[FieldEvidence], segment: str) -> tuple[CarrierShare, ...]:
    """Which fields carry the change inside one segment."""
    mine = attribute(replace(one, segment="") for one in findings if one.segment == segment)
    return tuple(CarrierShare(name=one.name, share=one.share) for one in mine.fields)


def _together(finding: FieldEvidence) -> tuple[CarrierShare, ...]:
    shares = finding.carriers or {}
    return tuple(CarrierShare(name=name, share=shares[name]) for name in main_carriers(shares))


def _in_words(facts: WindowAttribution, found: Attribution, reason: str) -> str:
    if facts.status not in (*MOVED, "ok"):
        return f"Nothing can be said about this window: {reason.rstrip('.') or facts.status}."
    said = []
    if facts.fields:
        places = _places(facts, found)
        said.append(f"{_carry(facts, found)}{f'; {places}' if places else ''}")
    elif facts.segments:
        said.append(_in_segments(facts.segments))
    said += [_said_together(one) for one in facts.together]
    if facts.schema_changes:
        said.append(f"the schema changed: {', '.join(facts.schema_changes)}")
    if not said:
        return "Nothing beyond noise: no field or segment carries a change."
    text = ". ".join(one[:1].upper() + one[1:] if one.startswith("the ") else one for one in said)
    return f"{text}."


def _carry(facts: WindowAttribution, found: Attribution) -> str:
    """Who carries it: ``amount (62%) and age (25%) carry the drift``."""
    named = found.carriers()[:NAMED]
    shares = {one.name: one.share for one in facts.fields}
    names = [f"{name} ({shares[name]:.0%})" for name in named]
    left = len(facts.fields) - len(named)
    more = f", {left} more field{'s' if left > 1 else ''} the rest" if left else ""
    verb = "carries" if len(names) == 1 else "carry"
    what = "the drift" if facts.status == "drifted" else "what may be a drift"
    return f"{_listed(names)} {verb} {what}{more}"


def _places(facts: WindowAttribution, found: Attribution) -> str:
    """In which segment it sits, carrier by carrier; empty where the findings do not tell."""
    named = [name for name in found.carriers()[:NAMED] if name in found.concentration]
    if not named:
        return ""
    if all(found.concentration[name] < ALIKE for name in named):
        return "it is in all segments alike"
    places: dict[str, list[str]] = {}
    for name in named:
        if found.concentration[name] >= SITS_IN:
            places.setdefault(_strongest(facts.segments, name), []).append(name)
    if list(places.values()) == [named] and len(named) == len(found.carriers()[:NAMED]):
        return f"it sits in {next(iter(places))}"
    parts = [
        f"{_listed(names)} {'sits' if len(names) == 1 else 'sit'} in {segment}"
        for segment, names in places.items()
    ]
    return "; ".join(parts) or f"it is strongest in {facts.segments[0].name}"


def _strongest(segments: Sequence[SegmentCarrier], field: str) -> str:
    """The segment in which a field carries most."""

    def amount(segment: SegmentCarrier) -> float:
        return segment.share * sum(one.share for one in segment.fields if one.name == field)

    return max(segments, key=amount).name


def _in_segments(segments: Sequence[SegmentCarrier]) -> str:
    top = segments[0]
    others = f" and {len(segments) - 1} more segments" if len(segments) > 2 else ""
    if len(segments) == 2:
        others = f" and {segments[1].name}"
    names = [f"{one.name} ({one.share:.0%})" for one in top.fields[:NAMED]]
    verb = "carries" if len(names) == 1 else "carry"
    return f"no field stands out over all rows; in {top.name}{others} {_listed(names)} {verb} it"


def _said_together(one: TogetherCarriers) -> str:
    what = "changed their correlations" if one.change == "correlation" else "moved together"
    names = [f"{carrier.name} ({carrier.share:.0%})" for carrier in one.carriers]
    who = f", carried by {_listed(names)}" if names else ""
    maybe = "" if one.status == "drifted" else "may have "
    return f"{SEVERAL.get(one.about, one.about)} {maybe}{what}{who}"


def _listed(names: Sequence[str]) -> str:
    """Names as a sentence has them.

    >>> _listed(["a"]), _listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
