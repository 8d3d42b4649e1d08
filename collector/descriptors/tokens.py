"""Words of a whole batch of texts at once: where they start, whose they are, and a hash of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from collector.descriptors.characters import (
    DIGIT,
    FIRST_SCRIPT,
    IDEOGRAPHIC,
    MARK,
    class_table,
    lower_table,
)
from collector.descriptors.fixed_random import splitmix64

FIRST_CHARACTERS = 8192
"""Characters of a text that are looked at."""
CHARACTERS_AT_ONCE = 1 << 17
LONGEST_TOKEN = 64
"""Characters of a token that its hash takes in."""

_HASH_SEED = 0x7E87
_UNDERSCORE = 0x5F
_APOSTROPHES = (0x27, 0x2019)
_NUMBER_SIGNS = (0x2C, 0x2E)


@dataclass(frozen=True, slots=True)
class Segmented:
    """A batch of texts cut into tokens.

    Attributes
    ----------
    rows
        Number of texts.
    row_of_sign, classes
        For every code point of the batch its text and its class (see ``characters``); the spaces
        put between texts count as theirs.
    row_of_token, hashes
        For every token, in reading order, its text and its 32-bit hash.
    """

    rows: int
    row_of_sign: NDArray[np.int64]
    classes: NDArray[np.uint8]
    row_of_token: NDArray[np.int64]
    hashes: NDArray[np.uint32]


def batches(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Ranges of texts that are cut together, so that memory does not grow with the stack."""
    start = signs = 0
    for index, text in enumerate(texts):
        if signs > CHARACTERS_AT_ONCE:
            yield start, index
            start, signs = index, 0
        signs += 1 + min(len(text), FIRST_CHARACTERS)
    if texts:
        yield start, len(texts)


def segment(texts: Sequence[str]) -> Segmented:
    """Cut the first 8,192 characters of each text into tokens.

    After the default word boundaries of Unicode (UAX #29), simplified: a token is a run of letters,
    digits, marks and ``_``, with apostrophes between letters (``don't``) and ``.`` or ``,`` between digits
    (``1,234.5``). Every Han, Hiragana and Katakana character is a token of its own. Scripts written
    without spaces that need a dictionary (Thai, Lao, Khmer, Burmese) give one token a run. Signs, emoji
    and punctuation are no tokens.

    The hash takes the lower-case form (one code point for one; no normalisation) of the first 64
    characters: multilinear, ``(k0 + sum k[i] c[i] mod 2^64) >> 32`` with fixed odd keys, so that two given
    tokens collide with a probability of about 2^-32 (Lemire and Kaser, "Strongly universal string hashing
    is fast", 2014). It is the same in every process, and is no secret: it can be guessed from a word list.

    >>> found = segment(["Don't pay 1,234.5!", "", "我想 ok"])
    >>> found.row_of_token.tolist()
    [0, 0, 0, 2, 2, 2]
    >>> bool(found.hashes[5] == segment(["OK"]).hashes[0])
    True
    """
    texts = [text[:FIRST_CHARACTERS] for text in texts]
    # One space before, between and behind, so that every character has two neighbours.
    joined = "\n".join(["", *texts, ""]) if texts else ""
    signs = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    classes = class_table()[signs]
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts)) + 1
    lengths[:1] += 1
    row_of_sign = np.repeat(np.arange(len(texts)), lengths)

    ideographic = (classes == IDEOGRAPHIC[0]) | (classes == IDEOGRAPHIC[1])
    alphabetic = (classes >= FIRST_SCRIPT) & ~ideographic
    digit, mark = classes == DIGIT, classes == MARK
    word = (classes >= FIRST_SCRIPT) | digit | mark | (signs == _UNDERSCORE)
    for between, joints in ((alphabetic, _APOSTROPHES), (digit, _NUMBER_SIGNS)):
        at = np.flatnonzero((signs == joints[0]) | (signs == joints[1]))
        word[at] = between[at - 1] & between[at + 1]

    starts_token = word.copy()
    starts_token[1:] &= ~word[:-1] | ideographic[1:] | (ideographic[:-1] & ~mark[1:])
    starts = np.flatnonzero(starts_token)
    return Segmented(
        rows=len(texts),
        row_of_sign=row_of_sign,
        classes=classes,
        row_of_token=row_of_sign[starts],
        hashes=_hashes(signs, word, starts_token, starts),
    )


def _hashes(
    signs: NDArray[np.uint32],
    word: NDArray[np.bool_],
    starts_token: NDArray[np.bool_],
    starts: NDArray[np.int64],
) -> NDArray[np.uint32]:
    if not len(starts):
        return np.zeros(0, dtype=np.uint32)
    at = np.flatnonzero(word)
    firsts = np.flatnonzero(starts_token[at])
    within = np.arange(len(at)) - np.repeat(firsts, np.diff(firsts, append=len(at)))
    keys = _hash_keys()
    products = lower_table()[signs[at]] * keys[np.minimum(within, LONGEST_TOKEN)]
    sums = np.add.reduceat(products, firsts) + keys[-1]
    return np.asarray(sums >> np.uint64(32), dtype=np.uint32)


@cache
def _hash_keys() -> NDArray[np.uint64]:
    """A key for each place in a token, 0 for the places beyond, and the constant at the end."""
    keys = splitmix64(_HASH_SEED, LONGEST_TOKEN + 2) | np.uint64(1)
    keys[LONGEST_TOKEN] = 0
    return keys
