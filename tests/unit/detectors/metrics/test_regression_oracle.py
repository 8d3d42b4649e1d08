"""Metrics of numbers and figures agree with scikit-learn to 1e-9."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from detectors.performance.metrics.business_figures import KpiSums, kpi_metrics
from detectors.performance.metrics.figure import figures_of
from detectors.performance.metrics.regression import RegressionSums, regression_metrics


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 0.5, 0.9]), st.sampled_from([0.0, 1e6]))
def test_metrics_of_numbers_are_scikit_learns(seed: int, quantile: float, offset: float) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 200))
    truth = np.round(rng.normal(size=n), 1) + offset + 0.05
    predicted = truth + rng.normal(size=n)
    weights = rng.choice([1.0, 2.0, 7.5], n)
    figures = figures_of(
        regression_metrics(RegressionSums.of(truth, predicted, weights, quantile=quantile)), 0
    )
    found = {each.metric: each for each in figures}
    both, weighted = (truth, predicted), {"sample_weight": weights}
    expected = {
        "mae": sk.mean_absolute_error(*both, **weighted),
        "mse": sk.mean_squared_error(*both, **weighted),
        "rmse": sk.root_mean_squared_error(*both, **weighted),
        "mape": sk.mean_absolute_percentage_error(*both, **weighted),
        "quantile_loss": sk.mean_pinball_loss(*both, alpha=quantile, **weighted),
        "r2": sk.r2_score(*both, **weighted),
        "bias": np.average(predicted - truth, weights=weights),
    }
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, rel=1e-9, abs=1e-9), name
        assert found[name].lower <= found[name].value <= found[name].upper


@given(st.integers(0, 2**32 - 1))
def test_sums_of_figures_are_horvitz_thompsons(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, weights = rng.normal(size=50), rng.choice([1.0, 4.0], 50)
    mean, total = (each.figure(0) for each in kpi_metrics("revenue", KpiSums.of(values, weights)))
    assert mean.value == pytest.approx(np.average(values, weights=weights), rel=1e-9)
    assert (mean.metric, total.metric) == ("revenue", "sum(revenue)")
    assert total.value == pytest.approx(weights @ values, rel=1e-9)
    deviation = np.sqrt(np.sum(weights * (weights - 1) * values**2))
    assert (total.upper - total.lower) / 2 == pytest.approx(1.959963984540054 * deviation, rel=1e-6)
