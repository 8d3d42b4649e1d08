"""Make a baseline: plan, build, learn its noise, report on it, profile its history, store."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

from detectors.baselines.baseline import Baseline, EventRange
from detectors.baselines.building import BuiltBaseline, build_with_windows, counting_plan
from detectors.baselines.learning import learn_from_history
from detectors.baselines.planning import Plan, plan
from detectors.baselines.readiness import Collecting
from detectors.baselines.recipe import FirstHoursRecipe, Recipe, describe
from detectors.baselines.report import quality_report
from detectors.baselines.stored import save_baseline
from detectors.multivariate.evaluation import measure_baseline_windows
from detectors.multivariate.reference import make_reference
from detectors.performance.labelled_windows import Labelled, labelled_traffic
from detectors.performance.labels.joining import LabelJoin
from detectors.performance.reference_quality import measure_reference
from detectors.profiles.stored import StoredCounts, save_counts
from detectors.windows import last_closed_end
from driftline.contract_store import ContractStore
from driftline.contracts import Contract
from driftline.readmodel.baselines import baselines
from driftline.settings import Settings
from driftline.store import Store

LEAST_LABELLED = 100.0
"""Effective labelled rows of traffic that an accuracy to compare with needs."""

EARLIER = 100
"""Earlier baselines that are looked through for an accuracy."""


def make_baseline(
    store: Store,
    contract: Contract,
    settings: Settings,
    recipe: Recipe,
    *,
    version: str = "",
    name: str = "",
    now: datetime | None = None,
    thorough: bool = True,
) -> Baseline | Collecting:
    """Make and store a baseline of a model's own traffic, or say that there is not enough of it yet.

    Its windows are counted over its layout and stored as profiles under its id before the baseline
    itself is, so that a crash in between leaves no half baseline.

    Parameters
    ----------
    version
        Version it is for and whose traffic is taken; empty for all.
    thorough
        Also measure its own windows as a whole, which takes some seconds, so that the tests of several
        fields at once need not learn from live windows first.

    Raises
    ------
    InvalidInput
        The recipe is a file's, reaches further back than events are kept, or leaves too little.
    """
    moment = now or datetime.now(UTC)
    last_closed = last_closed_end(moment, settings.window_seconds, settings.allowed_lateness_seconds)
    planned = plan(store, settings, contract.model, version, recipe, last_closed)
    if isinstance(planned, Collecting):
        return planned
    span = planned.span
    excluded = planned.excluded(settings.window_seconds)
    labels = _labels(store, contract, settings, version, planned)
    built = build_with_windows(
        store,
        contract,
        EventRange(contract.model, (version,) if version else (), span.since, span.until),
        name=name or _name(recipe, version, span.until),
        source=f"traffic {span.since:%Y-%m-%d %H:%M:%S} to {span.until:%Y-%m-%d %H:%M:%S} UTC",
        version=version,
        recipe=recipe,
        window_seconds=settings.window_seconds,
        excluded=excluded,
        labelled=labels.effective_rows,
        correct=labels.correct,
        segment_min_samples=settings.min_samples if recipe.per_segment else None,
    )
    baseline = finish_baseline(store, settings, built, planned)
    # Counted for all versions together they have none of their own: that of the baseline stands for them.
    windows = dataclasses.replace(built.counts, versions=(version,) * built.counts.cells)
    plan_of_windows = counting_plan(contract, contract.model, built.laid_out)
    save_counts(
        store, [StoredCounts(plan_of_windows, baseline.baseline_id, windows)], settings.window_seconds
    )
    save_baseline(store, baseline)
    if labels.effective_rows and contract.quality_or_default() is not None:
        LabelJoin(store, settings).refresh(contract, moment)
        versions_of_it = (version,) if version else ()
        labelled = EventRange(contract.model, versions_of_it, span.since, span.until)
        measure_reference(
            store, contract, baseline.baseline_id, labelled, settings.window_seconds, excluded=excluded
        )
    if settings.multivariate_seconds > 0:
        versions = (version,) if version else ()
        reference = make_reference(
            store,
            contract,
            baseline,
            model=contract.model,
            versions=versions,
            since=span.since,
            until=span.until,
        )
        if thorough and reference is not None:
            measure_baseline_windows(
                store,
                contract,
                baseline,
                versions=versions,
                since=span.since,
                until=span.until,
                window_seconds=settings.window_seconds,
            )
    return baseline


def _labels(store: Store, contract: Contract, settings: Settings, version: str, planned: Plan) -> Labelled:
    """Accuracy to compare with: that of the traffic's labels, else of the last baseline that has one.

    Without the second a hold-out file's accuracy would be lost when its baseline becomes history, and with
    it all knowledge of decay.
    """
    span = planned.span
    found = labelled_traffic(
        store,
        contract,
        (version,) if version else (),
        span.since,
        span.until,
        settings.window_seconds,
        planned.excluded(settings.window_seconds),
    )
    if found.effective_rows >= LEAST_LABELLED:
        return Labelled(found.effective_rows, min(found.correct, found.effective_rows))
    earlier = baselines(store, contract.model, limit=EARLIER)
    for own in (version, ""):
        for one in earlier:
            if one.version == own and one.labelled and one.correct is not None:
                return Labelled(one.labelled, one.correct)
    return Labelled(0.0, 0.0)


def finish_baseline(
    store: Store, settings: Settings, built: BuiltBaseline, planned: Plan | None = None
) -> Baseline:
    """Learn what a built baseline's history teaches and write its report; nothing is stored."""
    learned, stacks = learn_from_history(built)
    fleet = settings.budget.scope == "fleet"
    report = quality_report(
        store,
        settings,
        dataclasses.replace(built, baseline=learned),
        stacks,
        models=len(ContractStore(store).all_latest()) if fleet else 1,
        left_out=planned.left_out if planned else (),
        noted=planned.noted if planned else (),
    )
    return dataclasses.replace(learned, quality=report.model_dump_json())


def _name(recipe: Recipe, version: str, until: datetime) -> str:
    if isinstance(recipe, FirstHoursRecipe):
        return f"first {recipe.hours:g} h" + (f" of version {version}" if version else "")
    return f"{describe(recipe).split(' but ')[0].split(',')[0]} to {until:%Y-%m-%d %H:%M}"
