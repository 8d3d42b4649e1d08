"""Estimated quality without labels: what holds by construction, by simulation, and what bad input gives."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from detectors.performance.estimates.bbse import fit_bbse
from detectors.performance.estimates.compared import Compared
from detectors.performance.estimates.estimate import CONCEPT_DRIFT, Estimate
from detectors.performance.estimates.fitting import FittedEstimators, fit_estimators
from detectors.performance.estimates.mlls import fit_mlls
from detectors.performance.estimates.proxy import proxy_losses
from detectors.performance.estimates.reference import EstimatorReference, pack, unpack
from detectors.performance.estimates.row_layout import RowLayout
from detectors.performance.estimates.rows import LabelledRows, ScoredRows, labelled_rows, scored_rows
from driftline.contracts import Contract, parse_contract
from driftline.errors import InvalidInput

CONTRACT = parse_contract(
    {
        "model": "m",
        "fields": [
            {"name": "x0", "kind": "numeric"},
            {"name": "x1", "kind": "numeric"},
            {"name": "out", "role": "output", "kind": "prediction", "classes": ["no", "yes"]},
        ],
        "prediction": "out.class",
    }
)
REGRESSION = parse_contract(
    {
        "model": "r",
        "fields": [
            {"name": "x0", "kind": "numeric"},
            {"name": "x1", "kind": "numeric"},
            {"name": "out", "role": "output", "kind": "numeric"},
        ],
        "prediction": "out",
        "quality": {"task": "regression"},
    }
)
Values = NDArray[np.float64]
LAYOUT = RowLayout(("no", "yes"), ("x0", "x1"), (), ())


def binary(seed: int, n: int, shift: float = 0.0) -> tuple[ScoredRows, Values]:
    """A model that is too sure of itself; ``shift`` moves the input that it rests on."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2)) + np.array([shift, 0])
    truth = (rng.random(n) < expit(1.5 * x[:, 0] - x[:, 1])).astype(np.float64)
    score = expit(3 * x[:, 0] - 2 * x[:, 1] + 0.3)
    predicted = (score >= 0.5).astype(np.float64)
    return scored_rows(classes=("no", "yes"), predicted=predicted, scores=score, features=x), truth


def reference_of(rows: ScoredRows, truth: object) -> EstimatorReference:
    return EstimatorReference(LAYOUT, labelled_rows(rows, np.asarray(truth)))


def fitted_on(reference: EstimatorReference, contract: Contract = CONTRACT) -> FittedEstimators:
    quality = contract.quality_or_default()
    assert quality is not None
    return fit_estimators(contract, quality, reference)


@pytest.fixture(scope="module")
def fitted() -> FittedEstimators:
    return fitted_on(reference_of(*binary(1, 3000)))


def of(found: list[Estimate], estimator: str, metric: str = "accuracy", class_name: str = "") -> Estimate:
    return next(
        one for one in found if (one.estimator, one.metric, one.class_name) == (estimator, metric, class_name)
    )


def accuracy(rows: ScoredRows, truth: object) -> float:
    return float(np.average(rows.predicted == truth, weights=rows.weights))


def test_a_covariate_shift_is_estimated_without_labels(fitted: FittedEstimators) -> None:
    errors: dict[str, list[float]] = {"cbpe": [], "pape": [], "dle": []}
    unchanged, covered = [], dict.fromkeys(errors, 0)
    for seed in range(10):
        rows, truth = binary(100 + seed, 800, shift=1.2)
        found, realised = fitted.estimate(rows), accuracy(rows, truth)
        for name in errors:
            one = of(found, name)
            assert one.status == "ok"
            assert CONCEPT_DRIFT in one.blind_to
            errors[name].append(abs(one.value - realised))
            covered[name] += one.lower <= realised <= one.upper
        unchanged.append(abs(of(found, "cbpe").baseline_value - realised))
    assert {name: np.mean(error) < np.mean(unchanged) / 2 for name, error in errors.items()} == dict.fromkeys(
        errors, True
    )
    assert min(covered.values()) >= 7


def test_other_metrics_lie_near_the_realised_ones(fitted: FittedEstimators) -> None:
    rows, truth = binary(7, 4000, shift=0.5)
    found = fitted.estimate(rows)
    hits = float(((rows.predicted == 1) & (truth == 1)).sum())
    order = rows.scores[truth == 1, 1][:, None] > rows.scores[truth == 0, 1][None, :]
    realised = {
        ("precision", "yes"): hits / (rows.predicted == 1).sum(),
        ("recall", "yes"): hits / truth.sum(),
        ("f1", "yes"): 2 * hits / (truth.sum() + (rows.predicted == 1).sum()),
        ("roc_auc", ""): order.mean(),
        ("brier", ""): float(np.square(rows.scores[:, 1] - truth).mean()),
    }
    for (metric, name), value in realised.items():
        one = of(found, "cbpe", metric, name)
        assert one.lower - 0.01 <= value <= one.upper + 0.01, metric
        assert one.lower < one.value < one.upper


def test_known_classes_give_the_realised_metrics(fitted: FittedEstimators) -> None:
    # The baseline's figures are the same formulas with probabilities of 0 and 1.
    reference = fitted.kept
    cbpe = of(fitted.estimate(reference.rows), "cbpe")
    assert cbpe.baseline_value == pytest.approx(accuracy(reference.rows, reference.truth))


def test_weights_count_as_repeated_rows(fitted: FittedEstimators) -> None:
    rows, _ = binary(9, 300)
    twice = rows.taken(np.concatenate([np.arange(300), np.arange(100)]))
    weighted = scored_rows(
        classes=rows.classes,
        predicted=rows.predicted,
        scores=rows.scores,
        features=rows.features,
        weights=np.where(np.arange(300) < 100, 2.0, 1.0),
    )
    one, other = of(fitted.estimate(twice), "cbpe"), of(fitted.estimate(weighted), "cbpe")
    assert one.value == pytest.approx(other.value, abs=1e-12)
    assert other.effective_rows < 300


def test_a_sample_of_a_window_is_less_sure_than_all_of_it(fitted: FittedEstimators) -> None:
    rows, _ = binary(11, 500)
    part = scored_rows(
        classes=rows.classes,
        predicted=rows.predicted,
        scores=rows.scores,
        features=rows.features,
        total=50_000,
    )
    whole, sampled = of(fitted.estimate(rows), "cbpe"), of(fitted.estimate(part), "cbpe")
    assert whole.value == sampled.value
    assert whole.upper - whole.lower != sampled.upper - sampled.lower


def broken(n: int = 200) -> dict[str, tuple[ScoredRows, str]]:
    rows, _ = binary(5, n)

    def scores(values: object) -> ScoredRows:
        return scored_rows(
            classes=rows.classes, predicted=rows.predicted, scores=np.asarray(values), features=rows.features
        )

    nan = rows.scores.copy()
    nan[: n // 2] = np.nan
    return {
        "nothing": (rows.taken(np.zeros(n, dtype=bool)), "insufficient_data"),
        "one row": (rows.taken(np.arange(1)), "insufficient_data"),
        "outside": (scores(rows.scores * 3), "unusable_scores"),
        "sum": (scores(rows.scores * 0.5), "unusable_scores"),
        "missing": (scores(nan), "unusable_scores"),
        "constant": (scores(np.full((n, 2), 0.5)), "constant_scores"),
    }


@pytest.mark.parametrize("case", sorted(broken()))
def test_bad_windows_have_a_status_and_a_reason(fitted: FittedEstimators, case: str) -> None:
    rows, status = broken()[case]
    found = fitted.estimate(rows)
    one = of(found, "cbpe")
    assert one.status == status
    assert one.reason
    assert not one.usable
    assert {figure.estimator for figure in found} == set(fitted.fitted)


def references() -> dict[str, tuple[LabelledRows, str]]:
    rows, truth = binary(5, 300)
    same = scored_rows(classes=rows.classes, predicted=rows.predicted, scores=np.full(300, 0.7))
    none = scored_rows(classes=rows.classes, predicted=rows.predicted)
    return {
        "empty": (labelled_rows(rows, truth).taken(np.zeros(300, dtype=bool)), "no_reference"),
        "few": (labelled_rows(rows, truth).taken(np.arange(30)), "no_reference"),
        "one class": (labelled_rows(rows, np.ones(300)), "one_class"),
        "constant": (labelled_rows(same, truth), "constant_scores"),
        "no scores": (labelled_rows(none, truth), "no_scores"),
    }


@pytest.mark.parametrize("case", sorted(references()))
def test_bad_references_have_a_status_and_a_reason(case: str) -> None:
    reference, status = references()[case]
    found = fitted_on(EstimatorReference(LAYOUT, reference)).estimate(binary(6, 200)[0])
    assert [one.status for one in found] == [status]
    assert found[0].reason


def test_a_regression_is_estimated_by_its_loss() -> None:
    def drawn(seed: int, n: int, shift: float) -> tuple[ScoredRows, Values]:
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(n, 2)) + np.array([shift, 0])
        return scored_rows(predicted=x[:, 0], features=x), x[:, 0] + rng.normal(size=n) * np.exp(
            0.3 * x[:, 0]
        )

    layout = RowLayout((), ("x0", "x1"), (), ())
    reference = EstimatorReference(layout, labelled_rows(*drawn(1, 3000, 0)))
    fitted = fitted_on(reference, REGRESSION)
    window, truth = drawn(2, 1500, 0.7)
    found = fitted.estimate(window)
    assert {one.metric for one in found} == {"mae", "mse", "mape", "quantile_loss", "rmse"}
    mae = of(found, "dle", "mae")
    realised = float(np.abs(window.predicted - truth).mean())
    assert mae.lower < realised < mae.upper
    assert abs(mae.value - realised) < abs(mae.baseline_value - realised) / 2
    losses, weights = proxy_losses(fitted, window)
    assert len(losses) == len(weights) == 1500
    assert 0 <= losses.min() <= losses.max() <= 1


def test_the_proxy_is_the_probability_of_being_wrong(fitted: FittedEstimators) -> None:
    rows, truth = binary(21, 4000, shift=0.8)
    losses, weights = proxy_losses(fitted, rows)
    assert np.average(losses, weights=weights) == pytest.approx(1 - accuracy(rows, truth), abs=0.03)
    empty, _ = proxy_losses(fitted, broken()["outside"][0])
    assert len(empty) == 0


def test_a_packed_reference_says_the_same() -> None:
    layout = RowLayout(("no", "yes"), ("x0",), ("kind",), (("a", "b"),))
    rows, truth = binary(3, 50)
    mixed = scored_rows(
        classes=rows.classes,
        predicted=rows.predicted,
        scores=rows.scores,
        features=rows.features,
        categorical=(False, True),
        weights=np.linspace(1, 2, 50),
    )
    back = unpack(pack(EstimatorReference(layout, labelled_rows(mixed, truth))))
    assert back.layout == layout
    assert back.rows.truth.tolist() == truth.tolist()
    np.testing.assert_allclose(back.rows.rows.features, mixed.features, rtol=1e-6)
    np.testing.assert_array_equal(back.rows.rows.weights, mixed.weights)
    assert back.rows.rows.categorical == (False, True)


def test_rows_of_other_shapes_are_refused() -> None:
    with pytest.raises(InvalidInput, match="scores of 3 rows and 2 classes"):
        scored_rows(classes=("a", "b"), predicted=np.zeros(3), scores=np.zeros((3, 3)))
    with pytest.raises(InvalidInput, match="weights"):
        scored_rows(predicted=np.zeros(2), weights=np.array([1.0, 0.0]))
    with pytest.raises(InvalidInput, match="truth of 2 rows"):
        labelled_rows(scored_rows(predicted=np.zeros(2)), np.zeros(3))


def test_a_moved_class_share_is_warned_of(fitted: FittedEstimators) -> None:
    rows, truth = binary(31, 6000)
    rng = np.random.default_rng(0)
    kept = np.concatenate([rng.choice(np.flatnonzero(truth == k), n) for k, n in ((0, 1800), (1, 200))])
    one = of(fitted.estimate(rows.taken(kept)), "cbpe")
    assert any("shares of the classes" in warning for warning in one.warnings)
    calm = of(fitted.estimate(binary(32, 2000)[0]), "cbpe")
    assert calm.warnings == ()


def test_rows_that_the_reference_does_not_hold_are_warned_of(fitted: FittedEstimators) -> None:
    far, _ = binary(33, 500, shift=4.0)
    window = Compared(fitted.kept, far)
    assert any("outside of the reference's range of input 1" in text for text in window.support)
    assert any("effective reference rows" in text for text in of(fitted.estimate(far), "pape").warnings)


def test_label_shift_is_estimated_by_bbse_and_mlls() -> None:
    everything, truths = binary(199, 100_000)
    right = everything.predicted == truths
    expected = 0.95 * right[truths == 0].mean() + 0.05 * right[truths == 1].mean()
    errors: dict[str, list[float]] = {"bbse": [], "mlls": [], "unchanged": []}
    covered = dict.fromkeys(errors, 0)
    for seed in range(8):
        reference = reference_of(*binary(300 + seed, 3000)).rows
        rows, truth = binary(200 + seed, 8000)
        rng = np.random.default_rng(seed)
        kept = np.concatenate([rng.choice(np.flatnonzero(truth == k), n) for k, n in ((0, 1900), (1, 100))])
        window, realised = Compared(reference, rows.taken(kept)), accuracy(rows.taken(kept), truth[kept])
        for one in (*fit_bbse(reference).estimate(window), *fit_mlls(reference).estimate(window)):
            assert "look different" in one.blind_to
            errors[one.estimator].append(abs(one.value - expected))
            covered[one.estimator] += one.lower <= realised <= one.upper
            shares = one.details["class_shares"]
            assert isinstance(shares, dict)
            assert shares["yes"] == pytest.approx(0.05, abs=0.08)
            if one.estimator == "bbse":
                errors["unchanged"].append(abs(one.baseline_value - expected))
    assert np.mean(errors["mlls"]) < np.mean(errors["unchanged"])
    assert np.mean(errors["bbse"]) < np.mean(errors["unchanged"])
    assert min(covered["bbse"], covered["mlls"]) >= 6


def test_atc_meets_the_accuracy_of_its_own_reference(fitted: FittedEstimators) -> None:
    reference = fitted.kept
    one = of(fitted.estimate(reference.rows), "atc")
    assert one.value == pytest.approx(accuracy(reference.rows, reference.truth), abs=1e-9)


def test_answers_that_tell_nothing_apart_are_ill_conditioned() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random(500) < 0.5).astype(np.float64)
    rows = scored_rows(
        classes=("no", "yes"),
        predicted=np.ones(500),
        scores=0.5 + 0.4 * rng.random(500),
        features=rng.random((500, 2)),
    )
    one = of(fitted_on(reference_of(rows, truth)).estimate(rows), "bbse")
    assert one.status == "ill_conditioned"
    assert "condition" in one.reason


def test_inputs_that_the_score_does_not_see_contradict_it() -> None:
    def drawn(seed: int, n: int, shift: float) -> tuple[ScoredRows, Values]:
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(n, 2)) + np.array([0, shift])
        truth = (rng.random(n) < expit(2 * x[:, 0] * x[:, 1])).astype(np.float64)
        score = expit(x[:, 0])
        return scored_rows(classes=("no", "yes"), predicted=score >= 0.5, scores=score, features=x), truth

    found = fitted_on(reference_of(*drawn(1, 4000, 0.3))).estimate(drawn(2, 2000, 1.3)[0])
    assert any("looks at the inputs too" in text for text in of(found, "cbpe").warnings)
