"""Error rates of transcripts agree with jiwer to 1e-9, in batches and weighted."""

from __future__ import annotations

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.performance.metrics.transcription import KINDS, EditSums, edit_counts

WORDS = ("the", "cat", "sat", "Köln", "a", "mat,")


@given(st.integers(0, 2**32 - 1))
def test_rates_and_edits_are_jiwers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 30))
    references = [" ".join(rng.choice(WORDS, rng.integers(1, 8))) for _ in range(count)]
    hypotheses = [" ".join(rng.choice(WORDS, rng.integers(0, 8))) for _ in range(count)]
    for rate, whole in (("wer", jiwer.process_words), ("cer", jiwer.process_characters)):
        sums = EditSums()
        for part in (slice(0, 7), slice(7, None)):
            batch = edit_counts(references[part], hypotheses[part], rate)
            sums.add(batch, np.ones(len(batch)))
        expected = whole(references, hypotheses)
        figure = sums.figure(rate)
        value = expected.wer if isinstance(expected, jiwer.WordOutput) else expected.cer
        assert figure.value == pytest.approx(value, rel=1e-9, abs=1e-9)
        assert figure.lower <= figure.value <= figure.upper
        assert figure.labelled == count
        assert [figure.details[kind] for kind in KINDS] == [getattr(expected, kind) for kind in KINDS]


def test_a_weight_counts_as_so_many_transcripts() -> None:
    references, hypotheses = ["a b c", "d e"], ["a x c", "d e f"]
    weighted, repeated = EditSums(), EditSums()
    weighted.add(edit_counts(references, hypotheses, "wer"), [3.0, 1.0])
    repeated.add(
        edit_counts(references[:1] * 3 + references[1:], hypotheses[:1] * 3 + hypotheses[1:], "wer"),
        [1.0] * 4,
    )
    assert weighted.figure("wer").value == pytest.approx(repeated.figure("wer").value, rel=1e-12)
    assert weighted.figure("wer").effective_labelled == pytest.approx(1.6)
