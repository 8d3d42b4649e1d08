"""Estimators that were wrong lose their vote; honest ones keep it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.performance.estimates.record import Scored, vote

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def windows(
    seed: int, n: int, *, bias: float = 0.0, drop: float = 0.0, spread: float = 0.01, labels: float = 0.01
) -> list[Scored]:
    """Estimates that err by ``spread`` and ``bias`` about an accuracy of .9 less ``drop``."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(n):
        true = 0.9 - drop
        value = true + bias + spread * rng.normal()
        realised = true + labels * rng.normal()
        half, told = 1.96 * spread, 1.96 * labels
        found.append(
            Scored(
                *(BEGIN + timedelta(hours=number), value, value - half, value + half),
                *(realised, realised - told, realised + told, 0.9),
            )
        )
    return found


def test_honest_estimators_keep_their_vote() -> None:
    lost = sum(
        not all(vote(history[:end]).votes for end in range(20, 121, 20))
        for history in (windows(seed, 120, drop=0.05) for seed in range(60))
    )
    assert lost <= 1


def test_nothing_moved_takes_no_vote() -> None:
    # "Assume unchanged" is unbeatable then, which says nothing about the estimator.
    assert sum(vote(windows(seed, 100)).votes for seed in range(40)) >= 38


def test_wrong_intervals_lose_the_vote_and_say_so() -> None:
    found = vote(windows(1, 30, bias=0.06, drop=0.2))
    assert not found.votes
    assert "outside of its 95% interval" in found.reason
    assert "in a row needed" in found.reason


def test_an_estimator_that_sees_no_concept_drift_loses_its_vote() -> None:
    blind = [
        replace(one, value=0.9, lower=0.7, upper=0.97) for one in windows(3, 12, drop=0.15, labels=0.005)
    ]
    assert not any(one.missed for one in blind)
    found = vote(blind)
    assert not found.votes
    assert "assuming no change" in found.reason


def test_being_right_again_brings_the_vote_back() -> None:
    wrong, right = windows(5, 20, bias=0.1, drop=0.2), windows(6, 30, drop=0.1)
    assert not vote(wrong).votes
    assert not vote(wrong + right[:5]).votes
    assert vote(wrong + right).votes


def test_few_labels_prove_nothing() -> None:
    assert vote(windows(7, 40, bias=0.03, drop=0.1, labels=0.05)).missed <= 6


@pytest.mark.parametrize(
    "gap",
    [
        lambda one: replace(one, value=math.nan),
        lambda one: replace(one, realised=math.nan),
        lambda one: replace(one, unchanged=math.nan),
    ],
)
def test_windows_without_a_figure_are_passed_over(gap: Callable[[Scored], Scored]) -> None:
    history = windows(8, 10, bias=0.3)
    gaps = [gap(one) for one in history]
    assert vote(gaps) == vote([])
    assert vote([*gaps, *history]) == vote(history)
    assert "no window" in vote([]).reason


@given(st.lists(st.tuples(*[st.floats(0, 1)] * 3), max_size=80))
def test_any_history_gives_a_verdict(rows: list[tuple[float, float, float]]) -> None:
    history = [Scored(BEGIN, v, v - 0.05, v + 0.05, r, r - 0.05, r + 0.05, u) for v, r, u in rows]
    found = vote(history)
    assert found.reason
    assert 0 <= found.missed <= found.windows <= 60
    assert 0 <= found.p_value <= 1
