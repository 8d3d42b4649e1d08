"""Which baselines are due: a pure decision from what was declared, what is in force and what time it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from detectors.baselines.declarations import Declaration
from detectors.baselines.heads import Head
from detectors.baselines.recipe import FirstHoursRecipe, Recipe, RollingRecipe, SeasonalRecipe, trailing_span

BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)

GROWN = SeasonalRecipe(weeks=2)
"""What follows the first hours where nothing was declared: a first day cannot know the course of a week."""


@dataclass(frozen=True, slots=True)
class Due:
    """A baseline that should be made as soon as its traffic is there.

    Attributes
    ----------
    version
        Version that the baseline is for; empty for any.
    renewal
        Whether it follows one of the same recipe.
    """

    model: str
    version: str
    name: str
    recipe: Recipe
    renewal: bool = False


def with_default(
    model: str, declared: Iterable[Declaration], in_force: Mapping[str, Head], default: Recipe | None
) -> list[Declaration]:
    """Declarations of a model, and the default where nothing else covers every version."""
    found = list(declared)
    if default is not None and "" not in in_force and all(one.version for one in found):
        found.append(Declaration(model, "", "", default, BEFORE_ALL))
    return found


def due(
    declared: Iterable[Declaration],
    in_force: Mapping[str, Head],
    seen_versions: Collection[str],
    last_closed: datetime,
    window_seconds: int,
) -> list[Due]:
    """What is due for one model.

    Parameters
    ----------
    declared
        Recipes of the model in force, one a version; see :func:`with_default`.
    in_force
        Its newest baseline of each version.
    seen_versions
        Versions with recent traffic.
    last_closed
        End of the newest closed window.
    """
    declared = list(declared)
    spoken_for = {one.version for one in declared if one.version}
    found: list[Due] = []
    for one in declared:
        if isinstance(one.recipe, FirstHoursRecipe):
            versions = [one.version] if one.version else sorted(set(seen_versions) - spoken_for)
            found += [
                Due(one.model, version, one.name, one.recipe)
                for version in versions
                if _unmet(one, in_force.get(version))
            ]
            if one.declared_at == BEFORE_ALL:
                found += [
                    Due(one.model, head.version, "", GROWN, renewal=True)
                    for head in in_force.values()
                    if head.version in seen_versions
                    and head.recipe == one.recipe
                    and last_closed - head.history_until >= timedelta(weeks=GROWN.weeks)
                ]
        elif isinstance(one.recipe, (RollingRecipe, SeasonalRecipe)):
            head = in_force.get(one.version)
            unmet = _unmet(one, head)
            if unmet or _outlived(one.recipe, head, last_closed, window_seconds):
                found.append(Due(one.model, one.version, one.name, one.recipe, renewal=not unmet))
    return found


def _unmet(declared: Declaration, head: Head | None) -> bool:
    """Whether the recipe has not been followed since it was declared."""
    if head is None:
        return True
    return head.created_at < declared.declared_at and head.recipe != declared.recipe


def _outlived(
    recipe: RollingRecipe | SeasonalRecipe, head: Head | None, last_closed: datetime, window_seconds: int
) -> bool:
    if head is None or head.recipe != recipe or recipe.refresh_hours is None:
        return False
    until = trailing_span(recipe, last_closed, window_seconds).until
    return until - head.history_until >= timedelta(hours=recipe.refresh_hours)
