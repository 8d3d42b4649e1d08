"""What a command and a route do when an owner asks for a baseline: follow the recipe, and remember it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from detectors.baselines.baseline import Baseline
from detectors.baselines.declarations import declare
from detectors.baselines.making import make_baseline
from detectors.baselines.planning import within_retention
from detectors.baselines.readiness import Collecting
from detectors.baselines.recipe import (
    FileRecipe,
    FirstHoursRecipe,
    Recipe,
    RollingRecipe,
    SeasonalRecipe,
    trailing_span,
)
from detectors.baselines.refreshing import refresh_baselines
from detectors.reference_rows import Batch, baseline_from_rows
from detectors.windows import last_closed_end
from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.settings import Settings
from driftline.store import Store


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of a recipe.

    Attributes
    ----------
    made
        Baselines that were made at once.
    waiting
        What the others wait for, in words, by version (``""`` is any); they are made when it is there.
    """

    made: tuple[Baseline, ...]
    waiting: Mapping[str, str]


def follow_recipe(
    store: Store,
    settings: Settings,
    contract: Contract,
    recipe: Recipe,
    *,
    version: str = "",
    name: str = "",
    now: datetime | None = None,
) -> Followed:
    """Make what a recipe asks for, as far as there is traffic, and put it in force for the time to come.

    Raises
    ------
    InvalidInput
        The recipe is a file's, or cannot be followed; then nothing is changed.
    """
    moment = now or datetime.now(UTC)
    if isinstance(recipe, FileRecipe):
        raise InvalidInput("a file's rows have to be sent: a recipe alone cannot make that baseline")
    if isinstance(recipe, FirstHoursRecipe):
        declare(store, contract.model, recipe, version=version, name=name)
        return _first_hours(store, settings, contract, recipe, version, moment)
    if isinstance(recipe, (RollingRecipe, SeasonalRecipe)):
        within_retention(recipe, settings)
        closed = last_closed_end(moment, settings.window_seconds, settings.allowed_lateness_seconds)
        trailing_span(recipe, closed, settings.window_seconds)
    result = make_baseline(store, contract, settings, recipe, version=version, name=name, now=moment)
    declare(store, contract.model, recipe, version=version, name=name)
    if isinstance(result, Collecting):
        return Followed((), {version: result.text})
    return Followed((result,), {})


def _first_hours(
    store: Store,
    settings: Settings,
    contract: Contract,
    recipe: FirstHoursRecipe,
    version: str,
    now: datetime,
) -> Followed:
    # Asked for by name, a version may have been idle for long.
    round_ = refresh_baselines(
        store, settings, [contract], now, look_back=timedelta(days=settings.event_ttl_days)
    )
    mine = {key[1]: waits.text for key, waits in round_.waiting.items() if not version or key[1] == version}
    failed = [error for key, error in round_.failed.items() if not version or key[1] == version]
    if failed and not round_.made and not mine:
        raise failed[0]
    made = tuple(one for one in round_.made if one.recipe == recipe)
    if not made and not mine:
        mine = {version: "no traffic yet, or its baseline of this recipe is there already"}
    return Followed(made, mine)


def follow_rows(
    store: Store,
    settings: Settings,
    contract: Contract,
    batches: Iterable[Batch],
    *,
    name: str,
    source: str,
    version: str = "",
    labelled: float = 0.0,
    correct: float = 0.0,
    recipe: FileRecipe | None = None,
) -> Baseline:
    """Make a baseline of rows that were handed over, and put it in force in place of an earlier recipe."""
    baseline = baseline_from_rows(
        store,
        contract,
        batches,
        name=name,
        source=source,
        version=version,
        labelled=labelled,
        correct=correct,
        settings=settings,
        recipe=recipe,
    )
    declare(store, contract.model, baseline.recipe, version=version, name=name)
    return baseline
