"""The gate: whether a candidate may take the champion's place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from detectors.gate.checks import (
    answered_check,
    drifted_check,
    labels_check,
    limit_checks,
    overall_check,
    segment_checks,
    verdict_of,
)
from detectors.gate.criteria import FAILURE_SHARE, LATENCIES, GateCriteria, limited
from detectors.gate.evidence import Candidate, Delivered, Slice
from detectors.versions.risks import accepted_margin
from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.ids import derived_id
from driftline.readmodel.gates import GateCheck, GateReport, GateRows, GateVerdict, newest_gate_report
from driftline.settings import Settings
from driftline.store import Store

_VERDICTS: dict[GateVerdict, str] = {
    "pass": "may be deployed: nothing that is asked of it is missing",
    "fail": "must not be deployed",
    "undecided": "must not be deployed yet: not everything that is asked of it is shown",
    "no_evidence": "must not be deployed: it has answered nothing that could be judged",
}


@dataclass(frozen=True, slots=True)
class GateQuestion:
    """Which candidate is to be judged.

    Attributes
    ----------
    champion
        The version in service.
    since, until
        Stored windows that are used.
    drifted_since
        Start of the newest episode; ``None`` without one.
    """

    version: str
    champion: str
    since: datetime
    until: datetime
    drifted_since: datetime | None = None


def judge_candidate(
    store: Store, settings: Settings, contract: Contract, question: GateQuestion, criteria: GateCriteria
) -> GateReport:
    """Judge a candidate on stored rows with a truth; the report is kept when it rests on new evidence.

    A candidate that is worse than the champion by the margin or more passes with a probability of at most
    ``criteria.alpha / 2``, however often it is asked about: both the comparison on all rows and that on the
    drifted slice have to be won, and each is a test that may be looked at any number of times.

    Raises
    ------
    InvalidInput
        The contract measures no quality by a truth, champion and candidate are the same, or the metric or
        margin of the criteria is wrong.
    """
    if question.version == question.champion:
        raise InvalidInput(
            f"a candidate is compared with the version in service, got {question.version!r} twice"
        )
    candidate = Candidate(
        store, contract, question.champion, question.version, question.since, question.until
    )
    loss = candidate.loss(criteria.metric)
    quality = contract.quality_or_default()
    assert quality is not None  # there is a loss
    margin = (
        criteria.margin if criteria.margin is not None else accepted_margin(quality, loss.metric, settings)
    )
    delivered = candidate.delivered()
    signature = _signature(delivered, question, criteria, margin)
    before = newest_gate_report(store, contract.model, question.version)
    if before is not None and before.signature == signature:
        return before
    report = _judged(candidate, question, criteria, delivered, margin, signature)
    store.insert_rows(
        "gate_reports",
        [
            {
                "model": report.model,
                "version": report.version,
                "champion": report.champion,
                "verdict": report.verdict,
                "signature": report.signature,
                "made_at": report.made_at,
                "body": report.model_dump_json(),
            }
        ],
    )
    return report


def _judged(
    candidate: Candidate,
    question: GateQuestion,
    criteria: GateCriteria,
    delivered: Delivered,
    margin: float,
    signature: int,
) -> GateReport:
    loss = candidate.loss(criteria.metric)
    report = GateReport(
        model=candidate.contract.model,
        version=candidate.version,
        champion=candidate.champion,
        verdict="no_evidence",
        evidence=delivered.kind,
        pairing="unpaired",
        since=question.since,
        until=question.until,
        drifted_since=_inside(question),
        metric=loss.metric,
        margin=margin,
        alpha=criteria.alpha,
        words=(f"Version {candidate.version!r} {_VERDICTS['no_evidence']}.",),
        checks=(),
        overall=None,
        drifted=None,
        segments=(),
        figures=(),
        rows=None,
        made_at=datetime.now(UTC),
        signature=signature,
    )
    if delivered.kind == "none":
        return report
    rows: GateRows | None = None
    if delivered.kind == "answers":
        candidate.freeze()
        rows = candidate.completeness(delivered.first_answer)
    whole = candidate.slice(delivered.kind, loss, margin, criteria.alpha, question.since)
    drifted = (
        candidate.slice(delivered.kind, loss, margin, criteria.alpha, report.drifted_since)
        if report.drifted_since is not None
        else None
    )
    checks = _checks(candidate, criteria, margin, rows, whole, drifted)
    verdict = verdict_of(checks)
    figures = (*whole.figures, *(drifted.figures if drifted else ()))
    return report.model_copy(
        update={
            "pairing": candidate.way(delivered.kind),
            "verdict": verdict,
            "words": _words(candidate.version, verdict, checks),
            "checks": checks,
            "overall": whole.risks.whole if whole.risks else None,
            "drifted": drifted.risks.whole if drifted and drifted.risks else None,
            "segments": whole.risks.segments if whole.risks else (),
            "figures": figures,
            "rows": rows,
        }
    )


def _checks(
    candidate: Candidate,
    criteria: GateCriteria,
    margin: float,
    rows: GateRows | None,
    whole: Slice,
    drifted: Slice | None,
) -> tuple[GateCheck, ...]:
    metric = candidate.loss(criteria.metric).metric
    found = [labels_check(whole.labels, criteria)]
    if rows is not None:
        found.append(answered_check(rows, criteria))
    found.append(overall_check(whole.risks.whole if whole.risks else None, metric, margin))
    if drifted is not None:
        risk = drifted.risks.whole if drifted.risks else None
        check = drifted_check(risk, metric, margin, criteria)
        found += [check] if check is not None else []
    found += segment_checks(whole.risks.segments if whole.risks else (), metric, margin, criteria)
    lives = any(limited(name)[0] in (FAILURE_SHARE, *LATENCIES) for name in criteria.limits)
    live = candidate.live(criteria.alpha) if lives else None
    found += limit_checks(tuple(criteria.limits.items()), whole.figures, live)
    return tuple(found)


def _words(version: str, verdict: GateVerdict, checks: tuple[GateCheck, ...]) -> tuple[str, ...]:
    wanted: dict[GateVerdict, str] = {"fail": "fail", "undecided": "undecided"}
    reasons = [f"{one.name}: {one.words}." for one in checks if one.status == wanted.get(verdict)]
    return (f"Version {version!r} {_VERDICTS[verdict]}.", *reasons)


def _inside(question: GateQuestion) -> datetime | None:
    """Where the drifted slice begins, when that lies inside the windows that are used."""
    since = question.drifted_since
    return since if since is not None and question.since < since < question.until else None


def _signature(delivered: Delivered, question: GateQuestion, criteria: GateCriteria, margin: float) -> int:
    """Changes with the evidence and with what is asked; the end of the stretch alone is no new evidence."""
    asked: dict[str, Any] = criteria.model_dump(mode="python") | {
        "limits": {name: str(bound) for name, bound in criteria.limits.items()}
    }
    parts = (
        question.champion,
        str(question.drifted_since),
        repr(margin),
        orjson.dumps(asked, option=orjson.OPT_SORT_KEYS).decode(),
        *map(str, delivered.fingerprint),
    )
    return int(derived_id("gate", *parts).rpartition("-")[2][:15], 16)
