"""Decisions: statuses, words, bounds that agree with them, and input that is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors.performance.decay.budget import DecayBudget
from detectors.performance.decay.decision import decide
from detectors.performance.decay.loss import Loss, loss_of
from detectors.performance.decay.moments import NOTHING, moments_of
from detectors.performance.decay.proxy import proxy_reference
from detectors.performance.decay.reference import RiskReference
from detectors.performance.decay.spread import between_windows
from detectors.performance.decay.sums import WindowSums, window_sums
from driftline.errors import InvalidInput
from driftline.quality_contract import Kpi, Quality

START = datetime(2026, 3, 1, tzinfo=UTC)
BUDGET = DecayBudget(0.0625, 3600)
REFERENCE = RiskReference.from_counts(10_000, 9_000, BUDGET.alpha_reference, 0.0)
ACCURACY = loss_of(Quality())


def windows_of(wrong: list[int], n: int = 1000, reference: RiskReference = REFERENCE) -> list[WindowSums]:
    return [
        window_sums(START + timedelta(hours=t), "1", np.repeat([1.0, 0.0], [k, n - k]), None, reference)
        for t, k in enumerate(wrong)
    ]


def test_a_drop_of_five_points_is_told_with_its_beginning_and_bounds() -> None:
    decisions = decide(windows_of([100] * 12 + [150] * 3), REFERENCE, ACCURACY, BUDGET)
    assert [decision.status for decision in decisions] == ["ok"] * 12 + ["watch", "decayed", "decayed"]
    last = decisions[-1]
    assert last.reason == (
        "accuracy 85.0% since 2026-03-01 12:00 (3,000 labels), at most 88.2% at 97% at every look; "
        "the reference allows 89.4%; evidence 5.6 of 5.0 needed"
    )
    assert last.since == START + timedelta(hours=12)
    assert last.risk_limit < last.risk_lower < last.pooled_risk < last.risk_upper
    assert last.pooled_risk == pytest.approx(0.15)
    assert last.holds_since is None


def test_the_lower_bound_is_above_the_limit_exactly_where_decay_is_called() -> None:
    rng = np.random.default_rng(5)
    for risk in (0.1, 0.12, 0.14, 0.2):
        for decision in decide(
            windows_of(rng.binomial(1000, risk, 30).tolist()), REFERENCE, ACCURACY, BUDGET
        ):
            over = decision.risk_lower >= decision.risk_limit
            assert over == (decision.evidence >= decision.threshold)


def test_good_quality_is_shown_to_hold_and_decay_takes_that_back() -> None:
    decisions = decide(windows_of([70] * 6 + [170] * 4), REFERENCE, ACCURACY, BUDGET)
    assert decisions[5].holds_since is not None
    assert decisions[5].shown_harmless
    assert decisions[9].status == "decayed"
    assert not decisions[9].shown_harmless


def test_tolerance_is_accepted() -> None:
    lenient = RiskReference.from_counts(10_000, 9_000, BUDGET.alpha_reference, 0.06)
    decisions = decide(windows_of([150] * 50, reference=lenient), lenient, ACCURACY, BUDGET)
    assert {decision.status for decision in decisions} == {"ok"}


def test_few_labels_are_not_called_healthy_but_their_evidence_counts() -> None:
    decisions = decide(windows_of([4] * 30, n=8), REFERENCE, ACCURACY, BUDGET)
    assert decisions[0].status == "insufficient_data"
    assert "8 effective labels, 20 needed" in decisions[0].reason
    assert decisions[-1].status == "decayed"


def test_windows_without_labels_and_without_reference() -> None:
    empty = WindowSums(START + timedelta(hours=5), "1", NOTHING, 0.0, 0.0)
    decisions = decide([*windows_of([100] * 2), empty], REFERENCE, ACCURACY, BUDGET)
    assert decisions[-1].status == "insufficient_data"
    assert decisions[-1].evidence == decisions[-2].evidence
    assert math.isnan(decisions[-1].risk)
    bare = decide([*windows_of([100]), empty], None, ACCURACY, BUDGET)
    assert [decision.status for decision in bare] == ["no_baseline", "insufficient_data"]
    assert decide([], REFERENCE, ACCURACY, BUDGET) == []


def test_words_are_in_the_unit_of_the_metric() -> None:
    revenue = loss_of(Quality(task="kpi", kpis=(Kpi(name="revenue", highest=50),)))
    rng = np.random.default_rng(2)
    reference = RiskReference.from_moments(
        moments_of(rng.uniform(20, 40, 5000), np.ones(5000)), 50.0, BUDGET.alpha_reference, 1.0
    )
    windows = [
        window_sums(START + timedelta(hours=t), "1", rng.uniform(30, 48, 1000), None, reference)
        for t in range(4)
    ]
    last = decide(windows, reference, revenue, BUDGET)[-1]
    assert last.status == "decayed"
    assert last.reason.startswith("revenue 11")
    assert "at most 1" in last.reason


def test_weight_that_does_not_count_is_told() -> None:
    reference = replace(REFERENCE, weight_limit=2.0)
    weights = np.ones(1000)
    weights[:50] = 20
    window = window_sums(START, "1", np.zeros(1000), weights, reference)
    assert window.clipped == pytest.approx(900 / 1950)
    assert "46% of the weight" in decide([window], reference, ACCURACY, BUDGET)[0].reason


def test_input_that_would_break_the_guarantee_is_refused() -> None:
    first, second = windows_of([100, 100])
    with pytest.raises(InvalidInput, match="by time"):
        decide([second, first], REFERENCE, ACCURACY, BUDGET)
    with pytest.raises(InvalidInput, match="several versions"):
        decide([first, replace(second, version="2")], REFERENCE, ACCURACY, BUDGET)
    with pytest.raises(InvalidInput, match="sums of 3 bets"):
        decide([replace(first, log_bets=(0.0,) * 3)], REFERENCE, ACCURACY, BUDGET)
    with pytest.raises(InvalidInput, match="not negative"):
        window_sums(START, "1", [0.0], [-1.0], REFERENCE)
    with pytest.raises(InvalidInput, match="one length"):
        window_sums(START, "1", [0.0, 1.0], [1.0], REFERENCE)


@pytest.mark.parametrize(("name", "value"), [("per_year", 0.0), ("window_seconds", math.nan)])
def test_a_budget_needs_positive_numbers(name: str, value: float) -> None:
    with pytest.raises(InvalidInput, match=name):
        DecayBudget(**{"per_year": 1.0, "window_seconds": 3600.0} | {name: value})


def test_a_reference_needs_labels_and_a_bound() -> None:
    one = moments_of(np.ones(3), np.ones(3))
    with pytest.raises(InvalidInput, match="no labelled events"):
        RiskReference.from_moments(NOTHING, 1.0, 0.05, 0.0)
    with pytest.raises(InvalidInput, match="bound"):
        RiskReference.from_moments(one, 0.0, 0.05, 0.0)
    with pytest.raises(InvalidInput, match="tolerance"):
        RiskReference.from_moments(one, 1.0, 0.05, -0.1)
    with pytest.raises(InvalidInput, match="not possible"):
        RiskReference.from_counts(10, 11, 0.05, 0.0)


def test_a_reference_survives_storage_and_the_worst_case() -> None:
    assert RiskReference.from_json(REFERENCE.to_json()) == REFERENCE
    hopeless = RiskReference.from_counts(50, 0, 0.05, 0.1)
    assert hopeless.limit == 1.0
    decisions = decide(windows_of([1000] * 9, reference=hopeless), hopeless, ACCURACY, BUDGET)
    assert {decision.status for decision in decisions} == {"ok"}
    perfect = RiskReference.from_counts(1000, 1000, 0.05, 0.0)
    assert decide(windows_of([60] * 2, reference=perfect), perfect, ACCURACY, BUDGET)[-1].status == "decayed"


def test_windows_that_differ_by_themselves_ask_for_more() -> None:
    rng = np.random.default_rng(8)
    alike = [window.moments for window in windows_of(rng.binomial(1000, 0.1, 50).tolist())]
    unlike = [
        window.moments for window in windows_of(rng.binomial(1000, rng.uniform(0.05, 0.15, 50)).tolist())
    ]
    assert between_windows(alike)[0] == 0.0
    spread, windows = between_windows(unlike)
    assert 0.0003 < spread < 0.0025
    assert windows == pytest.approx(50)
    assert between_windows(alike[:2]) == (0.0, 2.0)
    wary = RiskReference.from_moments(
        sum(unlike, start=NOTHING), 1.0, BUDGET.alpha_reference, 0.0, spread=spread, windows=windows
    )
    assert wary.upper > REFERENCE.upper
    in_turns = windows_of(rng.binomial(1000, np.where(np.arange(64) // 8 % 2, 0.12, 0.08)).tolist())
    assert between_windows([window.moments for window in in_turns])[0] > 5 * 0.02**2
    stream = windows_of([110, 130, 140, 90, 120, 80], reference=wary)
    assert decide(stream, wary, ACCURACY, BUDGET)[-1].evidence < 2
    assert decide(stream, replace(wary, spread=0.0), ACCURACY, BUDGET)[2].evidence > 1


def test_an_error_proxy_is_decided_like_labels() -> None:
    rng = np.random.default_rng(4)
    reference = proxy_reference(rng.beta(1, 9, 10_000), BUDGET.alpha_reference, 0.0, allowance=0.01)
    proxy = Loss("accuracy", "event", 1.0, origin=1.0, gain=True)

    def status(b: float) -> str:
        windows = [
            window_sums(START + timedelta(hours=t), "1", rng.beta(1, b, 1000), None, reference)
            for t in range(3)
        ]
        return decide(windows, reference, proxy, BUDGET)[-1].status

    assert status(9.0) == "ok"
    assert status(6.0) == "decayed"
    with pytest.raises(InvalidInput, match="between 0 and 1"):
        proxy_reference([1.5], 0.05, 0.0)
    with pytest.raises(InvalidInput, match="allowance"):
        proxy_reference([0.5], 0.05, 0.0, allowance=-1.0)
