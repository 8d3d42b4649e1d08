"""What a label must look like for what its model is measured by."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

import orjson

from driftline.contracts import Contract

SAME: Final = frozenset({"1", "1.0", "true", "same"})
DIFFERENT: Final = frozenset({"0", "0.0", "false", "different"})
"""Labels of a verification, in any case: the two are the same, or they are not."""

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
"""Numbers as ClickHouse reads them too."""


@dataclass(frozen=True)
class LabelRules:
    """Rules that follow from a contract; without one, or without quality in it, any text is a label.

    Parameters
    ----------
    task
        What the truth is, empty when nothing is known of it.
    kpis
        Names that figures may have; ``None``: any.
    classes
        Classes that the model knows, empty when it does not say.
    key
        Column that labels name in place of the event id, with its slot from 0.
    """

    task: str = ""
    kpis: frozenset[str] | None = None
    classes: frozenset[str] = frozenset()
    key_slot: int | None = None

    @classmethod
    def of(cls, contract: Contract | None) -> LabelRules:
        """The rules of a contract."""
        quality = contract.quality_or_default() if contract is not None else None
        if contract is None or quality is None:
            return cls()
        column = contract.column(quality.prediction or contract.prediction)
        known = next(
            (field.classes for field in contract.fields if column and field.name == column.field), ()
        )
        key = contract.column(quality.key) if quality.key else None
        classes = {*quality.scores, *known} if len(quality.scores) != 1 else {*known}
        return cls(
            task=quality.task,
            kpis=frozenset(kpi.name for kpi in quality.kpis),
            classes=frozenset(classes) if quality.task == "classification" else frozenset(),
            key_slot=None if key is None else key.slot,
        )

    def fault(self, event_id: str, label: str, name: str, propensity: float) -> str:
        """Why a label cannot be taken; empty when it can.

        >>> LabelRules("regression", frozenset()).fault("e1", "12,5", "", 1.0)
        "'12,5' is not a finite number"
        >>> LabelRules("verification", frozenset()).fault("e1", "TRUE", "", 1.0)
        ''
        """
        if not event_id.strip("\0"):
            return "the event id is empty"
        if not 0 < propensity <= 1:
            return f"propensity {propensity:g} is not above 0 and at most 1"
        if name and self.kpis is not None and name not in self.kpis:
            known = ", ".join(sorted(self.kpis)) or "none"
            return f"{name!r} is no figure of the contract; its kpis are {known}"
        if not name and self.task == "kpi":
            return "it needs a name: the contract measures nothing but its kpis"
        if not name and self.task == "verification":
            same = label.strip().lower()
            return (
                "" if same in SAME | DIFFERENT else f"{label[:50]!r} says neither same (1) nor different (0)"
            )
        if name or self.task == "regression":
            return "" if is_number(label) else f"{label[:50]!r} is not a finite number"
        if self.task == "ranking":
            return "" if _is_items(label) else f"{label[:50]!r} is no JSON array or object of items"
        if self.task == "classification" and not label:
            return "the class is empty"
        return ""

    def is_new_class(self, label: str, name: str) -> bool:
        """Whether a label names a class the contract does not know."""
        return not name and bool(self.classes) and label not in self.classes


def is_number(text: str) -> bool:
    """Whether a text is a finite number.

    >>> [is_number(text) for text in ("-1.5e3", " 7 ", "nan", "1e999", "1_000", "")]
    [True, True, False, False, False, False]
    """
    return bool(NUMBER.fullmatch(text.strip())) and math.isfinite(float(text))


def _is_items(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), (list, dict))
    except orjson.JSONDecodeError:
        return False
