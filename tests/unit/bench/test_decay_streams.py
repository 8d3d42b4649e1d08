"""The benchmark's many streams are decided by the same evidence as one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.decay import BUDGET, DROP, LOG_C, REFERENCE_LABELS, _fixed_sample
from bench.decay_peers import PEERS, peer_alarms
from bench.decay_streams import (
    Cells,
    Evidence,
    drawn,
    errors,
    first_alarms_with_delays,
    log_bets_of,
    log_factors,
    reference_of,
    skewed_losses,
    weighted_errors,
)
from detectors.performance.decay.detector import chain
from detectors.performance.decay.reference import BETS, LOG_SHARES
from detectors.performance.decay.sums import log_bets


@pytest.mark.parametrize("cells", [errors(0.14), weighted_errors(0.14, 1.0), skewed_losses()])
def test_evidence_of_many_streams_is_that_of_the_detector(cells: Cells) -> None:
    rng = np.random.default_rng(1)
    reference = reference_of(REFERENCE_LABELS, 1000, BUDGET.alpha_reference, 0.0)
    factors = log_factors(cells, [reference])
    draw, evidence = drawn(cells, 100, 3), Evidence(3, LOG_C)
    found, sums = [], []
    for t in range(8):
        counts = draw(rng, t)
        found.append(evidence.add(log_bets_of(counts, factors)))
        rows = np.repeat(np.arange(counts.shape[1]), counts[1])
        sums.append(log_bets(cells.losses[rows], cells.weights[rows], reference)[:BETS])
    looks = chain(np.array(sums), LOG_SHARES, LOG_C, np.ones((8, 2)), 2.0)
    np.testing.assert_allclose([one[1] for one in found], [look.log_evidence for look in looks], rtol=1e-9)


def test_cells_have_the_risk_they_are_made_for() -> None:
    assert weighted_errors(0.1, 1.0).risk == pytest.approx(0.1)
    assert weighted_errors(0.1, 1.0).shares.sum() == pytest.approx(1)
    assert 0 < skewed_losses().risk < 0.1


def test_delays_and_corrections_find_a_decay_and_raise_none() -> None:
    reference = reference_of(REFERENCE_LABELS, 1000, BUDGET.alpha_reference, 0.0)
    factors = log_factors(errors(0.1), [reference])
    for risk, expected in ((0.1, False), (0.2, True)):
        newest, any_window = first_alarms_with_delays(risk, 12, 1000, 4, factors, 5, LOG_C, 3)
        assert np.isfinite(newest).all() == expected
        assert (any_window <= newest).all()


def test_peers_alarm_on_a_jump() -> None:
    rng = np.random.default_rng(2)
    past, stream = rng.random(10_000) < 0.1, rng.random(4_000) < 0.4
    assert all(peer_alarms(peer, past, stream, 1000) > 0 for peer in PEERS)


def test_a_known_reference_is_the_easier_case() -> None:
    assert _fixed_sample(0.2, 0.0) < _fixed_sample(0.2, 0.0, known=True) < 1
    assert _fixed_sample(0.05, DROP) < 0.01
    assert math.isfinite(LOG_C)
