"""A comparison of two versions in sentences."""

from __future__ import annotations

import math

from driftline.quality_metrics import Metric, metric_of
from driftline.readmodel.version_comparison import RiskDifference, VersionComparison


def in_words(found: VersionComparison, trouble: str = "") -> tuple[str, ...]:
    """What was found, the verdict first; ``trouble`` says why there is no risk."""
    sentences = [_verdict(found) if found.risk else trouble]
    sentences.append(_pairing(found))
    if found.unusable:
        sentences.append(f"{found.unusable:,} labelled rows have no loss: a score or number is missing.")
    moved = [one for one in found.segments if one.verdict in ("worse", "better")]
    if moved:
        sentences.append(
            "By segment: "
            + "; ".join(f"{one.verdict} where {one.segment}" for one in moved[:5])
            + (f"; and {len(moved) - 5} more." if len(moved) > 5 else ".")
        )
    sentences += [*_unlabelled(found)]
    return tuple(sentences)


def _verdict(found: VersionComparison) -> str:
    assert found.risk is not None
    risk, metric = found.risk, metric_of(found.metric)
    names = f"Version {found.challenger!r} is"
    against = f"{found.champion!r}"
    values = (
        f"{metric.label} {metric.text(risk.challenger)} against {metric.text(risk.champion)}, "
        f"{_amount(metric, risk.difference)} worse [{_amount(metric, risk.lower)} to "
        f"{_amount(metric, risk.upper)}]"
    )
    margin = _amount(metric, found.margin)
    if risk.verdict == "worse":
        beyond = f" by more than the accepted {margin}" if found.margin else ""
        return f"{names} worse than {against}{beyond}: {values}."
    if risk.verdict == "better":
        return f"{names} better than {against}: {values}."
    if risk.verdict == "not_worse":
        return f"{names} not worse than {against} by the accepted {margin}: {values}."
    return (
        f"It is not yet decided whether {found.challenger!r} is worse than {against}: {values}. {_wait(risk)}"
    )


def _wait(risk: RiskDifference) -> str:
    if not risk.champion_labels or not risk.challenger_labels:
        return "One of them has no labels yet."
    if risk.more_labels is None:
        return "The difference is so near the margin that no number of labels can be named."
    return f"About {_rounded(risk.more_labels):,} more labels are expected to decide."


def _pairing(found: VersionComparison) -> str:
    if found.pairing == "unpaired":
        return (
            "Each request was answered by one of the versions (canary): their groups are compared as "
            "groups, which supposes that requests were assigned by chance."
        )
    how = {"event": "event id", "trace": "trace", "key": "key"}[found.pairing]
    return f"Both versions answered the same requests (shadow): answers are paired by their {how}."


def _unlabelled(found: VersionComparison) -> list[str]:
    said = []
    if found.agreement is not None:
        both = found.agreement
        said.append(
            f"Their predictions differ for {_share(both.differing)} of {both.pairs:,} requests "
            f"[{_share(both.differing_lower)} to {_share(both.differing_upper)}]."
        )
    failed = found.failures
    if failed.verdict != "undecided":
        said.append(
            f"{found.challenger!r} fails {'more' if failed.verdict == 'more' else 'less'} often: "
            f"{_share(failed.challenger)} of requests against {_share(failed.champion)}."
        )
    decided = [one for one in found.latency if one.verdict != "undecided" and one.ratio is not None]
    if decided:
        named = ", ".join(
            f"{one.verdict} at the {100 * one.quantile:g}% quantile ({one.challenger_ms:.3g} ms against "
            f"{one.champion_ms:.3g} ms)"
            for one in decided
        )
        said.append(f"{found.challenger!r} answers {named}.")
    return said


def _amount(metric: Metric, value: float | None) -> str:
    """A difference in the metric's unit.

    >>> _amount(Metric("accuracy"), 0.0123), _amount(Metric("MAE", "number", "lower"), None)
    ('1.23 points', 'unknown')
    """
    if value is None or not math.isfinite(value):
        return "unknown"
    return f"{100 * value:.2f} points" if metric.unit == "share" else f"{value:,.4g}"


def _share(value: float | None) -> str:
    return "an unknown part" if value is None else f"{value:.2%}"


def _rounded(value: float) -> int:
    """A number of labels with two digits, upwards.

    >>> _rounded(81261.3), _rounded(7.2)
    (82000, 8)
    """
    size: int = 10 ** max(0, math.floor(math.log10(max(value, 1.0))) - 1)
    return int(math.ceil(value / size) * size)
