"""One evaluation of one model: stale windows are profiled, decided and committed, oldest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from detectors.budget import ModelBudget, month
from detectors.decision import FieldDecision
from detectors.evaluated_window import EvaluatedWindow, summarise
from detectors.evidence.detector import FieldDetector, WindowCounts
from detectors.evidence.scan import SCALES
from detectors.field_statistics import BinShare, field_statistics, moved_bins
from detectors.findings import FieldState, Finding, load_states, save_findings
from detectors.profiles.baseline import Baseline, load_baselines
from detectors.profiles.counting import count_profiles
from detectors.profiles.profile import Profile
from detectors.profiles.stored import History, load_history, save_profiles
from detectors.windows import Window, WindowStatus, closed_windows, last_closed_end
from driftline.contracts import Column, Contract
from driftline.errors import DriftlineError, InvalidInput
from driftline.logs import get_logger
from driftline.settings import Settings
from driftline.store import Store

_log = get_logger(__name__)

TOP_BINS = 5

class Monitor:
    """Evaluates the windows of a model against its baselines.

    Evaluating again is harmless: ids are derived and rows replace each other. The window row is
    written last, so a crash in between makes the window stale and it is simply done again.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def evaluate(self, contract: Contract, now: datetime | None = None) -> list[EvaluatedWindow]:
        """Evaluate every stale closed window of a model; return them oldest first."""
        settings = self._settings
        until = last_closed_end(
            now or datetime.now(UTC), settings.window_seconds, settings.allowed_lateness_seconds
        )
        since = until - timedelta(seconds=settings.window_seconds * settings.lookback_windows)
        windows = closed_windows(
            self._store, [contract.model], since=since, until=until, window_seconds=settings.window_seconds
        )
        if not windows:
            return []
        baselines = load_baselines(self._store, contract.model)
        evaluated: list[EvaluatedWindow] = []
        for version in sorted({window.version for window in windows}):
            baseline = baselines.get(version) or baselines.get("")
            mine = [window for window in windows if window.version == version]
            stale = [w for w in mine if w.is_stale(baseline.baseline_id if baseline else "")]
            if not stale:
                continue
            if baseline is None:
                evaluated += self._without_baseline(contract, stale)
            else:
                # A changed window changes the evidence of those after it, so they follow it.
                again = [window for window in mine if window.start >= stale[0].start]
                evaluated += self._evaluate_version(contract, baseline, version, again)
        return sorted(evaluated, key=lambda window: (window.start, window.version))

    def _without_baseline(self, contract: Contract, windows: Sequence[Window]) -> list[EvaluatedWindow]:
        reason = "no baseline: make one with `driftline baseline`"
        done = [self._window(contract, window, "no_baseline", reason, window.rows, ()) for window in windows]
        self._commit(done, "", {})
        return done

    def _evaluate_version(
        self, contract: Contract, baseline: Baseline, version: str, windows: Sequence[Window]
    ) -> list[EvaluatedWindow]:
        step = timedelta(seconds=self._settings.window_seconds)
        first, end = windows[0].start, windows[-1].start + step
        profiles = self._profile(contract, baseline, version, first, end)
        history = load_history(
            self._store,
            contract.model,
            version,
            baseline.baseline_id,
            since=first - step * max(SCALES),
            until=end,
        )
        states = load_states(self._store, contract.model, version, baseline.baseline_id, before=first)
        detectors = self._detectors(contract, baseline)
        by_window: dict[datetime, dict[str, Profile]] = {}
        for profile in profiles:
            by_window.setdefault(profile.window_start, {})[profile.column] = profile
        done: list[EvaluatedWindow] = []
        weights: dict[tuple[str, datetime], Profile] = {}
        for window in windows:
            found = by_window.get(window.start, {})
            findings = []
            for column in contract.columns():
                if column.name not in baseline.columns:
                    findings.append(self._not_in_baseline(baseline, column, window))
                    continue
                if column.name not in found:
                    continue
                finding = self._finding(
                    contract, baseline, column, found[column.name], history, states, detectors
                )
                findings.append(finding)
                if finding.decision.status in ("ok", "watch", "drifted"):
                    states[column.name] = FieldState(
                        finding.decision.status,
                        finding.decision.direction,
                        finding.decision.effect,
                        finding.floor,
                    )
            profile_of = next(iter(found.values()), None)
            if profile_of is not None:
                weights[version, window.start] = profile_of
            status, reason = summarise(findings)
            rows = profile_of.rows if profile_of else window.rows
            done.append(self._window(contract, window, status, reason, rows, tuple(findings)))
        save_findings(self._store, [finding for window in done for finding in window.findings])
        self._commit(done, baseline.baseline_id, weights)
        return done

    def _profile(
        self, contract: Contract, baseline: Baseline, version: str, first: datetime, end: datetime
    ) -> list[Profile]:
        profiles = count_profiles(
            self._store,
            contract,
            {name: column.layout for name, column in baseline.columns.items()},
            versions=[version],
            apart=True,
            since=first,
            until=end,
            window_seconds=self._settings.window_seconds,
            centres={name: column.mean for name, column in baseline.columns.items()},
        )
        kinds = {column.name: column.kind for column in contract.columns()}
        save_profiles(
            self._store,
            contract.model,
            baseline.baseline_id,
            kinds,
            profiles,
            self._settings.window_seconds,
        )
        return profiles

    def _detectors(self, contract: Contract, baseline: Baseline) -> dict[str, FieldDetector | DriftlineError]:
        columns = [column for column in contract.columns() if column.name in baseline.columns]
        budget = ModelBudget(self._settings.budget.per_model_year(1), fields=len(columns))
        detectors: dict[str, FieldDetector | DriftlineError] = {}
        for column in columns:
            try:
                detectors[column.name] = FieldDetector(
                    baseline.columns[column.name],
                    alpha=month(budget.field),
                    window_seconds=self._settings.window_seconds,
                    tolerance=self._settings.drift_tolerance
                    if column.tolerance is None
                    else column.tolerance,
                    min_samples=self._settings.min_samples,
                )
            except (DriftlineError, ValueError, ArithmeticError) as error:
                # One field's failure is that field's status in every window; the others go on.
                detectors[column.name] = InvalidInput(str(error))
        return detectors

    def _not_in_baseline(self, baseline: Baseline, column: Column, window: Window) -> Finding:
        decision = FieldDecision(
            "insufficient_data",
            f"baseline {baseline.name!r} has no such field: make a new one with `driftline baseline`",
        )
        return self._new_finding(
            baseline,
            column,
            decision,
            version=window.version,
            start=window.start,
            rows=window.rows,
            effective_rows=float(window.rows),
            floor=window.start,
        )

    def _new_finding(
        self,
        baseline: Baseline,
        column: Column,
        decision: FieldDecision,
        *,
        version: str,
        start: datetime,
        rows: int,
        effective_rows: float,
        floor: datetime,
        statistics: dict[str, float] | None = None,
        bins: tuple[BinShare, ...] = (),
    ) -> Finding:
        return Finding(
            model=baseline.model,
            version=version,
            baseline_id=baseline.baseline_id,
            window_start=start,
            window_end=start + timedelta(seconds=self._settings.window_seconds),
            column=column.name,
            kind=column.kind,
            role=column.role,
            decision=decision,
            rows=rows,
            effective_rows=effective_rows,
            floor=floor,
            statistics=statistics or {},
            top_bins=bins,
        )

    def _finding(
        self,
        contract: Contract,
        baseline: Baseline,
        column: Column,
        profile: Profile,
        history: History,
        states: dict[str, FieldState],
        detectors: Mapping[str, FieldDetector | DriftlineError],
    ) -> Finding:
        reference = baseline.columns[column.name]
        previous = states.get(column.name)
        floor = previous.floor if previous else profile.window_start
        statistics: dict[str, float] = {}
        bins: tuple[BinShare, ...] = ()
        detector = detectors[column.name]
        try:
            if isinstance(detector, DriftlineError):
                raise detector
            statistics = field_statistics(reference, profile.counts, profile.effective_rows)
            bins = tuple(moved_bins(reference, profile.counts, TOP_BINS))
            decision, floor = self._decide(
                detector,
                history.get(column.name, {}),
                profile.window_start,
                floor,
                previous,
            )
        except (DriftlineError, ValueError, ArithmeticError) as error:
            # One field's failure is that field's status; the others go on.
            _log.error("field failed", model=contract.model, field=column.name, error=str(error))
            decision = FieldDecision("failed", f"could not be judged: {error}")
        return self._new_finding(
            baseline,
            column,
            decision,
            version=profile.version,
            start=profile.window_start,
            rows=profile.rows,
            effective_rows=profile.effective_rows,
            floor=floor,
            statistics=statistics,
            bins=bins,
        )

    def _decide(
        self,
        detector: FieldDetector,
        history: dict[datetime, WindowCounts],
        start: datetime,
        floor: datetime,
        previous: FieldState | None,
    ) -> tuple[FieldDecision, datetime]:
        """Decide about one field in one window; also returns the floor that evidence counts from."""
        step = timedelta(seconds=self._settings.window_seconds)
        earliest = max(floor, start - step * (max(SCALES) - 1))
        starts = sorted(moment for moment in history if earliest <= moment <= start)
        windows = [history[moment] for moment in starts]
        if previous is not None and previous.status == "drifted" and windows:
            gone_over = detector.recovered(windows, previous.direction, previous.effect)
            if gone_over is not None:
                # Without the new floor the old drift would be found again from the same windows.
                floor = starts[-gone_over]
                windows = windows[-gone_over:]
        return detector.decide(windows), floor

    def _window(
        self,
        contract: Contract,
        window: Window,
        status: WindowStatus,
        reason: str,
        rows: int,
        findings: tuple[Finding, ...],
    ) -> EvaluatedWindow:
        end = window.start + timedelta(seconds=self._settings.window_seconds)
        return EvaluatedWindow(
            contract.model, window.version, window.start, end, status, reason, rows, findings
        )

    def _commit(
        self,
        windows: Sequence[EvaluatedWindow],
        baseline_id: str,
        weights: dict[tuple[str, datetime], Profile],
    ) -> None:
        now = datetime.now(UTC)
        rows = []
        for window in windows:
            profile = weights.get((window.version, window.start))
            rows.append(
                {
                    "model": window.model,
                    "version": window.version,
                    "window_start": window.start,
                    "window_end": window.end,
                    "baseline_id": baseline_id,
                    "status": window.status,
                    "reason": window.reason,
                    "rows": window.rows,
                    "weight_sum": profile.weight_sum if profile else float(window.rows),
                    "effective_rows": profile.effective_rows if profile else float(window.rows),
                    "drifted_fields": [finding.column for finding in window.drifted],
                    "computed_at": now,
                }
            )
        self._store.insert_rows("windows", rows)
