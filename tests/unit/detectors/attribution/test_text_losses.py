"""Losses of single transcripts and rankings: their weighted mean is the metric."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.performance.attribution.text_losses import text_losses
from driftline.quality_contract import Quality

TEXTS = Quality(task="transcription", prediction="text")
RANKS = Quality(task="ranking", prediction="items", k=2)


def test_the_weighted_mean_of_transcripts_is_the_rate_of_the_whole() -> None:
    pytest.importorskip("jiwer")
    truths, read = ["the cat sat", "a", ""], ["the cat sat down", "b", "x"]
    losses, factors = text_losses(TEXTS, "wer", truths, read)
    assert losses[:2].tolist() == [pytest.approx(1 / 3), 1.0]
    assert np.isnan(losses[2])
    assert (losses[:2] @ factors[:2]) / factors[:2].sum() == pytest.approx(2 / 4)
    letters, _ = text_losses(TEXTS, "cer", ["abcd"], ["abxd"])
    assert letters.tolist() == [0.25]


def test_rankings_lose_what_they_do_not_gain() -> None:
    truths = ['["a"]', '{"a": 3, "b": 1}', "not json", "[]", '["z"]']
    ranked = ['["b", "a"]', '["a", "b"]', '["a"]', '["a"]', "[3"]
    losses, factors = text_losses(RANKS, "reciprocal_rank", truths, ranked)
    assert losses[:2].tolist() == [0.5, 0.0]
    assert np.isnan(losses[2:]).all()
    assert factors.tolist() == [1.0] * 5
    ndcg, _ = text_losses(RANKS, "ndcg", truths[:2], ranked[:2])
    assert ndcg.tolist() == pytest.approx([1 - 1 / np.log2(3), 0.0])
