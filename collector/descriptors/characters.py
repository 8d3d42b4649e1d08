"""What each Unicode code point is: a table that is looked up for a whole batch of texts at once.

Python's standard library knows general categories but no scripts, so scripts are told by code blocks:
within a block named here every letter counts as of that script.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

OTHER, SPACE, DIGIT, PUNCTUATION, EMOJI, MARK, FIRST_SCRIPT = range(7)
"""Classes of code points; a letter has the class ``FIRST_SCRIPT`` plus the index of its script."""

_BLOCKS: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = (
    (
        "Latin",
        (
            (0x0041, 0x02AF),
            (0x1D00, 0x1D25),
            (0x1D2C, 0x1D5C),
            (0x1D62, 0x1D65),
            (0x1D6B, 0x1D77),
            (0x1D79, 0x1DBE),
            (0x1E00, 0x1EFF),
            (0x2C60, 0x2C7F),
            (0xA722, 0xA7FF),
            (0xAB30, 0xAB64),
            (0xFB00, 0xFB06),
            (0xFF21, 0xFF5A),
        ),
    ),
    (
        "Han",
        (
            (0x3005, 0x3007),
            (0x3021, 0x3029),
            (0x3038, 0x303B),
            (0x3400, 0x4DBF),
            (0x4E00, 0x9FFF),
            (0xF900, 0xFAFF),
            (0x20000, 0x323AF),
        ),
    ),
    ("Kana", ((0x3031, 0x3035), (0x3041, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F), (0x1AFF0, 0x1B16F))),
    ("Hangul", ((0x1100, 0x11FF), (0x3131, 0x318E), (0xA960, 0xA97F), (0xAC00, 0xD7FB), (0xFFA0, 0xFFDC))),
    ("Bopomofo", ((0x02EA, 0x02EB), (0x3105, 0x312F), (0x31A0, 0x31BF))),
    ("Cyrillic", ((0x0400, 0x052F), (0x1C80, 0x1C8F), (0xA640, 0xA69F))),
    ("Greek", ((0x0370, 0x03FF), (0x1F00, 0x1FFF))),
    ("Armenian", ((0x0531, 0x0588), (0xFB13, 0xFB17))),
    ("Georgian", ((0x10A0, 0x10FF), (0x1C90, 0x1CBF), (0x2D00, 0x2D2D))),
    ("Hebrew", ((0x05D0, 0x05F2), (0xFB1D, 0xFB4F))),
    ("Arabic", ((0x0620, 0x06FF), (0x0750, 0x077F), (0x0870, 0x08FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC))),
    ("Ethiopic", ((0x1200, 0x139F), (0x2D80, 0x2DDF))),
    ("Devanagari", ((0x0900, 0x097F), (0xA8E0, 0xA8FF))),
    ("Bengali", ((0x0980, 0x09FF),)),
    ("Gurmukhi", ((0x0A00, 0x0A7F),)),
    ("Gujarati", ((0x0A80, 0x0AFF),)),
    ("Oriya", ((0x0B00, 0x0B7F),)),
    ("Tamil", ((0x0B80, 0x0BFF),)),
    ("Telugu", ((0x0C00, 0x0C7F),)),
    ("Kannada", ((0x0C80, 0x0CFF),)),
    ("Malayalam", ((0x0D00, 0x0D7F),)),
    ("Sinhala", ((0x0D80, 0x0DFF),)),
    ("Thai", ((0x0E00, 0x0E7F),)),
    ("Lao", ((0x0E80, 0x0EFF),)),
    ("Tibetan", ((0x0F00, 0x0FFF),)),
    ("Myanmar", ((0x1000, 0x109F), (0xA9E0, 0xA9FE), (0xAA60, 0xAA7F))),
    ("Khmer", ((0x1780, 0x17FF),)),
    ("Mongolian", ((0x1800, 0x18AF),)),
)
SCRIPTS: tuple[str, ...] = (*(name for name, _ in _BLOCKS), "other")
"""Scripts that are told apart, by their Unicode names; Kana is Hiragana and Katakana together."""

CLASSES = FIRST_SCRIPT + len(SCRIPTS)
IDEOGRAPHIC = tuple(FIRST_SCRIPT + SCRIPTS.index(name) for name in ("Han", "Kana"))

# Extended_Pictographic of Unicode emoji 16, rounded to blocks, without the (c) and (R) of plain text.
_EMOJI = (
    (0x203C, 0x203C),
    (0x2049, 0x2049),
    (0x231A, 0x231B),
    (0x23E9, 0x23FA),
    (0x25FB, 0x25FE),
    (0x2600, 0x27BF),
    (0x2B1B, 0x2B1C),
    (0x2B50, 0x2B55),
    (0x1F000, 0x1F0FF),
    (0x1F170, 0x1F251),
    (0x1F300, 0x1FAFF),
)
# They change how the sign before them looks and belong to no word.
_VARIATION_SELECTORS = (0xFE00, 0xFE0F)
_KEYCAP = 0x20E3
_ASSIGNED = (range(0x33480), range(0xE0000, 0xE0200))
_END = 0x110000


@cache
def class_table() -> NDArray[np.uint8]:
    """Class of every code point, 1.1 MB; a lone surrogate or an unassigned point is ``OTHER``.

    >>> class_table()[[ord(sign) for sign in "a7 ,\U0001f600"]].tolist() == [
    ...     FIRST_SCRIPT, DIGIT, SPACE, PUNCTUATION, EMOJI]
    True
    """
    table = np.zeros(_END, dtype=np.uint8)
    letter = FIRST_SCRIPT + SCRIPTS.index("other")
    of_category = {"Nd": DIGIT, "Zs": SPACE, "Zl": SPACE, "Zp": SPACE}
    of_group = {"L": letter, "M": MARK, "P": PUNCTUATION}
    for points in _ASSIGNED:
        for point in points:
            category = unicodedata.category(chr(point))
            table[point] = of_category.get(category) or of_group.get(category[0], OTHER)
    table[[*range(0x09, 0x0E), 0x85]] = SPACE
    for index, (_, ranges) in enumerate(_BLOCKS):
        for start, end in ranges:
            block = table[start : end + 1]
            block[block == letter] = FIRST_SCRIPT + index
    # Ideographic numerals are no letters to Unicode, but are read as Han signs.
    table[[0x3007, *range(0x3021, 0x302A)]] = FIRST_SCRIPT + SCRIPTS.index("Han")
    for start, end in _EMOJI:
        table[start : end + 1] = EMOJI
    first, last = _VARIATION_SELECTORS
    table[first : last + 1] = OTHER
    table[_KEYCAP] = OTHER
    return table


@cache
def lower_table() -> NDArray[np.uint32]:
    """Lower-case code point of every code point whose lower case is one, else the point itself."""
    table = np.arange(_END, dtype=np.uint32)
    for point in range(0x1E944):  # the last script with two cases is Adlam
        lower = chr(point).lower()
        if len(lower) == 1:
            table[point] = ord(lower)
    return table
