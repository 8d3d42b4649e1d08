"""Eleven values that change when the texts sent to a model change."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from collector.descriptors.characters import CLASSES, DIGIT, EMOJI, FIRST_SCRIPT, PUNCTUATION, SCRIPTS
from collector.descriptors.language import guess_languages
from collector.descriptors.reference import Vocabulary
from collector.descriptors.tokens import FIRST_CHARACTERS, Segmented, batches, segment
from driftline.contracts import DERIVED_COLUMNS

NGRAM = 3
DEFLATE_LEVEL, DEFLATE_WINDOW_BITS, DEFLATE_MEMORY = 1, -13, 5

_NGRAM_KEY = np.uint64(0x9E3779B97F4A7C15)
_HASH_BITS = np.uint64(40)

Columns = dict[str, NDArray[np.float64] | list[str | None]]


def measure_texts(texts: Sequence[str | None], vocabulary: Vocabulary | None = None) -> Columns:
    """All text columns by name, one value a text; NaN or ``None`` where there is no text.

    Everything but ``characters`` looks at the first 8,192 characters (code points) only.

    Returns
    -------
    dict
        - ``characters``: length in code points;
        - ``tokens``: number of tokens (:func:`collector.descriptors.tokens.segment`: words after UAX #29,
          each Han and Kana character one);
        - ``script``: the Unicode script of more than half of the letters, ``mixed`` if there is none,
          ``other`` for scripts not told apart, ``none`` without letters;
        - ``script_entropy``: Shannon entropy of the shares of scripts among the letters in bits, 0 for one
          script, 1 for two in equal parts; NaN without letters;
        - ``language``: see :func:`collector.descriptors.language.guess_languages`;
        - ``digit_share``, ``punctuation_share``, ``emoji_share``: share of the characters that are of the
          general category Nd, of one of P, or pictographs (an emoji made of several code points counts
          each pictograph in it), 0..1; NaN for an empty text;
        - ``unknown_share``: share of the tokens that the vocabulary lacks (out-of-vocabulary rate), 0..1;
          NaN without a vocabulary or tokens;
        - ``repetition``: ``1 - distinct / all`` token 3-grams, 0 (none occurs twice) to nearly 1 (Welleck
          et al., "Neural text generation with unlikelihood training", 2020, seq-rep-n with n = 3); NaN
          below 3 tokens;
        - ``compression_ratio``: bytes in UTF-8 divided by bytes after DEFLATE (RFC 1951, fastest level,
          8 KiB window, no header), above 0; about 1 for a short text, high for a repetitive one (the
          measure by which Whisper tells a looping transcript; Radford et al. 2022, section 4.5, there
          with zlib's header); NaN for an empty text.

    >>> found = measure_texts(["Pay 12 euros!", "мир peace", None])
    >>> found["characters"].tolist(), found["tokens"].tolist()
    ([13.0, 9.0, nan], [3.0, 2.0, nan])
    >>> found["script"], found["script_entropy"].round(3).tolist()
    (['Latin', 'Latin', None], [0.0, 0.954, nan])
    >>> found["digit_share"].round(4).tolist(), found["punctuation_share"].round(4).tolist()
    ([0.1538, 0.0, nan], [0.0769, 0.0, nan])
    """
    known = [row for row, text in enumerate(texts) if text is not None]
    columns: Columns = {
        name: np.full(len(texts), np.nan) if kind == "numeric" else [None] * len(texts)
        for name, kind in DERIVED_COLUMNS["text"]
    }
    given = [text for text in texts if text is not None]
    for start, end in batches(given):
        rows = known[start:end]
        for name, values in _measure(given[start:end], vocabulary).items():
            column = columns[name]
            if isinstance(column, list):
                for row, value in zip(rows, values, strict=True):
                    column[row] = str(value)
            else:
                column[rows] = values
    return columns


def _measure(
    texts: Sequence[str], vocabulary: Vocabulary | None
) -> dict[str, NDArray[np.float64] | list[str]]:
    segmented = segment(texts)
    rows = len(texts)
    counts = np.bincount(
        segmented.row_of_sign * CLASSES + segmented.classes, minlength=rows * CLASSES
    ).reshape(rows, CLASSES)
    letters = counts[:, FIRST_SCRIPT:]
    dominant = letters.argmax(axis=1)
    tokens = np.bincount(segmented.row_of_token, minlength=rows)
    characters = np.array([len(text) for text in texts], dtype=np.float64)
    measured = np.minimum(characters, FIRST_CHARACTERS)
    return {
        "characters": characters,
        "tokens": tokens.astype(np.float64),
        "script": _scripts(letters, dominant),
        "script_entropy": _entropy(letters),
        "language": guess_languages(segmented, letters, dominant),
        "digit_share": _ratio(counts[:, DIGIT], measured),
        "punctuation_share": _ratio(counts[:, PUNCTUATION], measured),
        "emoji_share": _ratio(counts[:, EMOJI], measured),
        "unknown_share": _unknown_share(segmented, tokens, vocabulary),
        "repetition": _repetition(segmented),
        "compression_ratio": np.array([_compression_ratio(text[:FIRST_CHARACTERS]) for text in texts]),
    }


def _ratio(
    part: NDArray[np.integer], whole: NDArray[np.integer] | NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.asarray(np.divide(part, whole, where=whole > 0, out=np.full(len(part), np.nan)))


def _scripts(letters: NDArray[np.int64], dominant: NDArray[np.int64]) -> list[str]:
    total = letters.sum(axis=1)
    most = letters[np.arange(len(letters)), dominant]
    return [
        "none" if all_of == 0 else SCRIPTS[script] if 2 * of_it > all_of else "mixed"
        for script, of_it, all_of in zip(dominant.tolist(), most.tolist(), total.tolist(), strict=True)
    ]


def _entropy(letters: NDArray[np.int64]) -> NDArray[np.float64]:
    total = letters.sum(axis=1)
    row, script = np.nonzero(letters)
    counts = letters[row, script]
    shares = counts / total[row]
    bits = np.bincount(row, weights=-shares * np.log2(shares), minlength=len(letters))
    return np.where(total > 0, np.abs(bits), np.nan)


def _unknown_share(
    segmented: Segmented, tokens: NDArray[np.int64], vocabulary: Vocabulary | None
) -> NDArray[np.float64]:
    if vocabulary is None:
        return np.full(segmented.rows, np.nan)
    unknown = segmented.row_of_token[~vocabulary.knows(segmented.hashes)]
    return _ratio(np.bincount(unknown, minlength=segmented.rows), tokens)


def _repetition(segmented: Segmented) -> NDArray[np.float64]:
    rows, hashes = segmented.row_of_token, segmented.hashes.astype(np.uint64)
    size = max(0, len(hashes) - NGRAM + 1)
    whole = rows[:size] == rows[NGRAM - 1 :] if size else np.zeros(0, dtype=np.bool_)
    mixed = np.zeros(size, dtype=np.uint64)
    for place in range(NGRAM):
        mixed = (mixed ^ hashes[place : place + size]) * _NGRAM_KEY
    # The text in the high bits, 40 bits of the hash below: one sort finds the repeats of all texts.
    row_bits = rows[:size][whole].astype(np.uint64) << _HASH_BITS
    keys = np.sort(row_bits | (mixed[whole] >> (np.uint64(64) - _HASH_BITS)))
    again = (keys[1:][keys[1:] == keys[:-1]] >> _HASH_BITS).astype(np.int64)
    return _ratio(
        np.bincount(again, minlength=segmented.rows),
        np.bincount(rows[:size][whole], minlength=segmented.rows),
    )


def _compression_ratio(text: str) -> float:
    if not text:
        return float("nan")
    content = text.encode("utf-8", "surrogatepass")
    deflate = zlib.compressobj(DEFLATE_LEVEL, zlib.DEFLATED, DEFLATE_WINDOW_BITS, DEFLATE_MEMORY)
    return len(content) / (len(deflate.compress(content)) + len(deflate.flush()))
