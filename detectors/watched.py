"""One version of a model with everything it is judged against: fields, references, budget."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.baselines.baseline import Baseline
from detectors.budget import ModelBudget
from detectors.evidence.score_set import CATEGORICAL_SCORES, NUMERIC_NAMES
from detectors.profiles.counting_plan import CountingPlan
from detectors.profiles.score_records import RecordShape, ScoredModel
from detectors.reference_stack import ReferenceStack
from driftline.contracts import Column, ColumnKind, Contract
from driftline.settings import Settings

Vector = NDArray[np.float64]

KINDS: tuple[ColumnKind, ...] = ("numeric", "categorical")
SCORES = {"numeric": len(NUMERIC_NAMES), "categorical": CATEGORICAL_SCORES}


@dataclass(frozen=True, slots=True)
class WatchedStack:
    """The fields of one kind: over all rows, then segment by segment.

    Attributes
    ----------
    columns, segments
        Column and segment of each of the F fields.
    noise
        Packed noise models, one a field.
    budget
        Expected false episodes a year that each field may have, shape ``(F,)``.
    tolerances
        Smallest effects that count, shape ``(F,)``.
    """

    kind: ColumnKind
    columns: tuple[Column, ...]
    segments: tuple[str, ...]
    references: ReferenceStack
    noise: tuple[bytes, ...]
    budget: Vector
    tolerances: Vector


@dataclass(frozen=True, slots=True)
class Watched:
    """One version of a model against one baseline.

    Attributes
    ----------
    plans
        How its events are counted: the first counts all rows, and each one the values of one segment field.
    segments
        Segments that are watched, ``""`` (all rows) first.
    stacks
        Its fields by kind, numeric ones first.
    appeared
        Columns of the contract that the baseline does not have.
    vanished
        Names of the baseline's columns that the contract no longer has.
    """

    contract: Contract
    version: str
    baseline: Baseline
    plans: tuple[CountingPlan, ...]
    segments: tuple[str, ...]
    stacks: tuple[WatchedStack, ...]
    appeared: tuple[Column, ...]
    vanished: tuple[str, ...]

    @classmethod
    def of(
        cls, contract: Contract, version: str, baseline: Baseline, settings: Settings, models: int
    ) -> Watched:
        """Prepare a version of a model; ``models`` is the size of the fleet that shares a fleet's budget."""
        columns = contract.columns()
        layouts = {name: column.layout for name, column in baseline.columns.items()}
        means = {name: column.mean for name, column in baseline.columns.items()}
        known = {c.name: c for c in columns if c.name in layouts and layouts[c.name].kind == c.kind}
        laid = {name: layouts[name] for name in known}
        by_field = _segment_values(contract, baseline, known)
        whole = CountingPlan.of(contract, laid, means)
        plans = tuple(
            CountingPlan.of(contract, laid, means, segment=field, segment_values=values)
            for field, values in by_field.items()
        )
        segments = ("", *(f"{field}={value}" for field, values in by_field.items() for value in values))
        budget = ModelBudget(settings.budget.per_model_year(models), len(known), len(segments) - 1)
        stacks = []
        for kind, names in zip(
            KINDS, (whole.columns[: whole.numeric], whole.columns[whole.numeric :]), strict=True
        ):
            of_segment = [baseline.columns, *(baseline.segments[segment] for segment in segments[1:])]
            references = [reference[name] for reference in of_segment for name in names]
            mine = tuple(known[name] for _ in segments for name in names)
            stacks.append(
                WatchedStack(
                    kind=kind,
                    columns=mine,
                    segments=tuple(segment for segment in segments for _ in names),
                    references=ReferenceStack.of(references),
                    noise=tuple(reference.noise for reference in references),
                    budget=np.array(
                        [
                            budget.segment_field if segment else budget.field
                            for segment in segments
                            for _ in names
                        ]
                    ),
                    tolerances=np.array(
                        [
                            settings.drift_tolerance if column.tolerance is None else column.tolerance
                            for column in mine
                        ]
                    ),
                )
            )
        return cls(
            contract=contract,
            version=version,
            baseline=baseline,
            plans=plans or (whole,),
            segments=segments,
            stacks=tuple(stacks),
            appeared=tuple(column for column in columns if column.name not in known),
            vanished=tuple(sorted(set(layouts) - {column.name for column in columns})),
        )

    @property
    def model(self) -> str:
        return self.contract.model

    @property
    def fields(self) -> int:
        """Fields that are judged, those of segments counted apart."""
        return sum(len(stack.columns) for stack in self.stacks)

    def scored(self) -> list[ScoredModel]:
        """Its series of scores, one a segment."""
        shape = RecordShape(
            tuple(
                (
                    tuple(
                        column.name for column in stack.columns[: len(stack.columns) // len(self.segments)]
                    ),
                    1 + SCORES[stack.kind],
                )
                for stack in self.stacks
            )
        )
        return [
            ScoredModel(self.model, self.version, self.baseline.baseline_id, segment, shape)
            for segment in self.segments
        ]


def _segment_values(
    contract: Contract, baseline: Baseline, known: dict[str, Column]
) -> dict[str, tuple[str, ...]]:
    """Values of each segment field that the baseline knows with all of the columns."""
    found: dict[str, tuple[str, ...]] = {}
    for field in (column for column in contract.columns() if column.role == "segment"):
        prefix = f"{field.name}="
        values = tuple(
            segment.removeprefix(prefix)
            for segment, columns in baseline.segments.items()
            if segment.startswith(prefix) and set(known) <= set(columns)
        )
        if values and field.kind == "categorical":
            found[field.name] = values
    return found
