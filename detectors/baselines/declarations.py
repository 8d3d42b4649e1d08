"""Declarations: which recipe the owner of a model wants, in force before there is traffic to follow it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from detectors.baselines.recipe import Recipe, parse_recipe, recipe_json
from driftline.store import Store, load_sql


@dataclass(frozen=True, slots=True)
class Declaration:
    """One recipe in force.

    Attributes
    ----------
    version
        Version it is for; empty for any. The first hours are then those of each version on its own.
    name
        Name of the baselines it makes; from the recipe when empty.
    """

    model: str
    version: str
    name: str
    recipe: Recipe
    declared_at: datetime


def declare(
    store: Store,
    model: str,
    recipe: Recipe,
    *,
    version: str = "",
    name: str = "",
    now: datetime | None = None,
) -> Declaration:
    """Put a recipe in force for a model, or for one version of it, in place of the one before."""
    declared = Declaration(model, version, name, recipe, now or datetime.now(UTC))
    store.insert_rows(
        "baseline_recipes",
        [
            {
                "model": model,
                "version": version,
                "name": name,
                "recipe": recipe_json(recipe),
                "declared_at": declared.declared_at,
            }
        ],
    )
    return declared


def declarations(store: Store, models: Sequence[str] = ()) -> list[Declaration]:
    """The recipe in force of each version that has one, of some models or of all."""
    rows = store.query(load_sql(__file__, "declarations"), {"models": list(models)})
    return [
        Declaration(
            row["model"], row["version"], row["name"], parse_recipe(row["recipe"]), row["declared_at"]
        )
        for row in rows
    ]
