"""Error rates of transcripts: characters (CER) and words (WER), by kind of edit, counted by jiwer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.performance.metrics.figure import Figure
from detectors.performance.metrics.means import RatioSums, ratio_figure
from driftline.errors import DependencyMissing

Counts = NDArray[np.int64]

KINDS: Final = ("hits", "substitutions", "insertions", "deletions")
RATES: Final = ("cer", "wer")


def edit_counts(references: Sequence[str], hypotheses: Sequence[str], rate: str) -> Counts:
    """Hits, substitutions, insertions and deletions of every transcript, shape ``(n, 4)``.

    They are those of a shortest alignment (Levenshtein). Words are what lies between white space; for
    characters, white space at both ends does not count. Case and punctuation count: bring texts into the form
    that they should be compared in.

    Parameters
    ----------
    references, hypotheses
        What was said or written, and what the model made of it.
    rate
        ``cer`` for characters, ``wer`` for words.

    Raises
    ------
    DependencyMissing
        jiwer is not installed.

    Examples
    --------
    >>> edit_counts(["the cat sat"], ["the cat sat down"], "wer").tolist()
    [[3, 0, 1, 0]]
    """
    try:
        import jiwer
    except ImportError as error:
        raise DependencyMissing(
            "error rates of transcripts need jiwer: pip install 'driftline[text]'"
        ) from error
    align = jiwer.process_characters if rate == "cer" else jiwer.process_words
    counts = np.zeros((len(references), len(KINDS)), dtype=np.int64)
    if not len(references):
        return counts
    kind = {"equal": 0, "substitute": 1, "insert": 2, "delete": 3}
    for row, chunks in enumerate(align(list(references), list(hypotheses)).alignments):
        for chunk in chunks:
            length = max(chunk.ref_end_idx - chunk.ref_start_idx, chunk.hyp_end_idx - chunk.hyp_start_idx)
            counts[row, kind[chunk.type]] += length
    return counts


class EditSums:
    """Edits of one window, added up batch by batch; weighted."""

    def __init__(self) -> None:
        self.kinds = np.zeros(len(KINDS))
        self._sums = np.zeros(8)

    def add(self, counts: Counts, weights: ArrayLike) -> None:
        """Take in transcripts: what :func:`edit_counts` gave, and their weights."""
        w = np.asarray(weights, dtype=np.float64)
        self.kinds += w @ counts
        edits, length = counts[:, 1:].sum(axis=1), counts[:, [0, 1, 3]].sum(axis=1)
        sums = RatioSums.of(edits, length, w)
        self._sums += [
            float(each[0])
            for each in (sums.n, sums.w, sums.w2, sums.wa, sums.wb, sums.w2a2, sums.w2ab, sums.w2b2)
        ]

    def figure(self, rate: str) -> Figure:
        """The error rate ``sum w (S + I + D) / sum w (H + S + D)``: edits by length of the references.

        It can be above 1. Its interval is Student's of the linearised ratio, transcripts being the draws.

        Source: Morris, Maier & Green (2004), From WER and RIL to MER and WIL, equation 1.
        """
        sums = RatioSums(*(np.array([each]) for each in self._sums))
        empty = sums.n[0] > 0 and not sums.wb[0] > 0
        reasons = ["all references are empty"] if empty else None
        found = ratio_figure(rate, sums, reasons=reasons).figure(0)
        details = dict(zip(KINDS, self.kinds.tolist(), strict=True))
        return Figure(
            rate,
            "",
            found.value,
            found.lower,
            found.upper,
            found.labelled,
            found.effective_labelled,
            found.reason,
            details,
        )
