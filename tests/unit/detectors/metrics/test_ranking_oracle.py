"""Metrics of rankings agree with scikit-learn's NDCG and with ranx to 1e-9."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score

from detectors.performance.metrics.ranking import (
    GAINS,
    ExposureSums,
    exposure_metrics,
    gains_of_answer,
)

RANX = {
    5: (0.18144251511159795, 0.0944358736171236, 0.3686666666666667, 0.16416053391053392, 0.635),
    20: (0.24661910245362828, 0.1427675789358722, 0.38654931383975494, 0.354840367965368, 0.785),
}
"""ndcg@k, map@k, mrr@k, recall@k and hit_rate@k of ranx 0.3.21 on the answers below."""


def answers() -> tuple[list[list[str]], list[dict[str, float]]]:
    rng = np.random.default_rng(20)
    shown, relevant = [], []
    for _ in range(200):
        items = rng.permutation(30)
        shown.append([f"item {item}" for item in items[: rng.integers(1, 20)]])
        chosen = rng.choice(30, rng.integers(1, 12), replace=False)
        relevant.append({f"item {item}": float(rng.integers(1, 4)) for item in chosen})
    return shown, relevant


@pytest.mark.parametrize("k", [5, 20])
def test_means_over_answers_are_those_of_ranx(k: int) -> None:
    gains = np.array([gains_of_answer(items, truth, k) for items, truth in zip(*answers(), strict=True)])
    assert gains.mean(axis=0) == pytest.approx(RANX[k], rel=1e-9)
    assert len(GAINS) == 5


@given(st.integers(0, 2**32 - 1))
def test_a_whole_list_has_scikit_learns_ndcg_and_average_precision(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 30))
    gain = rng.integers(0, 4, n).astype(np.float64)
    gain[0] = 2.0
    order = rng.permutation(n)
    score = np.empty(n)
    score[order] = -np.arange(n)
    k = int(rng.integers(1, n + 1))
    truth: dict[Hashable, float] = {int(item): float(gain[item]) for item in range(n)}
    found = gains_of_answer(order.tolist(), truth, k)
    assert found[0] == pytest.approx(ndcg_score([gain], [score], k=k), rel=1e-9)
    whole = gains_of_answer(order.tolist(), truth, n)
    assert whole[1] == pytest.approx(average_precision_score(gain > 0, score), rel=1e-9)


def test_coverage_has_the_variance_of_as_many_further_answers() -> None:
    rng = np.random.default_rng(8)
    share = rng.dirichlet(np.full(200, 0.5))
    inside, seen = 0, []
    lists = [[rng.choice(200, 3, replace=False, p=share).tolist() for _ in range(150)] for _ in range(200)]
    seen = [len({item for items in each for item in items}) / 200 for each in lists]
    for each in lists:
        coverage = exposure_metrics(ExposureSums.of(each, None, 3), 200)[0].figure(0)
        inside += coverage.lower <= float(np.mean(seen)) <= coverage.upper
    assert 0.88 <= inside / 200 <= 0.995


def test_a_small_catalogue_is_a_note() -> None:
    coverage = exposure_metrics(ExposureSums.of([["a", "b"]], None, 2), 1)[0].figure(0)
    assert coverage.value == 2.0
    assert coverage.reason == "2 different items were shown of a catalogue of 1"
