"""Quality of models as labels arrive: join, measure, decide, store what changed.

What a window is found to be is a function of what is stored: sums of its labels, the reference, the budget. A
process remembers the sums of the windows in its lookback, so that a cycle reads only windows that got labels;
after a start it reads all of them once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from detectors.baselines.baseline import Baseline
from detectors.baselines.stored import load_baselines
from detectors.budget import ModelBudget
from detectors.performance.decay.budget import DecayBudget
from detectors.performance.decay.decision import DecayDecision, decide
from detectors.performance.decay.loss import Loss, loss_of
from detectors.performance.decay.reading import Scope, read_window_sums
from detectors.performance.decay.reference import RiskReference
from detectors.performance.decay.sums import WindowSums
from detectors.performance.labels.joining import LabelJoin
from detectors.performance.labels.progress import load_progress
from detectors.performance.labels.recipe import join_recipe
from detectors.performance.metrics.window_figures import window_figures
from detectors.performance.quality_rows import decided_row, figure_rows, undecided_row
from detectors.performance.reference_quality import ReferenceQuality, load_reference_quality
from detectors.performance.window_estimates import WindowEstimates
from detectors.windows import last_closed_end
from driftline.contracts import Contract
from driftline.quality_contract import Quality
from driftline.settings import Settings
from driftline.store import Store, load_sql

WindowKey = tuple[str, datetime]
"""Version and start."""

JOIN_SECONDS = 30.0
"""After so long a back-fill of one model lets the others go on."""


@dataclass(slots=True)
class _Remembered:
    """What is known of one version: sums made with a reference, and the rows that were written."""

    reference: RiskReference | None = None
    loss: Loss | None = None
    known: bool = False
    sums: dict[datetime, WindowSums] = field(default_factory=dict)
    rows: dict[datetime, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class _Model:
    """What a process remembers of a model between cycles; of one recipe of joining."""

    recipe: int
    baseline_at: datetime | None = None
    versions: dict[str, _Remembered] = field(default_factory=dict)
    waiting: set[WindowKey] = field(default_factory=set)


class QualityMonitor:
    """Keeps quality up to date with the labels that have arrived; for one thread."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._join = LabelJoin(store, settings)
        self._estimates = WindowEstimates(store, settings)
        self._models: dict[str, _Model] = {}
        # Labels may have been joined by a process that ended before it wrote figures.
        self._unfinished = {model for model, _ in load_progress(store)}

    def pending(self, contracts: Sequence[Contract], now: datetime | None = None) -> list[str]:
        """Models with new labels, labels of a window that has closed since, or another baseline."""
        closed = self._closed_end(now)
        waiting = {
            model
            for model, known in self._models.items()
            if any(start < closed for _, start in known.waiting)
        }
        renewed = self._newest_baselines(self._models)
        waiting |= {model for model, known in self._models.items() if renewed.get(model) != known.baseline_at}
        found = dict.fromkeys(self._join.pending(contracts, now))
        waiting |= self._unfinished
        known = {contract.model for contract in contracts}
        return [*found, *sorted(model for model in waiting - set(found) if model in known)]

    def evaluate(
        self, contract: Contract, now: datetime | None = None, *, models: int = 1
    ) -> list[DecayDecision]:
        """Bring one model up to date; every decision in the lookback, oldest first.

        Parameters
        ----------
        models
            Size of the fleet, by which a fleet-wide false-alarm budget is divided.
        """
        recipe, quality = join_recipe(contract), contract.quality_or_default()
        if recipe is None or quality is None:
            return []
        self._unfinished.add(contract.model)
        report = self._join.refresh(contract, now, limit_seconds=JOIN_SECONDS)
        # What was joined is told once: if the rest fails, the next look begins anew.
        mine = self._models.pop(contract.model, None)
        baseline_at = self._newest_baselines([contract.model]).get(contract.model)
        if mine is None or mine.recipe != recipe.recipe or mine.baseline_at != baseline_at:
            mine = _Model(recipe.recipe, baseline_at)
            stale: set[WindowKey] | None = None
        else:
            stale = {(one.version, one.start) for one in report.windows} | mine.waiting
        until = self._closed_end(now)
        since = until - timedelta(seconds=self._settings.window_seconds * self._settings.lookback_windows)
        if stale is not None:
            mine.waiting = {key for key in stale if key[1] >= until}
            stale = {key for key in stale if since <= key[1] < until}
        pass_ = _Pass(self._store, self._settings, contract, quality, recipe.recipe, since, until, models)
        decided = pass_.run(mine, stale, loss_of(quality, scores=recipe.scores))
        if stale is None:
            mine.waiting = {(one.version, one.start) for one in report.windows if one.start >= until}
        self._models[contract.model] = mine
        self._unfinished.discard(contract.model)
        return decided

    def unestimated(self, contracts: Sequence[Contract], now: datetime | None = None) -> list[str]:
        """Models with a labelled reference and a window that closed since they were estimated, in turns."""
        measured = [contract.model for contract in contracts if contract.quality_or_default() is not None]
        return self._estimates.pending(measured, self._closed_end(now))

    def estimate(self, contract: Contract, now: datetime | None = None) -> int:
        """Estimate the quality of closed windows of one model without labels; how many were.

        To be called after :meth:`evaluate`: the estimators' record rests on what labels say.
        """
        quality = contract.quality_or_default()
        return 0 if quality is None else self._estimates.refresh(contract, quality, self._closed_end(now))

    def _newest_baselines(self, models: Iterable[str]) -> dict[str, datetime]:
        rows = self._store.query(load_sql(__file__, "newest_baselines"), {"models": list(models)})
        return {row["model"]: row["created_at"] for row in rows}

    def _closed_end(self, now: datetime | None) -> datetime:
        settings = self._settings
        return last_closed_end(
            now or datetime.now(UTC), settings.window_seconds, settings.allowed_lateness_seconds
        )


@dataclass(slots=True)
class _Pass:
    """One look at one model: the closed windows in ``[since, until)``."""

    store: Store
    settings: Settings
    contract: Contract
    quality: Quality
    recipe: int
    since: datetime
    until: datetime
    models: int

    def run(self, mine: _Model, stale: set[WindowKey] | None, loss: Loss) -> list[DecayDecision]:
        """Measure stale windows (all when ``None``), decide every version that has labels, store changes."""
        now = datetime.now(UTC)
        baselines = load_baselines(self.store, self.contract.model)
        starts = None if stale is None else {start for _, start in stale}
        answered = self._answered(starts)
        measured = [
            window
            for window in self._figures(starts)
            if stale is None or (window.version, window.start) in stale
        ]
        versions = sorted({window.version for window in measured} | set(mine.versions))
        decided: list[DecayDecision] = []
        rows: list[dict[str, Any]] = []
        budget = self._budget(len(versions))
        for version in versions:
            known = mine.versions.setdefault(version, _Remembered())
            reference = self._reference(baselines, version)
            own = figure_rows(
                self.contract.model,
                [window for window in measured if window.version == version],
                reference,
                answered,
                now,
            )
            primary = {row["window_start"]: row for row in own if self._decides(row)}
            rows += [row for row in own if not self._decides(row)]
            decisions = self._decide(known, version, reference, loss, budget, starts)
            decided += decisions
            rows += self._changed(known, decisions, primary, reference, answered, now)
        self.store.insert_rows("performance", rows)
        self._forget(mine)
        return sorted(decided, key=lambda one: (one.start, one.version))

    def _figures(self, starts: Collection[datetime] | None) -> Iterable[Any]:
        if starts is not None and not starts:
            return ()
        return window_figures(
            self.store,
            self.contract,
            self.since,
            self.until,
            self.settings.window_seconds,
            segments=True,
            starts=starts,
        )

    def _answered(self, starts: Collection[datetime] | None) -> dict[WindowKey, int]:
        if starts is not None and not starts:
            return {}
        length = timedelta(seconds=self.settings.window_seconds)
        rows = self.store.query(
            load_sql(__file__, "answered"),
            {
                "model": self.contract.model,
                "since": self.since if starts is None else min(starts),
                "until": self.until if starts is None else max(starts) + length,
                "window_seconds": self.settings.window_seconds,
            },
        )
        return {(row["version"], row["window_start"]): row["rows"] for row in rows}

    def _decides(self, row: dict[str, Any]) -> bool:
        return row["metric"] == self.quality.primary and not row["segment"] and not row["class_name"]

    def _budget(self, versions: int) -> DecayBudget:
        per_year = ModelBudget(self.settings.budget.per_model_year(self.models), fields=1).decay
        return DecayBudget(per_year / max(1, versions), self.settings.window_seconds)

    def _reference(self, baselines: dict[str, Baseline], version: str) -> ReferenceQuality:
        baseline = baselines.get(version) or baselines.get("")
        return load_reference_quality(self.store, self.contract, baseline)

    def _decide(
        self,
        known: _Remembered,
        version: str,
        reference: ReferenceQuality,
        loss: Loss,
        budget: DecayBudget,
        starts: set[datetime] | None,
    ) -> list[DecayDecision]:
        risk = reference.risk
        if loss.learned:
            if risk is None:
                return []
            loss = loss.bounded(risk.bound)
        held = risk.against(self.quality, self.settings, budget) if risk is not None else None
        if not known.known or (known.reference, known.loss) != (held, loss):
            known.sums, known.reference, known.loss, known.known = {}, held, loss, True
            starts = None
        if starts is None or starts:
            length = timedelta(seconds=self.settings.window_seconds)
            scope = Scope(
                self.contract.model,
                self.recipe,
                self.since if starts is None else max(self.since, min(starts)),
                self.until if starts is None else min(self.until, max(starts) + length),
                (version,),
            )
            for window in read_window_sums(self.store, scope, loss, self.settings.window_seconds, held):
                known.sums[window.start] = window
        known.sums = {start: one for start, one in known.sums.items() if start >= self.since}
        return decide([known.sums[start] for start in sorted(known.sums)], held, loss, budget)

    def _changed(
        self,
        known: _Remembered,
        decisions: Sequence[DecayDecision],
        primary: dict[datetime, dict[str, Any]],
        reference: ReferenceQuality,
        answered: dict[WindowKey, int],
        now: datetime,
    ) -> list[dict[str, Any]]:
        """Rows of the deciding metric that are no longer what was written."""
        changed = []
        by_start = {decision.start: decision for decision in decisions}
        for start in sorted(set(primary) | set(by_start)):
            before = known.rows.get(start)
            row = primary.get(start) or before
            decision = by_start.get(start)
            if decision is None:
                assert row is not None
                after = row
            elif row is None:
                after = undecided_row(
                    self.contract.model,
                    decision,
                    self.quality.primary,
                    self.settings.window_seconds,
                    reference,
                    answered.get((decision.version, start), 0),
                    now,
                )
            else:
                after = decided_row(row, decision, now)
            known.rows[start] = after
            if before is None or not _same(before, after):
                changed.append(after)
        return changed

    def _forget(self, mine: _Model) -> None:
        """What lies before the lookback."""
        for version in list(mine.versions):
            known = mine.versions[version]
            known.rows = {start: row for start, row in known.rows.items() if start >= self.since}
            if not known.rows and not known.sums:
                del mine.versions[version]


def _same(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether two rows say the same, NaN being equal to itself."""
    return all(
        name == "computed_at" or value == after[name] or (value != value and after[name] != after[name])
        for name, value in before.items()
    )
