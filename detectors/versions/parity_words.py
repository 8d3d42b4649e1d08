"""The verdict about two variants, and what was found in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from driftline.readmodel.version_parity import CostGain, OutputParity, ParityVerdict, VersionParity


def verdict_of(outputs: Sequence[OutputParity]) -> ParityVerdict:
    """One failure fails all; what has no value on either side says nothing."""
    given = {one.verdict for one in outputs if one.pairs}
    return "fail" if "fail" in given else "pass" if given == {"pass"} else "undecided"


def parity_in_words(found: VersionParity) -> tuple[str, ...]:
    """What was found, the verdict first."""
    of = {
        "pass": f"{found.b!r} answers like {found.a!r}",
        "fail": f"{found.b!r} does not answer like {found.a!r}",
        "undecided": f"It is not shown yet that {found.b!r} answers like {found.a!r}",
    }[found.verdict]
    failed = [one for one in found.outputs if one.verdict == "fail"]
    open_ones = [one for one in found.outputs if one.verdict == "undecided" and one.pairs]
    named = failed or open_ones
    said = [
        f"{of}: {found.pairs:,} inputs were compared, {found.required:.4g} of them have to agree."
        if not named
        else f"{of}: {', '.join(one.name for one in named[:5])}"
        + (f" and {len(named) - 5} more" if len(named) > 5 else "")
        + f" of {len(found.outputs)} outputs, over {found.pairs:,} inputs."
    ]
    said += [f"{one.name}: {one.words}." for one in named[:5]]
    if found.sampled < 1:
        said.append(f"{found.sampled:.3%} of the inputs were looked at, drawn by their hash.")
    for only, side, other, examples in (
        (found.only_a, found.a, found.b, found.only_a_examples),
        (found.only_b, found.b, found.a, found.only_b_examples),
    ):
        if only:
            said.append(
                f"{only:,} inputs of {side!r} have none of {other!r}, e.g. {', '.join(examples[:3])}."
            )
    missing = [one for one in found.outputs if one.not_finite_b > one.not_finite_a]
    if missing:
        named_ones = ", ".join(
            f"{one.name} ({one.not_finite_b:,} against {one.not_finite_a:,})" for one in missing[:5]
        )
        said.append(f"{found.b!r} gives more values that are missing or not finite: {named_ones}.")
    decided = [one for one in found.latency if one.verdict != "undecided" and one.ratio]
    if decided:
        at = ", ".join(
            f"{_times(one.ratio)} as fast at the {100 * one.quantile:g}% quantile "
            f"({one.challenger_ms:.3g} ms against {one.champion_ms:.3g} ms)"
            for one in decided
            if one.ratio
        )
        said.append(f"Next to {found.a!r}, {found.b!r} is {at}.")
    return tuple(said)


def cost_in_words(found: VersionParity, cost: CostGain) -> tuple[str, ...]:
    """What was found, with what is saved."""
    if cost.ratio is None:
        return found.words
    return (
        *found.words,
        f"A thousand predictions of {found.b!r} cost {cost.ratio:.0%} of those of {found.a!r}.",
    )


def _times(ratio: float) -> str:
    """How many times as fast.

    >>> _times(0.4), _times(1.25)
    ('2.5 times', '0.8 times')
    """
    return f"{1 / ratio:.2g} times"
