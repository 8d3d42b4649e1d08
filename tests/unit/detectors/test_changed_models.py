"""Models of a fleet that changed: shares of the budget, the level, and what a list of them promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors.budget import ModelBudget, month
from detectors.changed_models import budget_shares, changed_models, month_alpha
from detectors.evidence.budget import monitoring_threshold, monitoring_thresholds
from driftline.errors import InvalidInput
from driftline.readmodel.fleet_evidence import VersionEvidence

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
BUDGET = ModelBudget(per_year=0.125, fields=25)


def evidence(
    model: str, strengths: Sequence[float], version: str = "1", shares: Sequence[float] = ()
) -> VersionEvidence:
    """A version with 25 fields; what is stored of a field is of a score with this share of its budget."""
    parts = np.array(shares or [0.5] * len(strengths))
    return VersionEvidence(
        model=model,
        version=version,
        window_start=START,
        window_end=START + HOUR,
        budget=25 * BUDGET.field,
        fields=[f"f{i}" for i in range(len(strengths))],
        segments=[""] * len(strengths),
        evidence=list(strengths),
        thresholds=monitoring_thresholds(month(BUDGET.field) * parts, 3600).tolist(),
        field_budgets=[BUDGET.field] * len(strengths),
    )


@pytest.mark.parametrize("seconds", [60, 3600, 86_400])
@pytest.mark.parametrize("alpha", [0.5, 1e-3, 1e-9])
def test_a_threshold_tells_the_budget_behind_it(alpha: float, seconds: float) -> None:
    assert float(month_alpha(monitoring_threshold(alpha, seconds), seconds)) == pytest.approx(alpha, rel=1e-6)


def test_the_shares_of_scores_are_found_again_and_never_exceed_the_budget() -> None:
    parts = [1.0, 0.5, 0.1, *[0.3] * 22]
    shares = budget_shares(evidence("m", [1.0] * 25, shares=parts))
    assert shares == pytest.approx(np.array(parts) / 25, rel=1e-5)
    generous = budget_shares(evidence("m", [1.0] * 25, shares=[7.0] * 25))
    assert generous.sum() == pytest.approx(1)


def test_changed_models_are_found_among_many() -> None:
    rng = np.random.default_rng(4)
    fleet = [evidence(f"m{i:03}", np.abs(rng.normal(size=25)).tolist()) for i in range(200)]
    for at in (3, 50, 120):
        fleet[at].evidence[7] = 9.0  # type: ignore[index]
    found = changed_models(fleet)
    assert [one.model for one in found.models] == ["m003", "m050", "m120"]
    assert {one.field for one in found.models} == {"f7"}
    assert (found.judged, found.undecided) == (200, 0)
    assert found.words == (
        "3 of 200 models changed in the newest window; on average at most 10% of the models in such a list "
        "are there wrongly, whatever ties models together"
    )


def test_an_unchanged_fleet_that_moves_as_one_is_seldom_listed() -> None:
    # Every field of every model shares a cause of noise: evidence is the largest of ten looks.
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(200):
        common = rng.normal(size=(10, 1, 25))
        looks = 0.95 * common + np.sqrt(1 - 0.95**2) * rng.normal(size=(10, 30, 25))
        strengths = np.abs(looks).max(axis=0)
        wrong += bool(
            changed_models([evidence(f"m{i}", row.tolist()) for i, row in enumerate(strengths)]).models
        )
    assert wrong <= 20


def test_versions_of_a_model_share_its_look() -> None:
    quiet, moved = [1.0] * 25, [1.0] * 24 + [8.0]
    (alone,) = changed_models([evidence("m", moved)]).models
    (canary,) = changed_models([evidence("m", quiet, "1"), evidence("m", moved, "2")]).models
    assert canary.version == "2"
    assert canary.p_value == pytest.approx(2 * alone.p_value)


def test_models_without_a_judgement_are_no_hypotheses() -> None:
    found = changed_models([evidence("a", []), evidence("b", [9.0] * 25)])
    assert (found.judged, found.undecided) == (1, 1)
    assert found.words.startswith("1 of 1 model changed in the newest window (1 more could not be judged)")
    assert changed_models([]).words == "no model has a window that could be judged"
    assert changed_models([evidence("a", [1.0])]).words == "0 of 1 model changed in the newest window"


def test_evidence_beyond_any_doubt_has_a_leading_field() -> None:
    (one,) = changed_models([evidence("m", [70.0, 90.0, 1.0])]).models
    assert (one.field, one.evidence) == ("f1", 90.0)
    assert 0 < one.p_value < 1e-300
    assert np.isfinite(one.e_value)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 10.0, float("nan")])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(InvalidInput, match="level must lie between 0 and 1"):
        changed_models([], level)
