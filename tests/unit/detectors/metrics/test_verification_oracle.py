"""Error rates of pairs agree with scikit-learn's ROC curve to 1e-9."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from sklearn.metrics import roc_auc_score, roc_curve

from detectors.performance.metrics.figure import figures_of
from detectors.performance.metrics.verification import curve_metrics, threshold_metrics
from tests.unit.detectors.metrics.labelled import pairs_of


@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 12]))
def test_curves_of_similarities_follow_scikit_learns(seed: int, digits: int) -> None:
    same, similarity, weights = pairs_of(seed, n=300, digits=digits)
    levels = (0.03, 0.1, 0.5)
    found = {
        (each.metric, each.class_name): each
        for each in curve_metrics(similarity, np.where(same > 0, weights, -weights), levels)
    }
    far, tar, _ = roc_curve(same, similarity, sample_weight=weights, drop_intermediate=False)
    expected = brentq(lambda x: np.interp(x, far, tar) + x - 1, 0, 1, xtol=1e-14)
    # The curve is upright where several thresholds share a FAR: there the crossing has that FAR.
    eer = found["eer", ""].value
    assert eer == pytest.approx(expected, abs=1e-9)
    for level in levels:
        figure = found["tar_at_far", f"{level:g}"]
        assert figure.value == pytest.approx(tar[far <= level * (1 + 1e-12)].max(), abs=1e-9)
    auc = roc_auc_score(same, similarity, sample_weight=weights)
    assert found["roc_auc", ""].value == pytest.approx(auc, abs=1e-9)
    assert all(
        each.lower <= each.value <= each.upper for each in found.values() if not math.isnan(each.value)
    )


@given(st.integers(0, 2**32 - 1))
def test_rates_at_the_threshold_are_weighted_shares(seed: int) -> None:
    same, similarity, weights = pairs_of(seed)
    accepted = similarity >= 0.5
    tables = np.zeros((3, 1, 2, 2))
    for kind, taken, weight in zip(same.astype(int), accepted.astype(int), weights, strict=True):
        tables[:, 0, kind, taken] += 1, weight, weight**2
    found = {each.metric: each for each in figures_of(threshold_metrics(*tables), 0)}
    different = same < 1
    assert found["far"].value == pytest.approx(np.average(accepted[different], weights=weights[different]))
    assert found["frr"].value == pytest.approx(np.average(~accepted[~different], weights=weights[~different]))
    assert found["accuracy"].value == pytest.approx(np.average(accepted == same, weights=weights))
