"""Properties of estimates whatever the rows: order, weights, range, and a reason when there is none."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit

from detectors.performance.estimates.assumptions import hidden_shift
from detectors.performance.estimates.atc import fit_atc
from detectors.performance.estimates.bbse import fit_bbse
from detectors.performance.estimates.beta_calibration import beta_features, beta_values
from detectors.performance.estimates.calibration_curve import fit_curve
from detectors.performance.estimates.cbpe import fit_cbpe
from detectors.performance.estimates.compared import SEED, Compared
from detectors.performance.estimates.density_ratio import density_ratio
from detectors.performance.estimates.dle import fit_dle
from detectors.performance.estimates.estimate import Estimate
from detectors.performance.estimates.estimator import Estimator
from detectors.performance.estimates.mlls import fit_mlls
from detectors.performance.estimates.pape import fit_pape
from detectors.performance.estimates.rows import LabelledRows, ScoredRows, labelled_rows, scored_rows
from detectors.performance.estimates.usable_rows import usable_reference

Values = NDArray[np.float64]

BY_SCORES: dict[str, Estimator] = {"cbpe": fit_cbpe, "atc": fit_atc, "bbse": fit_bbse, "mlls": fit_mlls}

SEEDS = st.integers(0, 10_000)


def drawn(seed: int, n: int, *, shift: float = 0.0, hidden: float = 0.0) -> LabelledRows:
    """A model that is too sure of itself; it does not see the second input, which matters too."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2)) + np.array([shift, hidden])
    truth = (rng.random(n) < expit(1.2 * x[:, 0] + x[:, 0] * x[:, 1])).astype(np.float64)
    score = expit(3 * x[:, 0] + 0.3)
    rows = scored_rows(classes=("no", "yes"), predicted=score >= 0.5, scores=score, features=x)
    return labelled_rows(rows, truth)


def figures(reference: LabelledRows, window: ScoredRows) -> dict[tuple[str, str, str], Estimate]:
    """By estimator, metric and class, of those that are quickly fitted."""
    compared = Compared(reference, window)
    return {
        (one.estimator, one.metric, one.class_name): one
        for fit in BY_SCORES.values()
        for one in fit(reference).estimate(compared)
    }


REFERENCE = drawn(1, 600)


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_the_order_of_a_windows_rows_does_not_matter(seed: int) -> None:
    window = drawn(seed, 200, shift=0.5).rows
    mixed = window.taken(np.random.default_rng(seed).permutation(len(window)))
    one, other = figures(REFERENCE, window), figures(REFERENCE, mixed)
    assert one.keys() == other.keys()
    for key, said in one.items():
        assert said.value == pytest.approx(other[key].value, abs=1e-9), key


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, data=st.data())
def test_a_weight_counts_as_so_many_rows(seed: int, data: st.DataObject) -> None:
    window = drawn(seed, 60).rows
    counts = np.array(data.draw(st.lists(st.integers(1, 4), min_size=60, max_size=60)), dtype=np.float64)
    weighted = scored_rows(
        classes=window.classes,
        predicted=window.predicted,
        scores=window.scores,
        features=window.features,
        weights=counts,
    )
    one = figures(REFERENCE, weighted)
    other = figures(REFERENCE, window.taken(np.repeat(np.arange(60), counts.astype(np.intp))))
    for key, said in one.items():
        assert said.value == pytest.approx(other[key].value, abs=1e-9), key
        assert said.effective_rows <= other[key].effective_rows


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, shift=st.floats(-4, 4), n=st.integers(20, 150))
def test_shares_lie_in_their_intervals_and_these_in_0_to_1(seed: int, shift: float, n: int) -> None:
    for key, said in figures(REFERENCE, drawn(seed, n, shift=shift).rows).items():
        if said.status != "ok":
            assert said.reason, key
        elif said.metric != "log_loss":
            assert 0 <= said.lower <= said.value <= said.upper, key
            assert said.upper <= 1 or said.metric == "brier", key


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_without_a_shift_estimates_are_the_references_accuracy(seed: int) -> None:
    reference = drawn(seed, 600)
    known = float(reference.correct.mean())
    for (name, metric, _), said in figures(reference, reference.rows).items():
        if metric == "accuracy":
            # Calibration is a regression on few rows: it may smooth; the others meet it exactly.
            assert said.value == pytest.approx(known, abs=0.02 if name == "cbpe" else 1e-3), name
            assert said.baseline_value == pytest.approx(known)


@settings(max_examples=30, deadline=None)
@given(
    scores=st.lists(
        st.one_of(st.just(0.5), st.floats(0, 1), st.floats(-3, 3), st.just(float("nan"))), max_size=80
    ),
    one_class=st.booleans(),
)
def test_whatever_the_rows_there_is_a_figure_or_a_reason(scores: list[float], one_class: bool) -> None:
    score = np.array(scores, dtype=np.float64)
    x = np.random.default_rng(0).normal(size=(len(score), 2))
    rows = scored_rows(classes=("no", "yes"), predicted=score >= 0.5, scores=score, features=x)
    for said in figures(REFERENCE, rows).values():
        assert said.status == "ok" or said.reason
        assert said.status != "ok" or np.isfinite([said.value, said.lower, said.upper]).all()
    truth = np.zeros(len(score)) if one_class else np.arange(len(score)) % 2
    kept, status, reason = usable_reference(labelled_rows(rows, truth))
    assert (status == "ok") == (reason == "")
    if status == "ok":
        assert {said.status for said in figures(kept, REFERENCE.rows).values()} <= {"ok", "ill_conditioned"}


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, n=st.integers(50, 400), slope=st.floats(0.3, 4), offset=st.floats(-1, 1))
def test_a_curve_rises_and_is_a_probability(seed: int, n: int, slope: float, offset: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    outcome = (rng.random(n) < expit(x)).astype(np.float64)
    curve = fit_curve(expit(slope * x + offset), outcome, rng.exponential(size=n) + 0.1, rng)
    for values in (curve.values, *curve.draws[:5]):
        assert (np.diff(values) >= -1e-9).all()
        assert values.min() > 0
        assert values.max() < 1


def test_beta_calibration_finds_the_curve_that_made_the_outcomes() -> None:
    rng = np.random.default_rng(0)
    score = rng.random(20_000)
    truth = expit(0.5 * np.log(score) - 2 * np.log(1 - score) - 1)
    hits = (rng.random(len(score)) < truth).astype(np.float64)
    found = beta_values(beta_features(score), np.ones((1, len(score))), hits[None, :])[0]
    assert np.abs(found - truth).max() < 0.03


def test_beta_calibration_of_separable_rows_ends() -> None:
    score = np.linspace(0.01, 0.99, 50)
    found = beta_values(beta_features(score), np.ones((1, 50)), (score > 0.5).astype(np.float64)[None, :])[0]
    assert np.isfinite(found).all()
    assert 0 < found[0] < 0.1 < 0.9 < found[-1] < 1


def test_few_rows_are_calibrated_by_three_parameters_and_many_by_steps() -> None:
    rng = np.random.default_rng(3)
    for n, form in ((150, "beta"), (20_000, "isotonic")):
        score = rng.random(n)
        # A curve with a step in its middle, which three parameters cannot follow.
        outcome = (rng.random(n) < np.where(score > 0.5, 0.7, 0.2) + 0.2 * score).astype(np.float64)
        assert fit_curve(score, outcome, np.ones(n), rng).form == form


def test_a_density_ratio_is_that_of_the_densities() -> None:
    reference, window = drawn(5, 3000).rows, drawn(6, 2000, shift=0.7).rows
    found = density_ratio(reference, window, np.random.default_rng(SEED))
    wanted = np.exp(0.7 * reference.features[:, 0] - 0.7**2 / 2)
    middle = np.abs(reference.features[:, 0]) < 1.5
    assert np.median(np.abs(np.log(found.ratio / wanted))[middle]) < 0.15
    calm = density_ratio(reference, drawn(7, 2000).rows, np.random.default_rng(SEED))
    assert calm.effective > 0.95 * len(reference)


def test_inputs_that_matter_beside_the_score_are_seen_and_chance_is_not() -> None:
    warned = 0
    for seed in range(4):
        reference = drawn(20 + seed, 1500)
        hidden = Compared(reference, drawn(40 + seed, 800, hidden=1.0).rows)
        assert any(
            "matter beside the score" in text for text in fit_cbpe(reference).estimate(hidden)[0].warnings
        )
        calm = Compared(reference, drawn(60 + seed, 800).rows)
        warned += bool(fit_cbpe(reference).estimate(calm)[0].warnings)
    assert warned <= 1


def test_a_hidden_shift_is_a_weighted_mean_with_a_known_error() -> None:
    off, p = hidden_shift(np.array([0.5, -0.5, 0.5, -0.5]), np.ones(4), np.array([3.0, 1.0, 3.0, 1.0]))
    assert off == pytest.approx(0.25)
    assert p == pytest.approx(0.3711, abs=1e-4)
    assert hidden_shift(np.zeros(3), np.ones(3), np.ones(3)) == (0.0, 1.0)


def test_without_scikit_learn_those_that_need_it_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def absent(name: str, package: str | None = None) -> object:
        if name.split(".")[0] in ("sklearn", "threadpoolctl"):
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", absent)
    window = Compared(REFERENCE, drawn(9, 100).rows)
    for fitted in (fit_pape(REFERENCE), fit_dle(REFERENCE, {"accuracy": 1 - REFERENCE.correct})):
        (said,) = fitted.estimate(window)
        assert said.status == "dependency_missing"
        assert "driftline[estimates]" in said.reason
    assert [said.status for said in fit_cbpe(REFERENCE).estimate(window)][:1] == ["ok"]
