"""Windows of a history that are not what the history stands for: broken ones, and episodes of drift."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.history import decomposed, usable_rows
from detectors.evidence.pooling import expanded
from detectors.evidence.score_set import ScoreSet, Vector
from detectors.evidence.series import ScoreSeries
from detectors.evidence.yardstick import expected_events

BROKEN = 8.0
"""Robust standard deviations from the rest at which a single window is left out."""

EPISODE = 9.0
"""Standard errors from the rest at which a stretch of windows is left out, if the rest is calm."""

CALM = 5.5
"""Standard errors that no stretch of the rest may reach; else the stream wanders, and that is its nature."""

AT_MOST = 0.25
"""Part of a history that is left out at most: beyond it nobody can say which part is the normal one."""

ROUGH, ROUGHLY = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256), 0.8
LEAST_WINDOWS = 24
ROUNDS = 4
NORMAL_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Windows of F histories that do not count.

    Attributes
    ----------
    clean
        Windows that count, shape ``(F, H)``.
    spans
        By field: first and last window number left out, and why.
    """

    clean: NDArray[np.bool_]
    spans: dict[int, list[tuple[int, int, str]]]

    def words(self, field: int) -> tuple[str, ...]:
        """Every stretch of a field that was left out, in words."""
        return tuple(
            f"{last - first + 1} window{'s' if last > first else ''} left out: {why}"
            for first, last, why in self.spans.get(field, [])
        )


def clean_windows(
    scores: ScoreSet,
    series: ScoreSeries,
    *,
    window_seconds: int,
    holidays: NDArray[np.bool_] | None = None,
) -> LeftOut:
    """Find the windows of histories that a baseline had better do without.

    A window is *broken* when a score lies ``BROKEN`` robust standard deviations off what is expected. A
    stretch is an *episode* when its mean lies ``EPISODE`` standard errors off, measured by the differences of
    neighbouring windows, and what remains without it is calm; if the rest wanders as well, nothing is left
    out, for then wander is how this stream is. At most a quarter of the windows is left out.

    Parameters
    ----------
    scores
        Of all the windows together, contaminated or not.
    series
        The windows, measured with these scores, shape ``(F, H, S)``.
    window_seconds
        Their length.
    holidays
        Windows that the owner says are not like others, shape ``(H,)``.
    """
    clean = np.ones(series.rows.shape, dtype=bool)
    spans: dict[int, list[tuple[int, int, str]]] = {}
    if holidays is not None:
        clean &= ~np.asarray(holidays, dtype=bool)
        for field in range(scores.fields):
            _note(spans, field, series.first, ~clean[field] & (series.rows[field] > 0), "a holiday")
    if series.windows < LEAST_WINDOWS:
        return LeftOut(clean, spans)
    kept = clean.copy()
    for _ in range(ROUNDS):
        rows = usable_rows(scores, series, kept)
        _, residuals = decomposed(scores, series, rows, window_seconds)
        weighted, _ = _standardised(scores, residuals, rows, by_differences=False)
        broken = (np.abs(weighted) > BROKEN).any(-1) & kept
        if not broken.any():
            break
        kept &= ~broken
    allowed = AT_MOST * (series.rows > 0).sum(axis=1)
    dropped = clean & ~kept
    too_many = dropped.sum(axis=1) > allowed
    kept[too_many] = clean[too_many]
    for field in np.flatnonzero(dropped.any(axis=1) & ~too_many).tolist():
        _note(spans, field, series.first, dropped[field], "far from all others")
    rows = usable_rows(scores, series, kept)
    _, residuals = decomposed(scores, series, rows, window_seconds)
    weighted, watched = _standardised(scores, residuals, rows, by_differences=True)
    for field in range(scores.fields):
        episode = _episode(weighted[field][:, watched[field]], rows[field, :, 0] > 0)
        if episode is None or episode.sum() + dropped[field].sum() > allowed[field]:
            continue
        kept[field] &= ~episode
        _note(spans, field, series.first, episode, "an episode unlike the rest, which is calm")
    return LeftOut(kept, spans)


def _standardised(
    scores: ScoreSet, residuals: Vector, rows: NDArray[np.float32], *, by_differences: bool
) -> tuple[Vector, NDArray[np.bool_]]:
    """Residuals in robust standard deviations of a window of their size, and scores that can be counted on.

    The deviation is that of the residuals, or what the differences of neighbours say of it: then a slow
    wander, or an episode, does not enter its own yardstick.
    """
    n = expanded(rows, scores.size).astype(np.float64)
    counted = n > 0
    present = np.maximum(counted.sum(axis=1), 1)
    typical = np.maximum(n.sum(axis=1) / present, 1e-9)
    _, countable = expected_events(scores, typical[:, None, None])
    watched = countable[:, 0, 0] & scores.live
    scaled = np.where(counted, residuals * np.sqrt(n / typical[:, None]), np.nan)
    sample = np.abs(np.diff(scaled, axis=1)) / np.sqrt(2) if by_differences else np.abs(scaled)
    sample[:, 0] = np.where(np.isnan(sample).all(axis=1), 0.0, sample[:, 0])
    spread = np.nanmedian(sample, axis=1) * NORMAL_MAD
    spread = np.maximum(spread, np.sqrt(scores.variance / typical))
    found = np.where(counted & watched[:, None], np.nan_to_num(scaled) / spread[:, None], 0.0)
    return found, watched


def _episode(weighted: Vector, counted: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """The stretch of windows that stands out of a calm rest, shape ``(H,)``, or ``None``."""
    if weighted.size == 0:
        return None
    longest = int(AT_MOST * counted.size)
    # A stretch that stands out is seen, less clearly, at a length near its own.
    rough, *_ = _strongest_stretch(weighted, counted, [n for n in ROUGH if n <= longest])
    if rough < ROUGHLY * EPISODE:
        return None
    strength, first, length = _strongest_stretch(weighted, counted, range(2, longest + 1))
    if strength < EPISODE:
        return None
    stretch = np.zeros(counted.size, dtype=bool)
    stretch[first : first + length] = True
    rest = counted & ~stretch
    if rest.sum() < LEAST_WINDOWS:
        return None
    calm = np.where(rest[:, None], weighted - weighted[rest].mean(axis=0), 0.0)
    remaining, *_ = _strongest_stretch(calm, rest, range(2, longest + 1))
    return stretch & counted if remaining < CALM else None


def _strongest_stretch(
    weighted: Vector, counted: NDArray[np.bool_], lengths: Iterable[int]
) -> tuple[float, int, int]:
    """Deviation of the mean of the most deviating stretch from the rest, its first window and length."""
    total = int(counted.sum())
    sums = np.vstack([np.zeros(weighted.shape[1]), np.cumsum(weighted * counted[:, None], axis=0)])
    counts = np.concatenate([[0], np.cumsum(counted)])
    best = 0.0, 0, 0
    for length in lengths:
        n = counts[length:] - counts[:-length]
        inside = sums[length:] - sums[:-length]
        rest = total - n
        usable = (n > 1) & (rest > 0)
        safe = np.where(usable, n, 1), np.where(usable, rest, 1)
        difference = inside / safe[0][:, None] - (sums[-1] - inside) / safe[1][:, None]
        strength = np.abs(difference).max(axis=1) / np.sqrt(1 / safe[0] + 1 / safe[1])
        strength = np.where(usable, strength, 0.0)
        at = int(np.argmax(strength))
        if strength[at] > best[0]:
            best = float(strength[at]), at, length
    return best


def _note(
    spans: dict[int, list[tuple[int, int, str]]],
    field: int,
    first: int,
    which: NDArray[np.bool_],
    why: str,
) -> None:
    """Add the runs of windows that were left out for one reason."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], which.astype(np.int8), [0]])))
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        spans.setdefault(field, []).append((first + begin, first + end - 1, why))
