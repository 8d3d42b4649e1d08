"""The library of online detectors, loaded when one is asked for."""

from __future__ import annotations

import importlib
from typing import Any, Protocol

from driftline.errors import DependencyMissing


class RiverDetector(Protocol):
    """What all of river's detectors have in common."""

    @property
    def drift_detected(self) -> bool: ...

    def update(self, x: Any) -> None: ...


def river_detector(module: str, name: str, **parameters: object) -> RiverDetector:
    """One of river's detectors, ``river.drift`` or ``river.drift.binary``.

    Raises
    ------
    DependencyMissing
        river is not installed.
    """
    try:
        made: RiverDetector = getattr(importlib.import_module(module), name)(**parameters)
    except ImportError as error:
        raise DependencyMissing(
            "online detectors need river: install it with `pip install 'driftline[streams]'`"
        ) from error
    return made
