"""Where a change begins along a stage graph, in sentences: pure functions of what was found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from detectors.stages.change_time import ChangeTime
from detectors.stages.figures import COMPLETE_ENOUGH, Figures
from detectors.stages.origins import Cause
from driftline.readmodel.stages import Beginning, StageEffect, StageState


def at_or_between(time: ChangeTime | None) -> str:
    """When a change began, with the windows in which it may have begun.

    >>> from datetime import UTC, datetime
    >>> one, two = datetime(2026, 11, 20, 14, tzinfo=UTC), datetime(2026, 11, 20, 16, tzinfo=UTC)
    >>> at_or_between(ChangeTime(one, one, two))
    '2026-11-20 14:00, between 14:00 and 16:00'
    """
    if time is None:
        return "at an unknown time"
    if time.earliest == time.latest:
        return _moment(time.start)
    same_day = time.earliest.date() == time.latest.date() == time.start.date()
    style = "%H:%M" if same_day else "%Y-%m-%d %H:%M"
    return f"{_moment(time.start)}, between {time.earliest:{style}} and {time.latest:{style}}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def cause_in_words(cause: Cause, state: StageState) -> str:
    """What changed at one place, without its time."""
    if cause.kind == "missing":
        return (
            f"it is missing in {state.now.missing_rate or 0:.1%} of the traces that should reach it "
            f"({state.before.missing_rate or 0:.1%} before)"
        )
    if cause.kind == "errors":
        rates = f"{state.before.error_rate or 0:.1%} to {state.now.error_rate or 0:.1%}"
        return f"its failures rose from {rates} of its requests, more than its inputs explain"
    if cause.kind == "latency":
        return f"given its inputs it takes {cause.factor:.2g} times as long as before"
    moved = _moved(cause.column, cause.what, cause.effect)
    if cause.kind == "inputs":
        return f"what reaches it from outside changed: {moved}"
    if cause.kind == "arrival":
        return (
            f"what reaches it changed, {moved}, more than what the stages before it took and gave explains: "
            "it comes from elsewhere, or a stage before passes on something that its columns do not measure"
        )
    if state.inputs is None:
        return f"its output {moved} while its inputs did not"
    return f"its output {moved} beyond what its inputs explain (it moved by {abs(cause.marginal):.2g} in all)"


def _moved(column: str, what: str, effect: float) -> str:
    size = f"{abs(effect):.2g} standard units"
    side = "up" if effect > 0 else "down"
    if what == "location":
        return f"`{column}` moved {side} by {size}"
    if what == "spread":
        return f"`{column}` {'spreads' if effect > 0 else 'narrows'} by {size}"
    if what == "missing":
        return f"`{column}` is {'more' if effect > 0 else 'less'} often missing, by {size},"
    return f"`{column}` moved: {what} went {side} by {size}"


def report_in_words(
    begins: Beginning, ordered: Sequence[Cause], plausible: int, states: Sequence[StageState], compared: str
) -> tuple[str, ...]:
    """The finding, most important sentence first.

    Parameters
    ----------
    ordered, plausible
        As :func:`detectors.stages.origins.in_order` gives them.
    compared
        Which stretches of time are compared, in words.
    """
    by_name = {state.name: state for state in states}
    unclear = [state for state in states if state.verdict == "unclear"]
    said = []
    if begins == "insufficient_data":
        reason = next((state.not_checked for state in states if state.not_checked), "there are no traces")
        return (f"Nothing can be said ({compared}): {reason}.",)
    if begins == "nothing":
        said.append(f"No stage changed ({compared}).")
    elif begins == "unclear":
        names = _listed([f"`{state.name}`" for state in unclear])
        said.append(
            f"Something changed, where is unclear ({compared}): outputs of {names} moved and could not be "
            f"compared given inputs: {unclear[0].not_checked}."
        )
    else:
        first = ordered[0]
        where = "before the first stage" if begins == "before" else f"at stage `{first.stage}`"
        what = cause_in_words(first, by_name[first.stage])
        who = f"at `{first.stage}` " if begins == "before" else ""
        followers = _followers(first, ordered, states)
        said.append(f"The change begins {where} ({at_or_between(first.time)} UTC): {who}{what}{followers}.")
        said += _others(ordered, plausible, by_name)
        said.append(f"That is: {compared}.")
    said += [f"Quality: {state.quality}." for state in states if state.quality]
    return tuple(said)


def _followers(first: Cause, ordered: Sequence[Cause], states: Sequence[StageState]) -> str:
    changed = {cause.stage for cause in ordered}
    follow = [
        f"`{state.name}`" for state in states if state.verdict == "follows" and state.name != first.stage
    ]
    if follow:
        verb = "follows" if len(follow) == 1 else "follow"
        return f"; {_listed(follow)} {verb} it as {'its' if len(follow) == 1 else 'their'} inputs say"
    if first.kind == "inputs" and len(changed) == 1:
        return "; every stage answers its inputs as before"
    return ""


def _others(ordered: Sequence[Cause], plausible: int, by_name: dict[str, StageState]) -> list[str]:
    """Further places: beginnings that are plausible too, and changes that came later."""
    said = []
    first = ordered[0]
    seen = {(first.place, first.kind == "arrival")}
    for cause in ordered[1:]:
        what = cause_in_words(cause, by_name[cause.stage])
        key = (cause.place, cause.kind == "arrival")
        if key in seen:
            said.append(f"Also, at `{cause.stage}` ({at_or_between(cause.time)} UTC): {what}.")
            continue
        seen.add(key)
        if len(seen) <= plausible:
            said.append(
                f"It may as well begin {'outside, ' if cause.kind == 'inputs' else ''}at `{cause.stage}` "
                f"({at_or_between(cause.time)} UTC; the times overlap): {what}."
            )
        else:
            said.append(
                f"A change of its own followed at `{cause.stage}` ({at_or_between(cause.time)} UTC): {what}."
            )
    return said


def state_in_words(
    name: str, verdict: str, own: Sequence[Cause], state: StageState, outputs: StageEffect | None
) -> str:
    """What became of one stage, in a sentence."""
    new = [version for version in state.now.versions if version not in state.before.versions]
    fresh = f" Version {_listed(new)} came into service." if new and state.before.versions else ""
    if own:
        said = "; ".join(cause_in_words(cause, state) for cause in own)
        return f"{said[0].upper()}{said[1:]}.{fresh}"
    if verdict == "follows" and outputs is not None and outputs.marginal is not None:
        moved = _moved(outputs.column, outputs.what, outputs.marginal)
        return f"Its output {moved}, as its inputs explain.{fresh}"
    if verdict == "unclear":
        return f"Its outputs moved; not compared given its inputs: {state.not_checked}.{fresh}"
    if verdict == "insufficient_data":
        return f"Nothing can be said about `{name}`: {state.not_checked or 'too few traces'}.{fresh}"
    return f"Answers as before.{fresh}"


def traces_in_words(figures: Figures, stages: int) -> str:
    """How many traces are complete, and what to do when few are."""
    traces, complete = figures.all_traces, figures.complete
    if not traces:
        events = sum(row["events"] for row in figures.events)
        if not events:
            return "There are no events of these models in the range."
        return (
            f"None of {events:,} events carries a trace id: stages cannot be joined. Send `traceparent` with "
            "every request, or pass trace_id to the client."
        )
    part = f" (of {figures.share:.0%} of them)" if figures.share < 1 else ""
    said = f"{complete:,} of {traces:,} traces{part} ({complete / traces:.0%}) hold all {stages} stages."
    failed = sum(row["first_failed"] for row in figures.traces)
    if figures.by_event:
        said += (
            " Events are sampled one by one: with `sample_by_trace: true` all stages of a trace are kept or "
            "left out together (stages sampled at different rates still lack the rarer ones)."
        )
    elif complete < COMPLETE_ENOUGH * traces:
        said += f" {failed:,} failed on the way; requests that skip stages are not complete either."
    if figures.untraced_share > 0.01:
        said += f" {figures.untraced_share:.0%} of the events carry no trace id."
    return said


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
