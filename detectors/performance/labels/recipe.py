"""Which parts of an event the join takes along: contract in, slots out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import orjson

from driftline.contracts import Column, Contract
from driftline.quality_contract import LABELLED_WITH, Quality, Task

_TEXT_TASKS = ("transcription", "ranking")


@dataclass(frozen=True)
class JoinRecipe:
    """Slots of the columns that go into ``labelled_events``, counted from 1; 0 where there is none.

    Attributes
    ----------
    category_slot, number_slot
        Of the prediction, whichever kind it is.
    text_field
        Field of ``payloads`` that holds a predicted text, when no column does.
    scores, score_slots
        Classes with the slots of their probabilities; the class is empty for the probability of whatever
        was predicted.
    key_slot
        Categorical column that labels name in place of the event id.
    propensity_slot
        Numeric column with the probability of being labelled.
    labels_bring_propensity
        Every label says its own.
    segments, segment_slots
        Categorical columns of the role segment.
    kpis, kpi_slots
        Figures that are columns of the event.
    """

    task: Task
    category_slot: int
    number_slot: int
    text_field: str
    scores: tuple[str, ...]
    score_slots: tuple[int, ...]
    key_slot: int
    propensity_slot: int
    labels_bring_propensity: bool
    segments: tuple[str, ...]
    segment_slots: tuple[int, ...]
    kpis: tuple[str, ...]
    kpi_slots: tuple[int, ...]

    @cached_property
    def recipe(self) -> int:
        """Number under which the rows are kept; it changes only with what is taken, not with metrics."""
        digest = blake2b(orjson.dumps(asdict(self)), digest_size=8).digest()
        return int.from_bytes(digest, "big")

    def params(self) -> dict[str, Any]:
        """Parameters of the joining statements."""
        return {
            "recipe": self.recipe,
            "task": self.task,
            "category_slot": self.category_slot,
            "number_slot": self.number_slot,
            "text_field": self.text_field,
            "score_slots": list(self.score_slots),
            "key_slot": self.key_slot,
            "propensity_slot": self.propensity_slot,
            "labels_bring_propensity": int(self.labels_bring_propensity),
            "segment_slots": list(self.segment_slots),
        }


def join_recipe(contract: Contract) -> JoinRecipe | None:
    """What is taken from the events of a model; ``None`` when its contract measures no quality."""
    quality = contract.quality_or_default()
    if quality is None:
        return None
    columns = {column.name: column for column in contract.columns()}
    name = quality.prediction or contract.prediction
    answer = columns.get(name)
    raw = {field.name for field in contract.fields if field.store_raw}
    scores = dict(quality.scores) or _confidence(quality, answer, columns)
    segments = [
        column for column in contract.columns() if column.role == "segment" and column.kind == "categorical"
    ]
    figures = [(kpi.name, columns[kpi.column]) for kpi in quality.kpis if kpi.column]
    own = quality.propensity == LABELLED_WITH
    return JoinRecipe(
        task=quality.task,
        category_slot=_slot(answer, "categorical"),
        number_slot=_slot(answer, "numeric"),
        text_field=name if answer is None and quality.task in _TEXT_TASKS and name in raw else "",
        scores=tuple(scores),
        score_slots=tuple(_slot(columns[column], "numeric") for column in scores.values()),
        key_slot=_slot(columns.get(quality.key), "categorical"),
        propensity_slot=0 if own else _slot(columns.get(quality.propensity), "numeric"),
        labels_bring_propensity=own,
        segments=tuple(column.name for column in segments),
        segment_slots=tuple(_slot(column, "categorical") for column in segments),
        kpis=tuple(kpi for kpi, _ in figures),
        kpi_slots=tuple(_slot(column, "numeric") for _, column in figures),
    )


def _confidence(quality: Quality, answer: Column | None, columns: dict[str, Column]) -> dict[str, str]:
    """Column with the probability of the predicted class, under the class ``''``."""
    if quality.task != "classification":
        return {}
    name = quality.confidence or (f"{answer.field}.confidence" if answer is not None else "")
    column = columns.get(name)
    return {"": name} if column is not None and column.kind == "numeric" else {}


def _slot(column: Column | None, kind: str) -> int:
    return column.slot + 1 if column is not None and column.kind == kind else 0
