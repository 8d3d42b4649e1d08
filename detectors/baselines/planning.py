"""What a recipe means at a moment: the events it takes and the windows it leaves out, or why not yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from detectors.baselines.contamination import LeftOut, contaminated, left_out, spans_of
from detectors.baselines.readiness import Collecting, first_hours, trailing
from detectors.baselines.recipe import (
    FileRecipe,
    FirstHoursRecipe,
    Recipe,
    RollingRecipe,
    SeasonalRecipe,
    WindowRecipe,
    describe,
    trailing_span,
)
from detectors.baselines.spans import Span, windows_touched
from detectors.baselines.traffic import VersionTraffic, read_traffic, together
from driftline.errors import InvalidInput
from driftline.settings import Settings
from driftline.store import Store

MOST_LEFT_OUT = 0.5
"""Share of the windows of a history above which a trailing baseline is not made of what is left."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a baseline is to be made of.

    Attributes
    ----------
    span
        Stretch of traffic.
    left_out
        Parts of it that are not taken, and why.
    noted
        Parts of it that were not normal but are taken, because the owner chose the stretch himself.
    """

    span: Span
    left_out: tuple[LeftOut, ...] = ()
    noted: tuple[LeftOut, ...] = ()

    def excluded(self, window_seconds: int) -> frozenset[int]:
        """Numbers of the windows that are left out."""
        return windows_touched(spans_of(self.left_out), self.span, window_seconds)


def plan(
    store: Store, settings: Settings, model: str, version: str, recipe: Recipe, last_closed: datetime
) -> Plan | Collecting:
    """Decide which events of a model a recipe takes when the newest closed window ends at ``last_closed``.

    Raises
    ------
    InvalidInput
        The recipe is a file's, reaches further back than events are kept, or leaves too little.
    """
    if isinstance(recipe, FileRecipe):
        raise InvalidInput("rows from a file have no traffic to be made of")
    if isinstance(recipe, WindowRecipe):
        return _chosen(store, settings, model, version, recipe)
    if isinstance(recipe, FirstHoursRecipe):
        return _first(store, settings, model, version, recipe, last_closed)
    return _trailing(store, settings, model, version, recipe, last_closed)


def _chosen(store: Store, settings: Settings, model: str, version: str, recipe: WindowRecipe) -> Plan:
    span = Span(since=recipe.since, until=recipe.until)
    taken_out = _asked_for(recipe.exclude, settings.holidays, span)
    plan = Plan(
        span,
        taken_out,
        contaminated(store, model, _versions(version), span, settings.window_seconds),
    )
    _something_left(plan, settings.window_seconds, limit=1.0, model=model)
    return plan


def _first(
    store: Store,
    settings: Settings,
    model: str,
    version: str,
    recipe: FirstHoursRecipe,
    last_closed: datetime,
) -> Plan | Collecting:
    kept_since = last_closed - timedelta(days=settings.event_ttl_days)
    traffic = read_traffic(
        store,
        [model],
        Span(since=kept_since, until=last_closed),
        settings.window_seconds,
        [version],
    )
    mine = traffic.get((model, version), VersionTraffic((), ()))
    found = first_hours(recipe, mine, settings.window_seconds, settings.min_samples)
    return found if isinstance(found, Collecting) else Plan(found)


def _trailing(
    store: Store,
    settings: Settings,
    model: str,
    version: str,
    recipe: RollingRecipe | SeasonalRecipe,
    last_closed: datetime,
) -> Plan | Collecting:
    asked = trailing_span(recipe, last_closed, settings.window_seconds)
    within_retention(recipe, settings)
    versions = _versions(version)
    traffic = together(read_traffic(store, [model], asked, settings.window_seconds, versions), model)
    span = trailing(recipe, traffic, last_closed, settings.window_seconds, settings.min_samples)
    if isinstance(span, Collecting):
        return span
    taken_out = _asked_for(recipe.exclude, settings.holidays, span)
    drifted = contaminated(store, model, versions, span, settings.window_seconds)
    if recipe.keep_drifted:
        plan = Plan(span, taken_out, drifted)
    else:
        plan = Plan(span, tuple(sorted((*taken_out, *drifted), key=lambda one: one.span.since)))
    _something_left(plan, settings.window_seconds, limit=MOST_LEFT_OUT, model=model)
    return plan


def within_retention(recipe: Recipe, settings: Settings) -> None:
    """Raise :class:`InvalidInput` when a trailing recipe reaches further back than events are kept."""
    if not isinstance(recipe, (RollingRecipe, SeasonalRecipe)):
        return
    days = recipe.days if isinstance(recipe, RollingRecipe) else 7.0 * recipe.weeks
    days += recipe.exclude_last_hours / 24
    if days > settings.event_ttl_days:
        raise InvalidInput(
            f"{describe(recipe)} reaches {days:g} days back, but events are kept for "
            f"{settings.event_ttl_days} (setting event_ttl_days): ask for less or keep them longer"
        )


def _versions(version: str) -> tuple[str, ...]:
    return (version,) if version else ()


def _asked_for(exclude: Iterable[Span], holidays: Iterable[date], within: Span) -> tuple[LeftOut, ...]:
    """What owner and calendar leave out of a stretch."""
    days = [
        Span(since=midnight, until=midnight + timedelta(days=1))
        for midnight in (datetime.combine(day, time(), UTC) for day in holidays)
    ]
    by_reason = {
        "excluded": [span for span in exclude if span.overlaps(within)],
        "holiday": [span for span in days if span.overlaps(within)],
    }
    clipped = {
        why: [
            Span(since=max(span.since, within.since), until=min(span.until, within.until)) for span in spans
        ]
        for why, spans in by_reason.items()
    }
    return left_out(clipped)


def _something_left(plan: Plan, window_seconds: int, *, limit: float, model: str) -> None:
    whole = len(windows_touched([plan.span], plan.span, window_seconds))
    excluded = plan.excluded(window_seconds)
    if len(excluded) == whole:
        raise InvalidInput(
            f"the excluded ranges leave nothing of {plan.span.text}: exclude less, or take a longer stretch"
        )
    if len(excluded) > limit * whole:
        why = ", ".join(sorted({one.why for one in plan.left_out}))
        raise InvalidInput(
            f"{len(excluded)} of the {whole} windows of {plan.span.text} are left out ({why}), more than "
            f"{limit:.0%}: if that is the new normal, name it with `driftline baseline {model} --since …`, "
            "or take drifted windows too with --keep-drifted"
        )
