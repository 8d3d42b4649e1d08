"""Category names that a person would take for one and a database for two."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def folded(name: str) -> str:
    """What is left of a name without case, width, ligatures, accent encoding and outer or double spaces.

    Unicode NFKC, full case folding, NFKC again (folding can leave a composable sequence), spaces joined.

    >>> folded("  STRASSE ") == folded("straße")
    True
    >>> folded("e\\u0301") == folded("\\u00e9")
    True
    >>> folded("a") == folded("b")
    False
    """
    once = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", once).split())


def look_alikes(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Groups of different names that fold to the same, each in the order given.

    >>> look_alikes(["Paris", "Rome", "paris", "PARIS "])
    [('Paris', 'paris', 'PARIS ')]
    """
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        groups.setdefault(folded(name), []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]
