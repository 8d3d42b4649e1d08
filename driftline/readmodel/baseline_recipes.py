"""Recipes: how an owner wants the baselines of a model made and kept."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from driftline.readmodel.records import JsonObject, Record, parse_json_object
from driftline.store import Store, load_sql


class BaselineRecipe(Record):
    """The recipe in force for a model, or for one version of it."""

    version: str = Field(description="Version it is for; empty for any.")
    name: str = Field(description="Name of the baselines it makes; from the recipe when empty.")
    recipe: JsonObject = Field(description="kind says which of the five.")
    declared_at: datetime


def baseline_recipes(store: Store, model: str) -> list[BaselineRecipe]:
    """Recipes of a model in force, by version."""
    rows = store.query(load_sql(__file__, "baseline_recipes"), {"model": model})
    return [BaselineRecipe.model_validate(row | {"recipe": parse_json_object(row["recipe"])}) for row in rows]
