"""Keep baselines up: make those that are due, say what the others wait for. Safe to repeat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from detectors.baselines.baseline import Baseline
from detectors.baselines.declarations import Declaration, declarations
from detectors.baselines.due import Due, due, with_default
from detectors.baselines.heads import heads
from detectors.baselines.making import make_baseline
from detectors.baselines.readiness import Collecting, first_hours
from detectors.baselines.recipe import FirstHoursRecipe, default_recipe
from detectors.baselines.spans import Span
from detectors.baselines.traffic import VersionTraffic, read_traffic
from detectors.windows import last_closed_end
from driftline.contracts import Contract
from driftline.errors import DriftlineError, StoreUnavailable
from driftline.logs import get_logger
from driftline.settings import Settings
from driftline.store import Store, load_sql

_log = get_logger(__name__)

SEEN_WINDOWS = 24
"""A version without traffic for so many windows is not asked for a baseline of its own."""


@dataclass(frozen=True, slots=True)
class PutOff:
    """A renewal that waits for an episode to end: its windows would teach the baseline the fault."""

    episode_since: datetime

    @property
    def text(self) -> str:
        return f"not made again: an episode is open since {self.episode_since:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What one round did, by model and version.

    Attributes
    ----------
    made
        New baselines, already stored.
    waiting
        What is due but has to wait; ``text`` of each says for what.
    failed
        What could not be made, and why.
    """

    made: tuple[Baseline, ...]
    waiting: Mapping[tuple[str, str], Collecting | PutOff]
    failed: Mapping[tuple[str, str], DriftlineError]


def refresh_baselines(
    store: Store,
    settings: Settings,
    contracts: Sequence[Contract],
    now: datetime,
    look_back: timedelta | None = None,
) -> Refreshed:
    """Make every baseline of some models that is due at ``now``.

    First hours are due once a version has them, rolling ones when the last is old enough; a model
    without any declaration follows the setting ``default_baseline``. One model's failure is that model's:
    the others go on. Repeating it at the same time makes nothing again.

    Parameters
    ----------
    look_back
        How long ago a version may have had its last traffic to be asked for first hours; 24 windows when
        absent.
    """
    recently = look_back or timedelta(seconds=SEEN_WINDOWS * settings.window_seconds)
    asked = _due(store, settings, contracts, now, recently)
    collecting = _collecting(store, settings, asked, now)
    episodes = _open_episodes(store, sorted({one.model for one in asked if one.renewal}))
    by_name = {contract.model: contract for contract in contracts}
    made: list[Baseline] = []
    waiting: dict[tuple[str, str], Collecting | PutOff] = {}
    failed: dict[tuple[str, str], DriftlineError] = {}
    for one in asked:
        key = (one.model, one.version)
        if one.renewal and one.model in episodes:
            waiting[key] = PutOff(episodes[one.model])
            continue
        if key in collecting:
            waiting[key] = collecting[key]
            continue
        try:
            result = make_baseline(
                store,
                by_name[one.model],
                settings,
                one.recipe,
                version=one.version,
                name=one.name,
                now=now,
                thorough=False,
            )
        except StoreUnavailable:
            raise
        except DriftlineError as error:
            failed[key] = error
            _log.warning("no baseline", model=one.model, version=one.version, reason=error.message)
            continue
        if isinstance(result, Collecting):
            waiting[key] = result
        else:
            made.append(result)
            _log.info("baseline", model=one.model, version=one.version, name=result.name, rows=result.rows)
    return Refreshed(tuple(made), waiting, failed)


def _due(
    store: Store, settings: Settings, contracts: Sequence[Contract], now: datetime, look_back: timedelta
) -> list[Due]:
    models = [contract.model for contract in contracts]
    if not models:
        return []
    declared: dict[str, list[Declaration]] = {}
    for one in declarations(store, models):
        declared.setdefault(one.model, []).append(one)
    in_force = heads(store, models)
    default = default_recipe(settings.default_baseline)
    by_model = {
        model: with_default(model, declared.get(model, []), in_force.get(model, {}), default)
        for model in models
    }
    last_closed = last_closed_end(now, settings.window_seconds, settings.allowed_lateness_seconds)
    looked_for = [
        model
        for model, recipes in by_model.items()
        if any(isinstance(recipe.recipe, FirstHoursRecipe) and not recipe.version for recipe in recipes)
    ]
    recently = Span(since=last_closed - look_back, until=last_closed)
    seen: dict[str, set[str]] = {}
    for model, version in read_traffic(store, looked_for, recently, settings.window_seconds):
        seen.setdefault(model, set()).add(version)
    return [
        asked
        for model, recipes in by_model.items()
        for asked in due(
            recipes,
            in_force.get(model, {}),
            seen.get(model, set()),
            last_closed,
            settings.window_seconds,
        )
    ]


def _collecting(
    store: Store, settings: Settings, asked: Sequence[Due], now: datetime
) -> dict[tuple[str, str], Collecting]:
    """First hours that are not there yet: one query for a whole fleet that has just begun."""
    last_closed = last_closed_end(now, settings.window_seconds, settings.allowed_lateness_seconds)
    kept = Span(since=last_closed - timedelta(days=settings.event_ttl_days), until=last_closed)
    recipes = {(one.model, one.version): one.recipe for one in asked}
    models = sorted({one.model for one in asked if isinstance(one.recipe, FirstHoursRecipe)})
    traffic = read_traffic(store, models, kept, settings.window_seconds)
    found = {}
    for key, recipe in recipes.items():
        if isinstance(recipe, FirstHoursRecipe):
            mine = traffic.get(key, VersionTraffic((), ()))
            ready = first_hours(recipe, mine, settings.window_seconds, settings.min_samples)
            if isinstance(ready, Collecting):
                found[key] = ready
    return found


def _open_episodes(store: Store, models: Sequence[str]) -> dict[str, datetime]:
    if not models:
        return {}
    rows = store.query(load_sql(__file__, "open_episodes"), {"models": list(models)})
    return {row["model"]: row["since"] for row in rows}
