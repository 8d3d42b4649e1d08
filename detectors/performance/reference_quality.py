"""How good a model was on a reference: what its windows are compared with.

Measured once, when a baseline is made, by the same statements as windows are, and kept with it: the rows of a
file leave with the retention of events.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from detectors.baselines.baseline import Baseline, EventRange
from detectors.performance.decay.budget import DecayBudget
from detectors.performance.decay.loss import Loss, loss_of
from detectors.performance.decay.moments import Moments, pooled
from detectors.performance.decay.reading import Scope, read_loss_scale, read_window_sums
from detectors.performance.decay.reference import RiskReference
from detectors.performance.decay.spread import between_windows
from detectors.performance.estimates.reference import read_reference, save_reference
from detectors.performance.labels.recipe import JoinRecipe, join_recipe
from detectors.performance.metrics.figure import Figure, WindowFigures
from detectors.performance.metrics.window_figures import reference_figures
from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.logs import get_logger
from driftline.quality_contract import Quality
from driftline.settings import Settings
from driftline.store import Store, load_sql

_log = get_logger(__name__)

RELATIVE_TOLERANCE = 0.1
"""Of a loss without a known highest value, such as an absolute error: the part of the reference's that is
called harmless when the contract names no tolerance."""

FigureKey = tuple[str, str, str]
"""Metric, segment and class."""


@dataclass(frozen=True, slots=True)
class ReferenceRisk:
    """The loss on a reference, from which limits follow at any tolerance.

    Attributes
    ----------
    metric
        Whose loss it is.
    moments
        Of losses clipped at ``bound`` and weights divided by ``weight_limit``.
    learned
        Whether ``bound`` was learned from the reference.
    spread, windows
        Variance of the risk between its windows, and how many there were.
    """

    metric: str
    moments: Moments
    bound: float
    learned: bool = False
    weight_limit: float = 1.0
    spread: float = 0.0
    windows: float = 1.0

    @classmethod
    def of_counts(cls, labelled: float, correct: float) -> ReferenceRisk:
        """From right and wrong answers."""
        n, wrong = float(labelled), float(labelled - correct)
        return cls("accuracy", Moments(round(labelled), n, n, wrong, wrong, wrong), 1.0)

    def against(self, quality: Quality, settings: Settings, budget: DecayBudget) -> RiskReference:
        """What the stream is held against, with the owner's tolerance and what counts as harmless."""
        return RiskReference.from_moments(
            self.moments,
            self.bound,
            budget.alpha_reference,
            self.tolerance(quality, settings),
            weight_limit=self.weight_limit,
            spread=self.spread,
            windows=max(1.0, self.windows),
            margin=self.margin(quality, settings),
        )

    def tolerance(self, quality: Quality, settings: Settings) -> float:
        """Loss beyond the reference's upper bound that is not called decay, in units of the loss."""
        own = self._own_tolerance(quality)
        return settings.decay_tolerance * self.bound if own is None else own

    def margin(self, quality: Quality, settings: Settings) -> float:
        """Loss beyond the reference's upper bound up to which a model is called harmless."""
        own = self._own_tolerance(quality)
        if own is not None:
            return own
        if self.learned:
            return RELATIVE_TOLERANCE * self.moments.risk
        return settings.accuracy_tolerance * self.bound

    def _own_tolerance(self, quality: Quality) -> float | None:
        """What the contract says is accepted."""
        kpi = next((kpi for kpi in quality.kpis if kpi.name == self.metric), None)
        return kpi.tolerance if kpi is not None else quality.tolerance

    def as_json(self) -> dict[str, Any]:
        """As details of the figure that decides."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ReferenceRisk:
        """What :meth:`as_json` gave."""
        return cls(**{**values, "moments": Moments(**values["moments"])})


@dataclass(frozen=True, slots=True)
class ReferenceQuality:
    """Figures of a reference and the risk that decides; without labels there is neither."""

    figures: Mapping[FigureKey, tuple[float, float, float]]
    risk: ReferenceRisk | None


NO_REFERENCE = ReferenceQuality({}, None)


def measure_reference(
    store: Store,
    contract: Contract,
    baseline_id: str,
    events: EventRange,
    window_seconds: int,
    *,
    excluded: Collection[int] = (),
) -> ReferenceQuality:
    """Measure and store the quality of a reference from its labelled events.

    Parameters
    ----------
    events
        Whose labels have been joined: a stretch of the model's traffic, or a stand-in's rows.
    excluded
        Windows left out, by their number since 1970.
    """
    recipe, quality = join_recipe(contract), contract.quality_or_default()
    if recipe is None or quality is None:
        return NO_REFERENCE
    measured = reference_figures(
        store,
        contract,
        events.since,
        events.until,
        model=events.model,
        versions=events.versions,
        excluded=excluded,
        window_seconds=window_seconds,
    )
    if not measured:
        return NO_REFERENCE
    risk = _measured_risk(store, recipe, quality, events, window_seconds, excluded)
    _save(store, contract.model, baseline_id, measured, risk)
    _keep_estimator_reference(store, contract, baseline_id, events)
    return ReferenceQuality(_keyed(measured), risk)


def _keep_estimator_reference(store: Store, contract: Contract, baseline_id: str, events: EventRange) -> None:
    """Labelled rows that estimators are fitted on, before a stand-in's events leave."""
    sample = read_reference(
        store,
        contract,
        since=events.since,
        until=events.until,
        model=events.model,
        versions=events.versions,
    )
    if sample is not None:
        save_reference(store, contract.model, baseline_id, sample)


def _measured_risk(
    store: Store,
    recipe: JoinRecipe,
    quality: Quality,
    events: EventRange,
    window_seconds: int,
    excluded: Collection[int],
) -> ReferenceRisk | None:
    try:
        loss: Loss = loss_of(quality, scores=recipe.scores)
        scope = Scope(events.model, recipe.recipe, events.since, events.until, tuple(events.versions))
        learned = loss.learned
        scale = read_loss_scale(store, scope, loss)
        windows = read_window_sums(store, scope, scale.loss, window_seconds, weight_limit=scale.weight_limit)
    except InvalidInput as error:
        _log.warning("no decay can be decided against this reference", reason=error.message)
        return None
    left_out = set(excluded)
    kept = [
        window.moments
        for window in windows
        if int(window.start.timestamp()) // window_seconds not in left_out
    ]
    together = pooled(kept)
    if together.weight <= 0:
        return None
    spread, worth = between_windows(kept)
    return ReferenceRisk(loss.metric, together, scale.loss.bound, learned, scale.weight_limit, spread, worth)


def _keyed(measured: list[WindowFigures]) -> dict[FigureKey, tuple[float, float, float]]:
    return {
        (figure.metric, window.segment, figure.class_name): (figure.value, figure.lower, figure.upper)
        for window in measured
        for figure in window.figures
    }


def _save(
    store: Store, model: str, baseline_id: str, measured: list[WindowFigures], risk: ReferenceRisk | None
) -> None:
    now = datetime.now(UTC)

    def details(window: WindowFigures, figure: Figure) -> str:
        decisive = (
            risk is not None and not (window.segment or figure.class_name) and figure.metric == risk.metric
        )
        extra = {"risk": risk.as_json()} if risk is not None and decisive else {}
        return orjson.dumps({**figure.details, **extra}, option=orjson.OPT_SERIALIZE_NUMPY).decode()

    store.insert_rows(
        "baseline_quality_figures",
        [
            {
                "model": model,
                "baseline_id": baseline_id,
                "metric": figure.metric,
                "segment": window.segment,
                "class_name": figure.class_name,
                "value": figure.value,
                "lower": figure.lower,
                "upper": figure.upper,
                "labelled": figure.labelled,
                "effective_labelled": figure.effective_labelled,
                "details": details(window, figure),
                "created_at": now,
            }
            for window in measured
            for figure in window.figures
        ],
    )


def load_reference_quality(store: Store, contract: Contract, baseline: Baseline | None) -> ReferenceQuality:
    """Quality to compare a version's windows with.

    That of the baseline in force; one that knows only how many answers were right gives accuracy; else that
    of the newest earlier baseline that was labelled, since a baseline renewed from traffic without labels
    must not make decay unknowable.
    """
    quality = contract.quality_or_default()
    rows = store.query(load_sql(__file__, "reference_quality"), {"model": contract.model, "baseline_id": ""})
    ids = list(dict.fromkeys(row["baseline_id"] for row in rows))
    counted = _of_counts(baseline, quality)
    if baseline is not None and baseline.baseline_id in ids:
        chosen = str(baseline.baseline_id)
    elif counted is not None:
        return counted
    elif ids:
        chosen = ids[0]
    else:
        return NO_REFERENCE
    mine = [row for row in rows if row["baseline_id"] == chosen]
    risks = [orjson.loads(row["details"] or "{}").get("risk") for row in mine]
    found = [ReferenceRisk.from_json(values) for values in risks if values is not None]
    risk = next((one for one in found if quality is not None and one.metric == quality.primary), None)
    if risk is None and counted is not None:
        risk = counted.risk
    figures = {
        (row["metric"], row["segment"], row["class_name"]): (row["value"], row["lower"], row["upper"])
        for row in mine
    }
    return ReferenceQuality(figures, risk)


def _of_counts(baseline: Baseline | None, quality: Quality | None) -> ReferenceQuality | None:
    if baseline is None or quality is None or baseline.accuracy is None or quality.primary != "accuracy":
        return None
    figures = {("accuracy", "", ""): (baseline.accuracy, float("nan"), float("nan"))}
    return ReferenceQuality(figures, ReferenceRisk.of_counts(baseline.labelled, baseline.correct))
