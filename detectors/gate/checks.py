"""The checks of the gate: from evidence and criteria to what passed, what failed, and what is not shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from detectors.gate.criteria import FAILURE_SHARE, LATENCIES, GateCriteria, limited
from driftline.bounds import Bound
from driftline.quality_metrics import METRICS, Metric, metric_of
from driftline.readmodel.gates import CheckStatus, GateCheck, GateFigure, GateRows, GateVerdict
from driftline.readmodel.version_comparison import FailureDifference, LatencyRatio, RiskDifference

_BETTER: Final = ("better", "not_worse")


def verdict_of(checks: Sequence[GateCheck]) -> GateVerdict:
    """What all checks together say: one that failed decides, else one that is not decided.

    >>> verdict_of([])
    'no_evidence'
    """
    if not checks:
        return "no_evidence"
    states = {check.status for check in checks}
    return "fail" if "fail" in states else "undecided" if "undecided" in states else "pass"


def labels_check(labels: int, criteria: GateCriteria) -> GateCheck:
    """Whether there are enough labelled rows to judge by."""
    enough = labels >= criteria.least_labels
    return _check(
        "labels",
        "labels",
        "pass" if enough else "undecided",
        f"{labels:,} labelled rows that both answered; {criteria.least_labels:,} are needed",
        labels,
    )


def answered_check(rows: GateRows, criteria: GateCriteria) -> GateCheck:
    """Whether the candidate answered the rows that were given out, hard ones too."""
    if rows.expected == 0:
        return _check(
            "answered",
            "answered rows",
            "undecided",
            "no evaluation rows were given out before the first answer: fetch them with "
            "`driftline gate rows`, so that rows that are left out are seen",
            math.nan,
        )
    share = rows.answered / rows.expected
    odd = f"; {rows.unknown:,} answers are to events without a labelled answer" if rows.unknown else ""
    return _check(
        "answered",
        "answered rows",
        "pass" if share >= criteria.least_answered else "fail",
        f"{rows.answered:,} of {rows.expected:,} evaluation rows are answered ({share:.1%}); "
        f"{criteria.least_answered:.1%} are needed{odd}",
        share,
    )


def overall_check(risk: RiskDifference | None, metric: str, margin: float) -> GateCheck:
    """Whether the candidate is shown not to be worse on all rows."""
    return _compared("overall", "all rows", risk, metric, margin, improve=False)


def drifted_check(
    risk: RiskDifference | None, metric: str, margin: float, criteria: GateCriteria
) -> GateCheck | None:
    """Whether it is shown to be as asked on the windows since the newest episode began."""
    if criteria.drifted == "ignore":
        return None
    improve = criteria.drifted == "better"
    return _compared("drifted", "drifted slice", risk, metric, margin, improve=improve)


def segment_checks(
    risks: Sequence[RiskDifference], metric: str, margin: float, criteria: GateCriteria
) -> Iterator[GateCheck]:
    """Segments: those that are shown to be worse fail; undecided ones only where proof is asked for."""
    if criteria.segments == "ignore":
        return
    proof = criteria.segments == "not_worse"
    for risk in risks:
        check = _compared("segment", risk.segment, risk, metric, margin, improve=False)
        enough = risk.challenger_labels >= criteria.least_labels
        if check.status == "undecided" and not (proof and enough):
            check = check.model_copy(update={"status": "pass", "words": f"{check.words}; not shown worse"})
        yield check


def limit_checks(
    limits: Sequence[tuple[str, Bound]],
    figures: Sequence[GateFigure],
    live: tuple[FailureDifference, tuple[LatencyRatio, ...]] | None,
) -> Iterator[GateCheck]:
    """The owner's hard limits on the candidate's own figures, on all rows."""
    for name, bound in limits:
        metric, class_name = limited(name)
        if metric == FAILURE_SHARE or metric in LATENCIES:
            yield _live_limit(name, bound, live)
            continue
        found = next(
            (
                one
                for one in figures
                if one.slice == "all" and (one.metric, one.class_name) == (metric, class_name)
            ),
            None,
        )
        value = found.candidate if found else None
        shown = METRICS[metric]
        written = f"{shown.label}{f' of {class_name}' if class_name else ''}"
        if found is None or value is None:
            yield _check("limit", f"{name} {bound}", "undecided", f"{written} is not known", math.nan)
            continue
        words = f"{written} is {shown.text(value)}, the limit {bound.comparison} {shown.text(bound.limit)}"
        yield _check(
            "limit",
            f"{name} {bound}",
            "pass" if bound.holds(value) else "fail",
            words,
            value,
            found.candidate_lower,
            found.candidate_upper,
        )


def _live_limit(
    name: str, bound: Bound, live: tuple[FailureDifference, tuple[LatencyRatio, ...]] | None
) -> GateCheck:
    value, lower, upper = _live_figure(name, live)
    label = "share of failed requests" if name == FAILURE_SHARE else name.replace("_", " ")
    if value is None:
        words = f"{label} is not known: the candidate has answered no live traffic"
        return _check("limit", f"{name} {bound}", "undecided", words, math.nan)
    words = f"{label} is {value:.4g}, the limit {bound}"
    status: CheckStatus = "pass" if bound.holds(value) else "fail"
    return _check("limit", f"{name} {bound}", status, words, value, lower, upper)


def _live_figure(
    name: str, live: tuple[FailureDifference, tuple[LatencyRatio, ...]] | None
) -> tuple[float | None, float | None, float | None]:
    if live is None:
        return None, None, None
    failed, quantiles = live
    if name == FAILURE_SHARE:
        return (failed.challenger if failed.challenger_rows else None), None, None
    found = next((one for one in quantiles if one.quantile == LATENCIES[name]), None)
    if found is None:
        return None, None, None
    return found.challenger_ms, found.challenger_lower_ms, found.challenger_upper_ms


def _compared(
    kind: Literal["overall", "drifted", "segment"],
    name: str,
    risk: RiskDifference | None,
    metric: str,
    margin: float,
    *,
    improve: bool,
) -> GateCheck:
    shown = metric_of(metric)
    if risk is None:
        words = f"{shown.label}: no row with a truth that both answered"
        return _check(kind, name, "undecided", words, math.nan)
    status: CheckStatus = "undecided"
    if risk.verdict == "worse":
        status = "fail"
    elif risk.verdict == "better" or (risk.verdict in _BETTER and not improve):
        status = "pass"
    asked = "better" if improve else f"not worse by {_amount(shown, margin)}"
    words = (
        f"{shown.label} {shown.text(risk.challenger)} against {shown.text(risk.champion)}: "
        f"{_said(risk, shown)}; asked for is {asked}"
    )
    if status == "undecided" and risk.more_labels is not None:
        words += f"; about {risk.more_labels:,.0f} more labels would decide it"
    return _check(kind, name, status, words, risk.difference, risk.lower, risk.upper)


def _said(risk: RiskDifference, shown: Metric) -> str:
    if risk.difference is None or risk.lower is None or risk.upper is None:
        return "the difference is not known"
    # Differences are of losses: above 0 is worse.
    if risk.difference > 0:
        word, amount, ends = "worse", risk.difference, (risk.lower, risk.upper)
    else:
        word, amount, ends = "better", -risk.difference, (-risk.upper, -risk.lower)
    low, high = (_amount(shown, end + 0.0) for end in ends)
    return f"{word} by {_amount(shown, amount + 0.0)} ({low.removesuffix(' points')} to {high})"


def _amount(shown: Metric, difference: float) -> str:
    """A difference in the metric's unit; of shares in points."""
    return f"{100 * difference:.2f} points" if shown.unit == "share" else f"{difference:.4g}"


def _check(
    kind: Literal["labels", "answered", "overall", "drifted", "segment", "limit"],
    name: str,
    status: CheckStatus,
    words: str,
    value: float | None,
    lower: float | None = None,
    upper: float | None = None,
) -> GateCheck:
    return GateCheck(kind=kind, name=name, status=status, words=words, value=value, lower=lower, upper=upper)
