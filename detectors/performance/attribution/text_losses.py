"""Losses of single transcripts and rankings, computed from their texts."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import orjson
from numpy.typing import NDArray

from detectors.performance.metrics.ranking import GAINS, gains_of_answer
from detectors.performance.metrics.transcription import edit_counts
from driftline.quality_contract import Quality

Floats = NDArray[np.float64]


def text_losses(
    quality: Quality, metric: str, truths: Sequence[str], predictions: Sequence[str]
) -> tuple[Floats, Floats]:
    """Loss of every answer, NaN where there is none, and factors on the weights.

    Transcripts: errors per character or word of the reference, weighted by its length, so that the weighted
    mean is the rate of the whole. Rankings: 1 less the gain.

    Examples
    --------
    >>> quality = Quality(task="ranking", prediction="items")
    >>> losses, factors = text_losses(quality, "recall", ['["a"]'], ['["b", "a"]'])
    >>> losses.tolist(), factors.tolist()
    ([0.0], [1.0])
    """
    if quality.task == "transcription":
        counts = edit_counts(list(truths), list(predictions), metric).astype(np.float64)
        hits, substitutions, insertions, deletions = counts.T
        length = hits + substitutions + deletions
        safe = np.where(length > 0, length, 1.0)
        losses = np.where(length > 0, (substitutions + insertions + deletions) / safe, np.nan)
        return losses, np.where(length > 0, length, 1.0)
    at = GAINS.index(metric)
    gains = [
        gains_of_answer(ranked, relevant, quality.k)[at]
        if ranked is not None and relevant is not None
        else np.nan
        for ranked, relevant in (
            (_items(prediction), _relevant(truth))
            for truth, prediction in zip(truths, predictions, strict=True)
        )
    ]
    return 1.0 - np.array(gains, dtype=np.float64), np.ones(len(gains))


def _items(text: str) -> list[Hashable] | None:
    """Items of a ranking, best first; ``None`` when the text is no list."""
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return [str(item) for item in parsed] if isinstance(parsed, list) else None


def _relevant(text: str) -> dict[Hashable, float] | None:
    """Gains by item, each 1 in a list; ``None`` when the text is neither a list nor an object."""
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if isinstance(parsed, dict):
        return {str(item): float(gain) for item, gain in parsed.items() if isinstance(gain, (int, float))}
    return {str(item): 1.0 for item in parsed} if isinstance(parsed, list) else None
