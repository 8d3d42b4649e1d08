"""What a model that writes said: how long its answer is, and how sure it was of its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.descriptors.tokens import batches, segment


def measure_sequences(
    confidences: NDArray[Any] | None = None, texts: Sequence[str | None] | None = None
) -> dict[str, NDArray[np.float64]]:
    """All sequence columns by name, one value an answer, from token confidences, texts or both.

    Parameters
    ----------
    confidences
        ``(n, T)`` probability that the model gave each token it wrote, or its natural logarithm; see
        :func:`token_probabilities` for which it is and for padding.
    texts
        ``n`` answers as text.

    Returns
    -------
    dict
        Each of shape ``(n,)``:

        - ``length``: tokens the model wrote, by its confidences; without those the tokens of the text
          (:func:`collector.descriptors.tokens.segment`: words, and each Han or Kana character);
        - ``mean_confidence``: arithmetic mean of the token probabilities, 0..1;
        - ``min_confidence``: the smallest of them, 0..1;
        - ``characters``: length of the text in code points.

        NaN where what it takes is not given; the confidences also where an answer has no token.

    Raises
    ------
    ValueError
        Neither is given, ``confidences`` has fewer than two axes, or their rows differ.

    >>> found = measure_sequences(np.array([[0.5, 1.0, 0.0], [0.25, np.nan, np.nan]]), ["ab cd", "e"])
    >>> {name: values.tolist() for name, values in found.items()}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'length': [2.0, 1.0], 'mean_confidence': [0.75, 0.25], 'min_confidence': [0.5, 0.25],
     'characters': [5.0, 1.0]}
    """
    if confidences is not None and confidences.ndim < 2:
        raise ValueError(f"confidences of shape {confidences.shape} are not (rows, tokens)")
    given = confidences if texts is None else texts
    if given is None:
        raise ValueError("neither token confidences nor texts were given")
    rows = len(given)
    columns = ("length", "mean_confidence", "min_confidence", "characters")
    found = {name: np.full(rows, np.nan) for name in columns}
    if texts is not None:
        found["characters"] = np.array([np.nan if text is None else len(text) for text in texts], np.float64)
        found["length"] = _words(texts)
    if confidences is not None:
        if len(confidences) != rows:
            raise ValueError(f"{len(confidences)} rows of confidences do not go with {rows} texts")
        found |= _measure(confidences)
    return found


def token_probabilities(confidences: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities of the tokens of each answer, NaN where there is none, and how many tokens it has.

    Told for each row alone: with a value in (0, 1] it holds probabilities, else with a finite value below
    0 it holds their natural logarithms. The unusable values at its end are padding, whether 0, NaN,
    infinite or a negative number among probabilities; an unusable value before the last usable one counts
    as a token of unknown confidence. A row of logarithms whose last tokens are certain (exactly 0) loses
    these.

    >>> values = np.array([[0.5, np.nan, 0.25, -1.0], [np.log(0.5), 0.0, 0.0, 0.0], [0.0] * 4])
    >>> probabilities, lengths = token_probabilities(values)
    >>> probabilities.round(3).tolist(), lengths.tolist()
    ... # doctest: +NORMALIZE_WHITESPACE
    ([[0.5, nan, 0.25, nan], [0.5, nan, nan, nan], [nan, nan, nan, nan]], [3, 1, 0])
    """
    values = np.asarray(confidences, dtype=np.float64)
    values = values.reshape(len(values), -1 if values.size else 0)
    probable = (values > 0.0) & (values <= 1.0)
    logs = (values < 0.0) & np.isfinite(values) & ~probable.any(axis=1, keepdims=True)
    usable = probable | logs
    last_first = usable[:, ::-1]
    lengths = np.where(usable.any(axis=1), values.shape[1], 0)
    if values.shape[1]:
        lengths -= np.where(usable.any(axis=1), last_first.argmax(axis=1), 0)
        # A certain token between others is one in logarithms too.
        within = np.arange(values.shape[1]) < lengths[:, None]
        logs |= (values == 0.0) & within & logs.any(axis=1, keepdims=True)
    exponent = np.where(logs, values, 0.0)
    return np.where(logs, np.exp(exponent), np.where(probable, values, np.nan)), lengths


def _measure(confidences: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
    probabilities, lengths = token_probabilities(confidences)
    known = ~np.isnan(probabilities)
    count = known.sum(axis=1)
    totals = np.where(known, probabilities, 0.0).sum(axis=1)
    least = np.where(known, probabilities, np.inf).min(axis=1, initial=np.inf)
    return {
        "length": lengths.astype(np.float64),
        "mean_confidence": np.where(count > 0, totals / np.maximum(count, 1), np.nan),
        "min_confidence": np.where(count > 0, least, np.nan),
    }


def _words(texts: Sequence[str | None]) -> NDArray[np.float64]:
    found = np.full(len(texts), np.nan)
    known = [row for row, text in enumerate(texts) if text is not None]
    given = [text for text in texts if text is not None]
    for start, end in batches(given):
        segmented = segment(given[start:end])
        found[known[start:end]] = np.bincount(segmented.row_of_token, minlength=end - start)
    return found
