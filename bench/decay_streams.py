"""Streams of losses for ``bench.decay``, many at once, and the e-detector over them.

A window is drawn as counts of cells: every (loss, weight) that an event can have is a cell. The evidence of
all streams is carried on together with the formulas of ``detectors.performance.decay.detector``; a test holds
both equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from detectors.performance.decay.detector import CAP
from detectors.performance.decay.reference import BETS, LOG_SHARES, RiskReference

Vector = NDArray[np.float64]
Counts = NDArray[np.int64]
Draw = Callable[[np.random.Generator, int], Counts]
"""Counts of the cells of one window of all streams, shape ``(streams, cells)``, by window."""


@dataclass(frozen=True)
class Cells:
    """What one event can be: its loss, its weight in [0, 1], and how probable that is."""

    losses: Vector
    weights: Vector
    shares: Vector

    @property
    def risk(self) -> float:
        """Weighted mean loss."""
        weighted = self.shares * self.weights
        return float(weighted @ self.losses / weighted.sum())


def errors(risk: float) -> Cells:
    """Right or wrong, unweighted."""
    return Cells(np.array([0.0, 1.0]), np.ones(2), np.array([1 - risk, risk]))


def weighted_errors(risk: float, sigma: float, atoms: int = 20) -> Cells:
    """Lognormal weights, cut off at four times the usual one; heavier events are wrong more often."""
    quantiles = np.exp(sigma * ndtri((np.arange(atoms) + 0.5) / atoms))
    usual = float(quantiles @ quantiles / quantiles.sum())
    u = np.minimum(quantiles / (4 * usual), 1.0)
    rising = np.clip(np.linspace(0.4, 1.6, atoms), 0, None)
    wrong = risk * rising * u.sum() / (rising * u).sum()
    return Cells(np.repeat([0.0, 1.0], atoms), np.tile(u, 2), np.concatenate([1 - wrong, wrong]) / atoms)


def skewed_losses(atoms: int = 40) -> Cells:
    """Losses like squared errors: exponential, cut off at three times their 99th percentile, in [0, 1]."""
    losses = -np.log1p(-(np.arange(atoms) + 0.5) / atoms)
    return Cells(np.minimum(losses / (3 * 4.6), 1.0), np.ones(atoms), np.full(atoms, 1 / atoms))


@cache
def reference_of(labelled: int, wrong: int, alpha: float, tolerance: float) -> RiskReference:
    """References by their counts; streams share few."""
    return RiskReference.from_counts(labelled, labelled - wrong, alpha, tolerance)


def log_factors(cells: Cells, references: list[RiskReference]) -> Vector:
    """``ln(1 + lambda_j u (x - m))`` of the bets above the limit; shape ``(references, cells, BETS)``."""
    return np.stack(
        [
            np.log1p(r.lambdas[None, :BETS] * (cells.weights * (cells.losses - r.limit))[:, None])
            for r in references
        ]
    )


class Evidence:
    """ln SR of many streams, window by window."""

    def __init__(self, streams: int, log_threshold: float) -> None:
        self._caps = log_threshold + CAP - LOG_SHARES
        self.parts = np.full((streams, BETS), -np.inf)

    def after(self, parts: Vector, log_bets: Vector) -> Vector:
        """Parts of SR after one more window, shape ``(streams, BETS)``."""
        return np.minimum(np.logaddexp(parts, 0.0) + log_bets, self._caps)

    def add(self, log_bets: Vector) -> Vector:
        """ln SR after one more window."""
        self.parts = self.after(self.parts, log_bets)
        return summed(self.parts)


def summed(parts: Vector) -> Vector:
    """ln SR from its parts."""
    return np.asarray(np.logaddexp.reduce(parts + LOG_SHARES, axis=1))


def log_bets_of(counts: Counts, factors: Vector) -> Vector:
    """Sums of logs of one window; ``factors`` of each stream or of all."""
    if factors.shape[0] == 1:
        return np.asarray(counts @ factors[0])
    return np.asarray(np.einsum("rc,rcj->rj", counts, factors))


def first_alarms(
    draw: Draw, windows: int, factors: Vector, streams: int, log_threshold: float, seed: int
) -> Vector:
    """Window (from 1) in which each stream first reaches the threshold; infinite when it never does."""
    rng = np.random.default_rng(seed)
    evidence = Evidence(streams, log_threshold)
    first = np.full(streams, np.inf)
    for t in range(windows):
        reached = evidence.add(log_bets_of(draw(rng, t), factors)) >= log_threshold
        first = np.where(reached & np.isinf(first), t + 1, first)
    return first


def drawn(cells: Cells, labels: int, streams: int) -> Draw:
    """Independent events."""
    return lambda rng, t: rng.multinomial(labels, cells.shares, size=streams)


def partly_labelled(cells: Cells, labels: int, streams: int) -> Draw:
    """Between none and all of the events of a window get a label."""

    def draw(rng: np.random.Generator, t: int) -> Counts:
        return rng.multinomial(rng.integers(0, labels + 1, streams), cells.shares)

    return draw


def clustered(risk: float, labels: int, size: int, streams: int) -> Draw:
    """Errors come in runs: ``size`` successive labels are all right or all wrong."""
    return lambda rng, t: np.asarray(
        size * rng.multinomial(labels // size, [1 - risk, risk], size=streams), dtype=np.int64
    )


def wandering(risk: float, labels: int, spread: float, memory: float, streams: int) -> Draw:
    """The risk itself wanders around ``risk``: AR(1) with this standard deviation between windows."""
    state = np.zeros(streams)

    def draw(rng: np.random.Generator, t: int) -> Counts:
        nonlocal state
        noise = rng.standard_normal(streams)
        state = noise if t == 0 else memory * state + np.sqrt(1 - memory**2) * noise
        now = np.clip(risk + spread * state, 0, 1)
        wrong = rng.binomial(labels, now)
        return np.stack([labels - wrong, wrong], axis=1)

    return draw


def first_alarms_with_delays(
    risk: float,
    windows: int,
    labels: int,
    batches: int,
    factors: Vector,
    streams: int,
    log_threshold: float,
    seed: int,
    swapped: float = 0.02,
) -> tuple[Vector, Vector]:
    """Labels of a window come in ``batches`` parts, one with each later window, and are looked at each time.

    Of each part some labels are wrong about the event at first, as many one way as the other, and corrected
    with the next part. Returns first alarms of the newest window's evidence, and of any window's, revised
    ones too, in windows.
    """
    rng = np.random.default_rng(seed)
    evidence = Evidence(streams, log_threshold)
    newest, any_window = np.full(streams, np.inf), np.full(streams, np.inf)
    pending: list[list[Counts]] = []
    for t in range(windows):
        size = labels // batches
        wrong = rng.binomial(size, risk, size=(batches, streams))
        pending.append([np.stack([size - k, k], axis=1) for k in wrong])
        for known in _looks_of(pending, batches, rng, risk, swapped):
            parts = evidence.parts
            for bets in known:
                parts = evidence.after(parts, log_bets_of(bets, factors))
                over = summed(parts) >= log_threshold
                any_window = np.where(over & np.isinf(any_window), t + 1, any_window)
            newest = np.where(over & np.isinf(newest), t + 1, newest)
        if len(pending) == batches:
            evidence.add(log_bets_of(np.sum(pending.pop(0), axis=0), factors))
    return newest, any_window


def _looks_of(
    pending: list[list[Counts]], batches: int, rng: np.random.Generator, risk: float, swapped: float
) -> Iterator[list[Counts]]:
    """What is known of the open windows after each part that comes with the newest window, oldest first."""
    known = [np.sum(parts[: len(pending) - 1 - k], axis=0) for k, parts in enumerate(pending[:-1])]
    known.append(np.zeros_like(pending[-1][0]))
    for k, parts in enumerate(pending):
        part = parts[len(pending) - 1 - k]
        mistaken = rng.binomial(part[:, 1], swapped)
        missed = rng.binomial(part[:, 0], swapped * risk / (1 - risk))
        moved = np.stack([mistaken - missed, missed - mistaken], axis=1)
        yield [*known[:k], known[k] + part + moved, *known[k + 1 :]]
        known[k] = known[k] + part
