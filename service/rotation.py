"""Tests of several fields at once, which cost too much for every model in every window: models take turns."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from detectors.budget import ModelBudget, month
from detectors.decision import FieldDecision
from detectors.evaluated_window import FAILURES, EvaluatedWindow
from detectors.findings import Finding
from detectors.monitor import Monitor
from detectors.multivariate.evaluation import evaluate_multivariate
from detectors.multivariate.finding import MultivariateFinding
from driftline.contracts import Contract
from driftline.errors import StoreUnavailable
from driftline.logs import get_logger
from driftline.settings import Settings
from driftline.store import Store

_log = get_logger(__name__)

JUDGED = ("ok", "watch", "drifted")


class MultivariateRotation:
    """Judges the newest windows of versions as a whole, within a bound of time a cycle.

    Versions that drift come first, then those that were judged longest ago. Windows of those whose turn does
    not come are left out: the test needs no unbroken series.
    """

    def __init__(self, store: Store, settings: Settings, monitor: Monitor) -> None:
        self._store = store
        self._settings = settings
        self._monitor = monitor
        self._judged: dict[tuple[str, str], datetime] = {}

    def run(self, contracts: Sequence[Contract], windows: Sequence[EvaluatedWindow]) -> int:
        """Judge as many of the newest evaluated windows as time allows, at least one; returns how many."""
        bound = self._settings.multivariate_seconds
        if bound <= 0:
            return 0
        by_model = {contract.model: contract for contract in contracts}
        newest = {(window.model, window.version): window for window in windows if window.status in JUDGED}
        turns = sorted(
            newest.values(),
            key=lambda window: (
                window.status != "drifted",
                self._judged[window.model, window.version].timestamp()
                if (window.model, window.version) in self._judged
                else 0.0,
                window.model,
                window.version,
            ),
        )
        end, done = time.monotonic() + bound, 0
        for window in turns:
            if done and time.monotonic() >= end:
                break
            try:
                self._judge(by_model[window.model], window, len(contracts))
            except StoreUnavailable:
                raise
            except FAILURES as error:
                # A failure here leaves the fields' own findings as they are.
                _log.error("model not judged as a whole", model=window.model, error=str(error), exc_info=True)
            self._judged[window.model, window.version] = window.start
            done += 1
        return done

    def _judge(self, contract: Contract, window: EvaluatedWindow, models: int) -> None:
        baseline = self._monitor.book.find(window.model, window.version)
        if baseline is None:
            return
        budget = ModelBudget(self._settings.budget.per_model_year(models), len(baseline.columns))
        found = evaluate_multivariate(
            self._store,
            contract,
            baseline,
            window.version,
            window.start,
            window_seconds=self._settings.window_seconds,
            alpha_month=month(budget.model_level),
            min_samples=self._settings.min_samples,
        )
        self._monitor.add(window, [_finding(window, one) for one in found])


def _finding(window: EvaluatedWindow, one: MultivariateFinding) -> Finding:
    return Finding(
        model=window.model,
        version=window.version,
        baseline_id=window.baseline_id,
        window_start=window.start,
        window_end=window.end,
        column=one.field,
        kind="several fields",
        role=one.role,
        decision=FieldDecision(
            status=one.status,
            reason=one.reason,
            effect=one.effect,
            direction=one.direction,
            evidence=one.evidence,
            threshold=one.threshold,
            scale=one.scale,
            minimum_detectable_effect=one.minimum_detectable_effect,
        ),
        rows=one.rows,
        effective_rows=one.effective_rows,
        statistics=one.statistics,
        change=one.change,
        budget=one.budget * 12,
        carriers={share.name: share.share for share in (*one.fields, *one.segments)},
    )
