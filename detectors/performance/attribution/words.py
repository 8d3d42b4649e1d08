"""An attribution of a loss in sentences: a pure function of its figures."""

from __future__ import annotations

from detectors.performance.attribution.result import LossAttribution, LossCause


def attribution_in_words(found: LossAttribution, *, estimated: bool = False) -> tuple[str, ...]:
    """What explains the change of the mean loss, most important sentence first."""
    said = _sentences(found, "rows" if estimated else "labelled rows")
    if estimated and found.status != "insufficient_data":
        said += (
            "The loss is an estimate without labels: a changed relation of inputs and truth does not show in "
            "it, and intervals leave out the estimator's own error.",
        )
    return said


def _sentences(found: LossAttribution, kind: str) -> tuple[str, ...]:
    rows = f"{found.rows_before[0]:,} {kind} before, {found.rows_now[0]:,} now"
    if found.status == "insufficient_data":
        return (
            f"Too few {kind} to explain anything: "
            f"worth {found.rows_before[1]:,.0f} before and {found.rows_now[1]:,.0f} now, 100 are needed.",
        )
    interval = f"95%: {found.change.lower:+.3g} to {found.change.upper:+.3g}"
    if found.status == "no_change":
        return (
            f"The mean loss did not change beyond chance: {found.before:.3g} before, {found.now:.3g} now "
            f"({interval}; {rows}). So nothing is named.",
        )
    verb = "rose" if found.change.value > 0 else "fell"
    said = [
        f"The mean loss {verb} from {found.before:.3g} to {found.now:.3g} "
        f"({found.change.value:+.3g}, {interval}; {rows})."
    ]
    if found.status == "unexplained":
        said.append(
            f"No field or segment stands out: it {verb} everywhere alike, or by something that no column "
            "measures."
        )
        return tuple(said)
    said += [_cause(cause, later=place > 0) for place, cause in enumerate(found.causes)]
    if found.rest.lower > 0 or found.rest.upper < 0:
        left = f"What is left ({found.rest.value:+.3g})"
        if (found.rest.value > 0) == (found.change.value > 0):
            said.append(
                f"{left} is explained by none of them: it is everywhere alike, or due to something that no "
                "column measures."
            )
        else:
            said.append(f"{left} goes the other way: the loss {_other(verb)} elsewhere.")
    if any(cause.alike for cause in found.causes):
        said.append(
            "Columns that are correlated share an explanation: which of them is behind it, these figures "
            "cannot say."
        )
    return tuple(said)


def _cause(cause: LossCause, *, later: bool) -> str:
    share = f"{cause.share:.0%} of the change"
    interval = f"{cause.part.value:+.3g}, {cause.part.lower:+.3g} to {cause.part.upper:+.3g}"
    if cause.kind == "moved":
        side = "higher" if cause.part.value > 0 else "lower"
        what = (
            f"{share} comes from a moved distribution of `{cause.column}` ({interval}): more rows have "
            f"values at which the loss was {side} before already"
        )
    else:
        where = f"`{cause.column}` = {cause.region}"
        verb = "rose" if cause.loss_now > cause.loss_before else "fell"
        what = (
            f"{share} sits where {where}, {cause.share_now:.0%} of the rows ({interval}): there the loss "
            f"{verb} from {cause.loss_before:.3g} to {cause.loss_now:.3g}, beyond the change elsewhere"
        )
    alike = f"; {_listed([f'`{name}`' for name in cause.alike])} show it too" if cause.alike else ""
    if len(cause.alike) == 1:
        alike = f"; `{cause.alike[0]}` shows it too"
    return f"{'Then ' + what[0].lower() + what[1:] if later else what}{alike}."


def _other(verb: str) -> str:
    return "fell" if verb == "rose" else "rose"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
