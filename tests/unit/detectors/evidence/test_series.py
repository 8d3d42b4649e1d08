"""Series of score means as they are stored, and sums over them."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.evidence.pooling import REACH, SCALES, learned, pooled, squared_differences, view
from detectors.evidence.scoring import score_set
from detectors.evidence.series import ScoreSeries
from tests.unit.detectors.evidence.streams import LAYOUT, drawn


def test_records_are_put_back_in_their_places() -> None:
    rng = np.random.default_rng(1)
    counts = drawn(rng, np.zeros((3, 5)))
    scores = score_set([LAYOUT] * 3, counts.sum(1), np.full(3, 5000.0))
    series = ScoreSeries.of_counts(scores, counts, counts.sum(-1), 70)
    records, fields, windows = [], [], []
    for window in (1, 3, 4):
        records += series.records(window)
        fields += [0, 1, 2]
        windows += [70 + window] * 3
    back = ScoreSeries.of_records(scores, np.array(fields), np.array(windows), records, 71, 3)
    assert (back.rows[:, 1] == 0).all()
    assert np.array_equal(back.means[:, [0, 2]], series.means[:, [1, 3]])
    with pytest.raises(ValueError, match="records"):
        ScoreSeries.of_records(scores, np.array([0]), np.array([71]), [records[0][:-4]], 71, 3)


def test_a_view_reaches_back_exactly_as_far_as_evidence_does() -> None:
    rows = np.ones((1, 5), dtype=np.float32)
    seen = view(ScoreSeries(10, rows, np.ones((1, 5, 2), dtype=np.float32)), 2)
    assert seen.windows == REACH + 1
    assert seen.first + seen.windows == 15
    assert seen.rows.sum() == 5


@pytest.mark.parametrize("gaps", [False, True])
def test_one_target_is_summed_as_many_are(gaps: bool) -> None:
    rng = np.random.default_rng(2)
    targets, size = 40, REACH + 39
    rows = rng.integers(1, 50, (2, size, 2)).astype(np.float32)
    if gaps:
        rows[rng.random(rows.shape[:2]) < 0.6] = 0
    means = rng.normal(size=(2, size, 3)).astype(np.float32)
    base, variance, is_share = np.zeros((2, 3)), np.ones((2, 3)), np.zeros(3, dtype=bool)
    differences = squared_differences(rows, means, base, variance, is_share)
    every, noise = pooled(rows, means, None, targets), learned(rows, differences, targets)
    for target in range(targets):
        part = slice(target, target + REACH)
        alone = pooled(rows[:, part], means[:, part], None, 1)
        assert alone.shift[:, 0] == pytest.approx(every.shift[:, target], abs=1e-6)
        assert alone.rows[:, 0] == pytest.approx(every.rows[:, target])
        mine = squared_differences(rows[:, part], means[:, part], base, variance, is_share)
        seen = learned(rows[:, part], mine, 1)
        assert seen.count[:, 0] == pytest.approx(noise.count[:, target])
        assert seen.total[:, 0] == pytest.approx(noise.total[:, target], abs=1e-3, rel=1e-5)


def test_pooled_windows_do_not_enter_their_own_yardstick() -> None:
    rows = np.full((1, REACH, 2), 100, dtype=np.float32)
    means = np.zeros((1, REACH, 2), dtype=np.float32)
    means[0, -3:, 1] = 5.0
    scores = np.zeros((1, 2)), np.ones((1, 2)), np.zeros(2, dtype=bool)
    seen = learned(rows, squared_differences(rows, means, *scores), 1)
    jump = [SCALES.index(scale) for scale in (1, 2, 3, 4)]
    assert (seen.total[0, 0, jump, 1] > 0).tolist() == [True, True, False, False]
    assert seen.count[0, 0, :, 1].tolist() == [max(0, REACH - scale - 1) for scale in SCALES]
