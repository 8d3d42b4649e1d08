"""Champion and challenger on stored traffic: shadow, canary, segments, what needs no label, bad input."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from detectors.versions import ComparisonQuestion, compare_versions
from driftline.errors import InvalidInput, NotFound
from driftline.readmodel.version_comparison import VersionComparison
from driftline.settings import Settings
from driftline.store import Store
from tests.seeding.two_versions import CHALLENGER, CHAMPION, CONTRACT, Traffic, seed_two_versions

START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
QUESTION = ComparisonQuestion("letters", CHAMPION, CHALLENGER, until=START + timedelta(days=1))


def compared(store: Store, settings: Settings, traffic: Traffic, **asked: Any) -> VersionComparison:
    seed_two_versions(store, traffic, START)
    return compare_versions(store, settings, replace(QUESTION, **asked))


@pytest.mark.parametrize("shared", ["event", "trace"])
def test_a_shadow_that_errs_more_is_worse(store: Store, settings: Settings, shared: Any) -> None:
    found = compared(store, settings, Traffic(shared=shared, errors=(0.1, 0.15)))
    assert found.pairing == shared
    assert found.shared_share == 1.0
    assert found.verdict == "worse"
    assert found.risk is not None
    assert found.risk.champion == pytest.approx(0.9, abs=0.02)
    assert found.risk.difference == pytest.approx(0.05, abs=0.01)
    assert found.risk.lower is not None
    assert found.risk.upper is not None
    assert found.margin == 0.02 < found.risk.lower < 0.05 < found.risk.upper
    assert found.risk.champion_labels == found.risk.challenger_labels == 4000
    assert found.agreement is not None
    assert found.agreement.differing == pytest.approx(found.risk.difference, abs=1e-9)
    assert found.words[0].startswith("Version '2' is worse than '1' by more than the accepted 2.00 points")


def test_an_equal_shadow_is_not_worse_long_before_an_equal_canary(store: Store, settings: Settings) -> None:
    shadow = compared(store, settings, Traffic())
    assert shadow.verdict == "not_worse"
    assert shadow.risk is not None
    assert shadow.risk.difference == 0.0
    canary = compare_versions(store, settings, replace(QUESTION, pairing="no"))
    assert canary.pairing == "unpaired"
    assert canary.verdict == "undecided"
    assert canary.risk is not None
    assert canary.risk.more_labels is not None
    assert 1000 < canary.risk.more_labels < 40_000
    assert "more labels are expected" in canary.words[0]
    assert canary.agreement is None


def test_a_canary_that_errs_less_is_better(store: Store, settings: Settings) -> None:
    found = compared(store, settings, Traffic(shared="split", errors=(0.2, 0.1), weights=(1.0, 3.0, 20.0)))
    assert found.pairing == "unpaired"
    assert found.verdict == "better"
    assert found.risk is not None
    assert found.risk.upper is not None
    assert found.risk.upper < 0
    assert found.risk.better_e_value is not None
    assert found.risk.better_e_value >= found.risk.needed_e_value == pytest.approx(40)


def test_the_segment_that_got_worse_is_named(store: Store, settings: Settings) -> None:
    found = compared(store, settings, Traffic(errors=(0.1, 0.05), worse_desk=0.2))
    by_segment = {one.segment: one.verdict for one in found.segments}
    assert by_segment == {"desk=x": "worse", "desk=y": "better"}
    assert any("worse where desk=x" in one for one in found.words)
    (alone,) = [
        compare_versions(store, settings, replace(QUESTION, segment="desk=x")).risk,
    ]
    assert alone is not None
    assert alone.verdict == "worse"
    assert alone.champion_labels == next(
        one.champion_labels for one in found.segments if one.segment == "desk=x"
    )


def test_probabilities_are_compared_by_their_losses(store: Store, settings: Settings) -> None:
    found = compared(store, settings, Traffic(errors=(0.1, 0.2)), metric="log_loss", margin=0.01)
    assert found.verdict == "worse"
    assert found.risk is not None
    # A wrong answer of 90% costs ln 10 - ln 1 / 0.9 more than a right one.
    assert found.risk.difference == pytest.approx(0.1 * 2.2, abs=0.06)


def test_failures_and_speed_need_no_label(store: Store, settings: Settings) -> None:
    traffic = Traffic(shared="split", failed=(0.01, 0.06), latency_ms=(10.0, 5.0))
    found = compared(store, settings, traffic)
    assert found.failures.verdict == "more"
    assert found.failures.challenger == pytest.approx(0.06, abs=0.02)
    median = found.latency[0]
    assert median.quantile == 0.5
    assert median.verdict == "faster"
    assert median.ratio == pytest.approx(0.5, abs=0.05)
    assert median.lower is not None
    assert median.upper is not None
    assert median.lower < 0.5 < median.upper < 0.7
    assert any("fails more often" in one for one in found.words)
    store.command("TRUNCATE TABLE labelled_events")
    unlabelled = compare_versions(store, settings, QUESTION)
    assert unlabelled.risk is None
    assert unlabelled.verdict == "undecided"
    assert unlabelled.words[0] == "No labelled answer of '1' yet: only what needs no label is compared."
    assert unlabelled.failures == found.failures


def test_a_corrected_label_counts_once(store: Store, settings: Settings) -> None:
    before = compared(store, settings, Traffic(rows=500))
    columns = "* EXCEPT (truth, label_received_at), prediction AS truth, now64(6) AS label_received_at"
    store.command(
        "INSERT INTO labelled_events (* EXCEPT (truth, label_received_at), truth, label_received_at) "
        f"SELECT {columns} FROM labelled_events WHERE version = '2'"
    )
    after = compare_versions(store, settings, QUESTION)
    assert before.risk is not None
    assert after.risk is not None
    assert after.risk.challenger == 1.0
    assert after.risk.champion == before.risk.champion
    assert after.risk.champion_labels == 500


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        (
            {"champion": "9"},
            NotFound,
            "version '9' of 'letters' has no stored answer; those that have: '1', '2'",
        ),
        ({"champion": "2"}, InvalidInput, "compared with another one"),
        ({"metric": "f1"}, InvalidInput, "no mean over events"),
        ({"margin": -0.1}, InvalidInput, "at least 0"),
        ({"margin": 2.0}, InvalidInput, "below the largest loss"),
        ({"segment": "ink=3"}, InvalidInput, "field=value with one of desk"),
        ({"alpha": 0.0}, InvalidInput, "between 0 and 1"),
        ({"pairing": "yes"}, InvalidInput, "share neither event ids nor traces"),
        ({"since": START + timedelta(days=2)}, InvalidInput, "must be before"),
        ({"model": "nobody"}, NotFound, "unknown"),
    ],
)
def test_wrong_questions_are_refused(
    store: Store, settings: Settings, asked: dict[str, Any], error: type[Exception], message: str
) -> None:
    seed_two_versions(store, Traffic(rows=20, shared="split"), START)
    with pytest.raises(error, match=message):
        compare_versions(store, settings, replace(QUESTION, **asked))


def test_a_contract_without_quality_compares_speed_and_failures(store: Store, settings: Settings) -> None:
    seed_two_versions(store, Traffic(rows=50), START)
    plain = {**CONTRACT, "model": "plain"}
    del plain["prediction"], plain["quality"]
    from driftline.contract_store import ContractStore
    from driftline.contracts import parse_contract

    ContractStore(store).register(parse_contract(plain))
    store.command(
        "INSERT INTO inference_events (* EXCEPT (model), model) SELECT * EXCEPT (model), 'plain' "
        "FROM inference_events"
    )
    found = compare_versions(store, settings, replace(QUESTION, model="plain"))
    assert found.risk is None
    assert found.words[0].startswith("The contract measures no quality")
    assert len(found.latency) == 3
    with pytest.raises(InvalidInput, match="measures no quality"):
        compare_versions(store, settings, replace(QUESTION, model="plain", metric="accuracy"))
