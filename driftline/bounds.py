"""A comparison with a number, as people write it into rules and gates."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BeforeValidator

_BOUND = re.compile(r"\s*(>=|<=|>|<)\s*([+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(%?)\s*")
_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


@dataclass(frozen=True, slots=True)
class Bound:
    """A comparison with a number, as ``>= 0.2`` or ``< 50%``.

    >>> Bound.parse("< 50%").holds(0.4), Bound.parse(">= 0.2").holds(0.1)
    (True, False)
    >>> Bound.parse(">= 0.2").holds(float("nan"))
    False
    """

    comparison: str
    limit: float

    @classmethod
    def parse(cls, text: object) -> Bound:
        """Read a bound; ``ValueError`` says what one looks like."""
        found = _BOUND.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise ValueError(f"{text!r} is no bound: write a comparison and a number, as '>= 0.2' or '< 50%'")
        return cls(found[1], float(found[2]) / (100 if found[3] else 1))

    def holds(self, value: float) -> bool:
        """Whether a figure keeps to it; one that is not known does not."""
        return not math.isnan(value) and _OPERATORS[self.comparison](value, self.limit)

    def __str__(self) -> str:
        return f"{self.comparison} {self.limit:g}"


def unpercented(value: object) -> object:
    """A percentage as a share; anything else as it is.

    >>> unpercented("0.5%"), unpercented(0.02)
    (0.005, 0.02)
    """
    if isinstance(value, str) and value.rstrip().endswith("%"):
        try:
            return float(value.rstrip()[:-1]) / 100
        except ValueError:
            return value
    return value


Amount = Annotated[float, BeforeValidator(unpercented)]
"""A number that may be written as a percentage."""
