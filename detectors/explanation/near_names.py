"""Errors for names that are not there, with those that are close."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from driftline.errors import NotFound

SHOWN = 5


def not_found(what: str, name: str, known: Iterable[str], otherwise: str = "") -> NotFound:
    """An error for an unknown name.

    Parameters
    ----------
    what
        Kind of thing, such as ``field of model 'm'``.
    otherwise
        What to do when there is nothing at all.

    Examples
    --------
    >>> not_found("field of 'm'", "amonut", ["amount", "age"]).message
    "there is no field of 'm' called 'amonut'; did you mean 'amount'?"
    >>> not_found("field of 'm'", "x", ["amount", "age"]).message
    "there is no field of 'm' called 'x'; there are 'age', 'amount'"
    """
    names = sorted(set(known))
    folded = {one.lower(): one for one in names}
    close = [folded[one] for one in difflib.get_close_matches(name.lower(), folded, n=SHOWN, cutoff=0.7)]
    close += [one for one in names if one not in close and _holds_the_other(name.lower(), one.lower())]
    said = f"there is no {what} called {name!r}"
    if close:
        said += f"; did you mean {_listed(close[:SHOWN], 'or')}?"
    elif names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        said += f"; there are {_listed(names[:SHOWN], ',')}{more}"
    elif otherwise:
        said += f": {otherwise}"
    return NotFound(said)


def _holds_the_other(one: str, other: str) -> bool:
    return bool(one and other) and (one in other or other in one)


def _listed(names: list[str], word: str) -> str:
    return (", " if word == "," else f" {word} ").join(map(repr, names))
