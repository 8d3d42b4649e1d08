"""The product's own evidence procedure on a simulated month, at default settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.simulation.latent import Vector
from bench.simulation.month import Month, Windows
from detectors.baselines.pooling import with_unseen
from detectors.budget import ModelBudget, month
from detectors.evidence.contamination import clean_windows
from detectors.evidence.decisions import DRIFTED, Decisions
from detectors.evidence.history import learn
from detectors.evidence.judge import Judge
from detectors.evidence.noise import Noise
from detectors.evidence.score_set import CHANGES, ScoreSet
from detectors.evidence.scoring import score_set
from detectors.evidence.series import ScoreSeries
from detectors.evidence.states import States
from driftline.settings import Settings

WINDOW_SECONDS = 3600
MONDAY = 96 + 168 * 2900
"""Number of an hourly window that begins on a Monday 00:00 UTC."""

WHOLE = -1


@dataclass(frozen=True)
class Alarm:
    """The first alarm of one field by one kind of change.

    Attributes
    ----------
    segment
        -1 for all rows.
    window
        Window of the alarm, counted from the beginning of the month.
    windows
        Windows in which the change was open, this one included.
    episodes
        How often it opened.
    began
        Where the change point was put at the alarm, counted as ``window`` is.
    """

    field: int
    segment: int
    change: str
    window: int
    windows: int
    episodes: int
    score: str
    scale: int
    evidence: float
    threshold: float
    effect: float
    began: int


@dataclass(frozen=True)
class Judged:
    """What the procedure said of a month.

    Attributes
    ----------
    margin
        Strongest evidence over what was needed, in standard deviations: above 0 where there are alarms,
        unless the effect is below tolerance. How near to a false alarm a quiet month came.
    """

    alarms: list[Alarm]
    margin: float


def budget_of(fields: int, segments: int = 0, models: int = 1) -> ModelBudget:
    """A model's budget at default settings; several models share that of one."""
    return ModelBudget(Settings().budget.per_model_year(1) / models, fields, segments)


def judge(whole: Month, *, models: int = 1, first: int = 0) -> Judged:
    """Judge all fields, over all rows and in every segment.

    Parameters
    ----------
    models
        Models that share the budget of one.
    first
        Window from which on alarms are looked for; earlier ones only teach.
    """
    budget = budget_of(len(whole.columns), len(whole.segments), models)
    parts = [_judge(whole, WHOLE, month(budget.field), first)]
    for number, segment in enumerate(whole.segments):
        parts.append(_judge(segment, number, month(budget.segment_field), first))
    alarms = [alarm for part in parts for alarm in part.alarms]
    return Judged(alarms, max(part.margin for part in parts))


def _judge(part: Month, segment: int, alpha: float, first: int) -> Judged:
    alarms, margin = [], -np.inf
    for fields in _by_kind(part):
        scores, decisions = decisions_of(part, fields, alpha)
        over = decisions.evidence[:, first:] - decisions.threshold[:, first:]
        margin = max(margin, float(np.nanmax(over, initial=-np.inf)))
        alarms += _alarms(scores, decisions, fields, segment, first, MONDAY + int(part.windows.hours[0]))
    return Judged(alarms, round(margin, 3))


def _by_kind(part: Month) -> list[NDArray[np.intp]]:
    """Numbers of the numeric fields, and of the categorical ones."""
    kinds = np.array([column.layout.kind for column in part.columns])
    stacks = [np.flatnonzero(kinds == kind) for kind in ("numeric", "categorical")]
    return [fields for fields in stacks if fields.size]


def _judge_of(part: Month, fields: NDArray[np.intp], alpha: float) -> tuple[ScoreSet, Judge]:
    settings = Settings()
    scores, noise = _learned(part, fields)
    return scores, Judge(
        scores,
        noise,
        alphas=np.full(fields.size, alpha),
        window_seconds=WINDOW_SECONDS,
        tolerances=settings.drift_tolerance,
        min_samples=settings.min_samples,
    )


def decisions_of(part: Month, fields: NDArray[np.intp], alpha: float) -> tuple[ScoreSet, Decisions]:
    """Decide about fields of one kind in every window of the month."""
    scores, deciding = _judge_of(part, fields, alpha)
    series = _series(scores, part.windows, fields)
    decisions, _ = deciding.decide(series, None, targets=part.rows.size, holidays=part.holidays)
    return scores, decisions


def live_judge(part: Month) -> Callable[[], None]:
    """A call that decides about the last window of a month for all fields, as the live cycle does."""
    prepared = []
    alpha = month(budget_of(len(part.columns)).field)
    for fields in _by_kind(part):
        scores, deciding = _judge_of(part, fields, alpha)
        prepared.append((deciding, _series(scores, part.windows, fields), States.fresh(fields.size)))

    def decide() -> None:
        for deciding, series, states in prepared:
            deciding.decide(series, states, targets=1)

    return decide


def _learned(part: Month, fields: NDArray[np.intp]) -> tuple[ScoreSet, Noise]:
    """Scores and noise of fields as a baseline is made: strange windows of its history are left out."""
    columns = [part.columns[i] for i in fields]
    layouts = [column.layout for column in columns]
    counts = np.stack([column.layout.aligned(column.counts) for column in columns])
    scores = score_set(layouts, counts, np.array([column.effective_rows for column in columns]))
    if part.history is None:
        return scores, Noise.live(scores)
    model = np.zeros(fields.size, dtype=np.int64)
    series = _series(scores, part.history, fields)
    left_out = clean_windows(scores, series, window_seconds=WINDOW_SECONDS)
    kept = left_out.clean.astype(np.float64)
    counts = np.einsum("ftb,ft->fb", part.history.counts[fields], kept)
    recounted = [
        with_unseen(
            replace(column, counts=column.layout.compact(aligned)), part.singletons[i], part.baseline_rows
        )
        for column, aligned, i in zip(columns, counts, fields, strict=True)
    ]
    counts = np.stack([column.layout.aligned(column.counts) for column in recounted])
    scores = score_set(layouts, counts, kept @ part.history.effective_rows)
    series = _series(scores, part.history, fields)
    return scores, learn(scores, series, window_seconds=WINDOW_SECONDS, clean=left_out.clean, models=model)


def _series(scores: ScoreSet, windows: Windows, fields: NDArray[np.intp]) -> ScoreSeries:
    rows: Vector = np.broadcast_to(windows.effective_rows, (fields.size, windows.effective_rows.size)).copy()
    return ScoreSeries.of_counts(scores, windows.counts[fields], rows, first=MONDAY + int(windows.hours[0]))


def _alarms(
    scores: ScoreSet,
    decisions: Decisions,
    fields: NDArray[np.intp],
    segment: int,
    first: int,
    first_window: int,
) -> list[Alarm]:
    drifted = decisions.status == DRIFTED
    opened = drifted & ~np.concatenate([np.zeros_like(drifted[:, :1]), drifted[:, :-1]], axis=1)
    drifted[:, :first] = False
    opened[:, :first] = False
    alarms = []
    for f, change in zip(*np.nonzero(drifted.any(axis=1)), strict=True):
        t = int(np.argmax(drifted[f, :, change]))
        at = (f, t, change)
        alarms.append(
            Alarm(
                field=int(fields[f]),
                segment=segment,
                change=CHANGES[change],
                window=t,
                windows=int(drifted[f, :, change].sum()),
                episodes=int(opened[f, :, change].sum()),
                score=scores.names(int(f))[int(decisions.score[at])],
                scale=int(decisions.scale[at]),
                evidence=round(float(decisions.evidence[at]), 3),
                threshold=round(float(decisions.threshold[at]), 3),
                effect=round(float(decisions.effect[at]), 4),
                began=int(decisions.change_start[at]) - first_window,
            )
        )
    return alarms
