"""Model-level drift of one version in one window, from stored events to findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from detectors.multivariate.finding import MultivariateFinding
from detectors.multivariate.group_model import GroupModel
from detectors.multivariate.groups import Group, groups_of, segment_columns
from detectors.multivariate.judgement import Judged, SegmentLabels, judge
from detectors.multivariate.reference import LaidOutBaseline, Reference, load_reference
from detectors.multivariate.sampled_rows import SampledRows, read_rows
from detectors.multivariate.spread_of_windows import LONGEST_HISTORY
from detectors.multivariate.stored_windows import StoredWindows, WindowScores, load_windows, save_windows
from detectors.profiles.layout import ColumnLayout
from driftline.contracts import Contract
from driftline.errors import DriftlineError
from driftline.logs import get_logger
from driftline.store import Store

_log = get_logger(__name__)

OWN_WINDOWS = 72
"""Windows of a baseline with history that are measured when it is made."""


def evaluate_multivariate(
    store: Store,
    contract: Contract,
    baseline: LaidOutBaseline,
    version: str,
    start: datetime,
    *,
    window_seconds: int,
    alpha_month: float,
    min_samples: float = 100.0,
) -> list[MultivariateFinding]:
    """Judge the inputs, the outputs and every embedding of one version in one window, and store their scores.

    Parameters
    ----------
    start
        Of the window, timezone-aware. Windows may be left out: the spread is that of the windows judged.
    alpha_month
        False alarms a month that all findings of this model's groups may cost together.
    min_samples
        Effective rows that a window needs.

    Returns
    -------
    list of MultivariateFinding
        One for each group and change; empty for a model of single columns. Without a stored reference
        sample they say ``insufficient_data``; a group that cannot be judged says ``failed``.
    """
    layouts = {name: column.layout for name, column in baseline.columns.items()}
    groups = groups_of(contract, layouts)
    if not groups:
        return []
    end = start + timedelta(seconds=window_seconds)
    reference = load_reference(store, contract.model, baseline.baseline_id, layouts)
    if reference is None:
        reason = "the baseline holds no sample of rows: make it anew with `driftline baseline`"
        return [_without(group, start, end, "insufficient_data", reason) for group in groups]
    rows = read_rows(
        store,
        contract,
        layouts,
        model=contract.model,
        versions=[version],
        since=start,
        until=end,
    )
    history = load_windows(
        store, contract.model, version, baseline.baseline_id, before=start, most=LONGEST_HISTORY
    )
    labels = _labels(segment_columns(contract, reference.sample.columns), layouts, reference, rows)
    findings: list[MultivariateFinding] = []
    measured: list[WindowScores] = []
    for group in groups:
        try:
            judged = _judged(
                group,
                reference,
                rows,
                history["live"].get(group.field, []),
                history["baseline"].get(group.field, []),
                start=start,
                window_seconds=window_seconds,
                alpha_month=alpha_month / len(groups),
                min_samples=min_samples,
                labels=labels,
            )
        except (DriftlineError, ValueError, ArithmeticError) as error:
            # One group's failure is that group's status; the others go on.
            _log.error("group failed", model=contract.model, field=group.field, error=str(error))
            findings.append(_without(group, start, end, "failed", f"could not be judged: {error}"))
            continue
        findings += judged.findings
        if any(finding.status != "insufficient_data" for finding in judged.findings):
            scores = judged.measured
            measured.append(
                WindowScores(
                    group.field, start, scores.effective_rows, scores.values, scores.means, judged.drifted
                )
            )
    save_windows(store, contract.model, version, baseline.baseline_id, "live", measured)
    return findings


def measure_baseline_windows(
    store: Store,
    contract: Contract,
    baseline: LaidOutBaseline,
    *,
    versions: Sequence[str],
    since: datetime,
    until: datetime,
    window_seconds: int,
    most: int = OWN_WINDOWS,
) -> int:
    """Measure the last windows of a baseline made of traffic, so that monitoring need not learn first.

    Call it after :func:`detectors.multivariate.reference.make_reference`.

    Parameters
    ----------
    since, until
        What the baseline was made of; windows are counted back from ``until``.

    Returns
    -------
    int
        Windows that held enough rows.
    """
    layouts = {name: column.layout for name, column in baseline.columns.items()}
    reference = load_reference(store, contract.model, baseline.baseline_id, layouts)
    groups = groups_of(contract, layouts)
    if reference is None or not groups:
        return 0
    models = [GroupModel.of(group, reference) for group in groups]
    step = timedelta(seconds=window_seconds)
    count = min(most, int((until - since) / step))
    found: list[WindowScores] = []
    measured_windows = 0
    for index in range(count, 0, -1):
        start = until - step * index
        rows = read_rows(
            store,
            contract,
            layouts,
            model=contract.model,
            versions=versions,
            since=start,
            until=start + step,
        )
        scores = [(model, model.measure(rows.only(model.group.columns))) for model in models]
        usable = [(model, one) for model, one in scores if one.told is not None]
        measured_windows += bool(usable)
        found += [
            WindowScores(model.group.field, start, one.effective_rows, one.values, one.means)
            for model, one in usable
        ]
    save_windows(store, contract.model, "", baseline.baseline_id, "baseline", found)
    return measured_windows


def _judged(
    group: Group,
    reference: Reference,
    rows: SampledRows,
    live: Sequence[WindowScores],
    earlier: Sequence[WindowScores],
    *,
    start: datetime,
    window_seconds: int,
    alpha_month: float,
    min_samples: float,
    labels: SegmentLabels,
) -> Judged:
    model = GroupModel.of(group, reference)
    scores = model.variances.baseline.size
    means = len(group.numeric) if model.correlations.size else 0
    return judge(
        model,
        rows.only(group.columns),
        StoredWindows.of(live, scores, means),
        StoredWindows.of(earlier, scores, means),
        start=start,
        window_seconds=window_seconds,
        alpha_month=alpha_month,
        min_samples=min_samples,
        labels=labels,
    )


def _labels(
    columns: Sequence[str], layouts: Mapping[str, ColumnLayout], reference: Reference, rows: SampledRows
) -> SegmentLabels:
    def read(sample: SampledRows, name: str) -> list[str]:
        layout = layouts[name]
        named = dict(zip(layout.aligned_slots().tolist(), layout.labels(), strict=True))
        return [named[slot] for slot in sample.slots[:, sample.columns.index(name)].tolist()]

    return SegmentLabels(
        {name: read(reference.sample, name) for name in columns}, {name: read(rows, name) for name in columns}
    )


def _without(group: Group, start: datetime, end: datetime, status: str, reason: str) -> MultivariateFinding:
    return MultivariateFinding(
        field=group.field,
        role=group.role,
        change="multivariate",
        window_start=start,
        window_end=end,
        status="failed" if status == "failed" else "insufficient_data",
        reason=reason,
    )
