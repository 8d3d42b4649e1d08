"""Evaluation of models: windows whose events or baseline changed are counted, judged and committed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from detectors.baselines.book import BaselineBook
from detectors.evaluated_window import FAILURES, EvaluatedWindow, Evaluation, commit_windows, summarise
from detectors.findings import Finding, save_findings
from detectors.pipeline import Pipeline
from detectors.stale_windows import StaleWindows
from detectors.targets import Targets
from detectors.watched import Watched
from detectors.windows import Window, last_closed_end
from driftline.contracts import Contract
from driftline.settings import Settings
from driftline.store import Store

NO_BASELINE = "no baseline: make one with `driftline baseline`"

MOST_TARGETS = 720
"""Windows that are judged in one go; more are taken in turns, so that memory stays bounded."""

MOST_SPAN_SECONDS = 90 * 604800
"""Their span: an insert may not meet more than 100 of the weeks that scores are kept by."""


class Monitor:
    """Evaluates the windows of models against their baselines.

    Evaluating again is harmless: ids are derived and rows replace each other. The window row is written
    last, so a crash in between makes the window stale and it is simply done again. What is kept in memory
    only saves reading: baselines, the states that the last windows left behind, where to look for new
    events. One thread at a time.
    """

    def __init__(self, store: Store, settings: Settings, book: BaselineBook | None = None) -> None:
        self._store = store
        self._settings = settings
        self.book = book or BaselineBook(store)
        self._stale = StaleWindows(store, settings, self.book)
        self._watched: dict[tuple[str, str], tuple[object, Watched]] = {}
        self._pipeline = Pipeline(store, settings)

    def evaluate(self, contract: Contract, now: datetime | None = None) -> list[EvaluatedWindow]:
        """Evaluate every stale closed window of one model; return them oldest first.

        Raises
        ------
        DriftlineError
            The model could not be evaluated.
        """
        done = self.evaluate_all([contract], now)
        for failure in done.failed.values():
            raise failure
        return done.windows

    def evaluate_all(
        self,
        contracts: Sequence[Contract],
        now: datetime | None = None,
        *,
        fleet: int | None = None,
        waiting: Mapping[tuple[str, str], str] | None = None,
    ) -> Evaluation:
        """Evaluate every stale closed window of some models, all together.

        Parameters
        ----------
        fleet
            How many models share a fleet-wide budget; default: as many as are given.
        waiting
            For what the baseline of a model and version (``""``: any) waits, to be told with its windows.
        """
        settings = self._settings
        until = last_closed_end(
            now or datetime.now(UTC), settings.window_seconds, settings.allowed_lateness_seconds
        )
        self.book.refresh()
        done = Evaluation()
        by_name = {contract.model: contract for contract in contracts}
        stale = self._stale.find(list(by_name), until)
        without: list[Window] = []
        firsts: dict[int, list[Watched]] = {}
        size = len(contracts) if fleet is None else fleet
        for (model, version), windows in _by_version(stale).items():
            try:
                watched = self._watch(by_name[model], version, size)
            except FAILURES as error:
                done.failed[model] = error
                continue
            if watched is None:
                without += windows
            else:
                firsts.setdefault(self._number(windows[0].start), []).append(watched)
        self._without_baseline(without, waiting or {}, done)
        last = self._number(until)
        most = max(1, min(MOST_TARGETS, MOST_SPAN_SECONDS // settings.window_seconds))
        # Oldest first: what is evaluated later may need the states of what came before.
        for first in sorted(firsts):
            for begin in range(first, last, most):
                count = min(most, last - begin)
                self._pipeline.evaluate(firsts[first], Targets(begin, count, settings.window_seconds), done)
        self._stale.done(list(by_name), until, failed=list(done.failed))
        done.windows.sort(key=lambda window: (window.start, window.model, window.version))
        return done

    def add(self, window: EvaluatedWindow, findings: Sequence[Finding]) -> EvaluatedWindow:
        """Add findings about an evaluated window, store them and revise the window."""
        together = (*window.findings, *findings)
        status, reason = summarise(together)
        revised = dataclasses.replace(window, status=status, reason=reason, findings=together)
        save_findings(self._store, findings)
        if (status, reason) != (window.status, window.reason):
            commit_windows(self._store, [revised])
        return revised

    def _number(self, moment: datetime) -> int:
        return round(moment.timestamp()) // self._settings.window_seconds

    def _watch(self, contract: Contract, version: str, fleet: int) -> Watched | None:
        """The version with what it is judged against; ``None`` without a baseline."""
        packed = self.book.packed(contract.model, version)
        if packed is None:
            return None
        key = (packed.baseline_id, contract.revision, self._settings.budget.per_model_year(fleet))
        known = self._watched.get((contract.model, version))
        if known is None or known[0] != key:
            watched = Watched.of(contract, version, packed.unpacked(), self._settings, fleet)
            known = self._watched[contract.model, version] = key, watched
        return known[1]

    def _without_baseline(
        self, windows: Sequence[Window], waiting: Mapping[tuple[str, str], str], done: Evaluation
    ) -> None:
        step = timedelta(seconds=self._settings.window_seconds)
        found = []
        for window in windows:
            text = waiting.get((window.model, window.version)) or waiting.get((window.model, ""))
            reason = f"no baseline: {text}" if text else NO_BASELINE
            end = window.start + step
            found.append(
                EvaluatedWindow(
                    window.model,
                    window.version,
                    "",
                    window.start,
                    end,
                    "no_baseline",
                    reason,
                    window.rows,
                    (),
                )
            )
        commit_windows(self._store, found)
        done.windows.extend(found)


def _by_version(windows: Sequence[Window]) -> dict[tuple[str, str], list[Window]]:
    """Windows by model and version, oldest first."""
    found: dict[tuple[str, str], list[Window]] = {}
    for window in sorted(windows, key=lambda window: window.start):
        found.setdefault((window.model, window.version), []).append(window)
    return found
