"""The false-alarm budget of one model, spelled out: where it goes, and what splitting it costs in power."""

from __future__ import annotations

import math

import numpy as np

from detectors.budget import MODEL_LEVEL_TESTS, ModelBudget, month
from detectors.decision import POWER_95
from detectors.evidence.budget import monitoring_threshold
from detectors.evidence.scoring import score_set
from detectors.evidence.yardstick import BASELINE_ROWS_CAP
from detectors.watched import Watched
from driftline.readmodel.budget import Budget, BudgetPart, Detectable
from driftline.settings import Settings

SCALES = (1, 3, 24)
"""Windows after a change that the report answers for."""


def budget_report(watched: Watched, settings: Settings, models: int, window_rows: float) -> Budget:
    """Spell out the budget of a version; ``models`` share it when it is the fleet's."""
    per_year = settings.budget.per_model_year(models)
    fields = sum(stack.segments.count("") for stack in watched.stacks)
    budget = ModelBudget(per_year, fields, len(watched.segments) - 1)
    window = settings.window_seconds
    undivided = monitoring_threshold(month(per_year), window)

    def part(about: str, count: int, each: float, share: float = 1.0) -> BudgetPart:
        threshold = monitoring_threshold(month(each * share), window)
        cost = (threshold + POWER_95) / (undivided + POWER_95)
        return BudgetPart(
            about=about,
            count=count,
            per_year=each * count,
            threshold=threshold,
            undivided=undivided,
            cost=cost,
        )

    parts = [
        part("quality (decay)", 1, budget.decay),
        part("several fields at once", MODEL_LEVEL_TESTS, budget.model_level_test),
    ]
    location = math.nan
    for stack in watched.stacks:
        main = [index for index, segment in enumerate(stack.segments) if segment == ""]
        if not main:
            continue
        references = stack.references.select(np.array(main[:1], dtype=np.intp))
        scores = score_set(references.layouts, references.counts, references.effective_rows)
        # The direction with the largest share of a field's budget: location, or a category.
        share = float(scores.budget.max())
        if stack.kind == "numeric":
            location = monitoring_threshold(month(budget.field * share), window)
        for about, each, count in (
            (f"{stack.kind} fields", budget.field, len(main)),
            (f"{stack.kind} fields in segments", budget.segment_field, len(stack.columns) - len(main)),
        ):
            if count:
                parts.append(part(about, count, each, share))
    rows = max((column.effective_rows for column in watched.baseline.columns.values()), default=0.0)
    reference = min(max(rows, 1.0), BASELINE_ROWS_CAP)
    return Budget(
        model=watched.model,
        version=watched.version,
        stated=settings.false_alarm_budget,
        models=models if settings.budget.scope == "fleet" else 1,
        per_year=per_year,
        parts=tuple(parts),
        window_rows=window_rows,
        detectable=tuple(
            Detectable(
                windows=scale,
                shift_sd=(location + POWER_95) * math.sqrt(1 / (window_rows * scale) + 1 / reference),
            )
            for scale in SCALES
        ),
    )
