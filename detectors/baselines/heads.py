"""Which baseline is in force for each version, and when it was made: all that a decision to renew needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from detectors.baselines.recipe import Recipe, parse_recipe
from driftline.ids import BaselineId
from driftline.store import Store, load_sql


@dataclass(frozen=True, slots=True)
class Head:
    """The newest baseline of one version of a model; ``history_until`` is 1970 when not known."""

    baseline_id: BaselineId
    model: str
    version: str
    created_at: datetime
    recipe: Recipe
    history_until: datetime


def heads(store: Store, models: Sequence[str] = ()) -> dict[str, dict[str, Head]]:
    """The newest baseline of every version, by model and version; of all models when none are named."""
    found: dict[str, dict[str, Head]] = {}
    for row in store.query(load_sql(__file__, "heads"), {"models": list(models)}):
        head = Head(
            BaselineId(row["baseline_id"]),
            row["model"],
            row["version"],
            row["created_at"],
            parse_recipe(row["recipe"]),
            row["history_until"],
        )
        found.setdefault(head.model, {})[head.version] = head
    return found
