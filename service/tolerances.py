"""Tolerances of outputs as a command line and a query string take them."""

from __future__ import annotations

from collections.abc import Sequence

from detectors.versions import Tolerance
from driftline.errors import InvalidInput


def parse_tolerances(texts: Sequence[str]) -> dict[str, Tolerance]:
    """Tolerances by output, from ``NAME=ABSOLUTE`` or ``NAME=ABSOLUTE,RELATIVE``.

    Raises
    ------
    InvalidInput
        A text is none, or an output is named twice.

    Examples
    --------
    >>> parse_tolerances(["score=0.01", "amount=0,1e-3"])["amount"]
    Tolerance(absolute=0.0, relative=0.001)
    """
    found: dict[str, Tolerance] = {}
    for text in texts:
        # A name may hold an equals sign, a number cannot.
        name, _, numbers = text.rpartition("=")
        try:
            absolute, *relative = (float(part) for part in numbers.split(","))
            if not name or len(relative) > 1:
                raise ValueError
            tolerance = Tolerance(absolute, *relative)
        except ValueError:
            raise InvalidInput(
                f"a tolerance is written NAME=ABSOLUTE or NAME=ABSOLUTE,RELATIVE with numbers of at least 0, "
                f"got {text!r}"
            ) from None
        if name in found:
            raise InvalidInput(f"two tolerances are given for {name!r}")
        found[name] = tolerance
    return found
