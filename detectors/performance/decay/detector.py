"""The e-detector: evidence, over all possible beginnings, that the risk is above a limit.

For the labels i of windows s to t, fixed bets lambda_j with shares pi_j, losses x in [0, B], weights u in [0,
1] and a limit m let

    M_s,t = sum_j pi_j prod_i (1 + lambda_j u_i (x_i - m)),        SR_t = sum_{s <= t} M_s,t.

*Guarantee.* Suppose that each label, when it comes, has ``E[u (x - m)] <= 0`` given those that came before.
Then each factor has a mean of at most 1, so M_s, read as "all labels of windows from s on that have come", is
a non-negative supermartingale that starts at 1, in the order in which labels *come*: a product does not
depend on the order of its factors as long as the bets are fixed. Over T windows the newest SR is at most the
sum of T such martingales, which starts at T, so by Ville's inequality the probability that it ever reaches c,
at any look after any label, is at most T / c.

*Cap.* Each bet's part of SR is cut off at ``c e^2 / pi_j``. The cut-off SR is never above the true one, so
the guarantee stays; and after a decay that lasted long it needs few healthy windows to come down.

*Recovery.* An episode ends when SR has come down to ``c / e^4``; or when, over some number of the newest
windows, the bet that won most during the decay has lost ``ln 100`` while the mean loss is at most the limit:
for 0/1 losses the likelihood ratio of the limit against the decayed risk. SR then starts again from those
windows, which makes it smaller, so the guarantee stays.

References
----------
Shin, J., Ramdas, A. and Rinaldo, A. (2024), E-detectors: a nonparametric framework for sequential change
detection, New England Journal of Statistics in Data Science 2, definition 2.2 and section 2.3 (SR
e-detector). Podkopaev, A. and Ramdas, A. (2022), Tracking the risk of a deployed model and detecting harmful
distribution shifts, ICLR, section 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

CAP: Final = 2.0
"""Nats above the threshold at which evidence is cut off."""
RELEASE: Final = 4.0
"""Nats below the threshold at which an episode ends by itself: far enough not to begin again at once."""
RECOVERED: Final = math.log(100)
"""Nats that the decayed risk has lost to the limit when an episode ends."""
REACH: Final = 1000
"""Windows that "quality holds" may reach back."""
NEWEST: Final = 100
"""Windows among which a recovery is looked for."""


@dataclass(frozen=True, slots=True)
class Look:
    """Evidence after one window.

    Attributes
    ----------
    log_evidence
        ln SR; minus infinity before the first window.
    decayed
        Whether a decay is open.
    since
        Index of the window from which on decay is likeliest.
    """

    log_evidence: float
    decayed: bool
    since: int


def chain(
    log_bets: Matrix, log_shares: Vector, log_threshold: float, risks: Vector, limit: float
) -> list[Look]:
    """Evidence after each of T windows.

    Parameters
    ----------
    log_bets
        Sums of ``ln(1 + lambda u (x - m))`` of the bets on a risk above the limit, shape ``(T, J)``.
    log_shares
        Logs of the shares of the bets, shape ``(J,)``.
    log_threshold
        ln c.
    risks
        Mean loss and weight of each window, shape ``(T, 2)``; only recovery reads them.
    limit
        The limit m.

    Notes
    -----
    O(T J); while a decay is open every window looks at up to 100 before it.
    """
    return list(_looks(log_bets, log_shares, log_threshold, risks, limit))


def _looks(
    log_bets: Matrix, log_shares: Vector, log_threshold: float, risks: Vector, limit: float
) -> Iterator[Look]:
    state = _State(log_shares, log_threshold + CAP - log_shares)
    open_since = -1
    for t, window in enumerate(log_bets):
        state.add(window, t)
        if open_since >= 0:
            healthy_from = _recovered_from(log_bets[: t + 1], risks, open_since, limit)
            if healthy_from > 0:
                open_since = -1
                state = _State(log_shares, state.caps)
                for again in range(healthy_from, t + 1):
                    state.add(log_bets[again], again)
            elif state.log_evidence <= log_threshold - RELEASE:
                open_since = -1
        if open_since < 0 and state.log_evidence >= log_threshold:
            open_since = state.likeliest_start
        yield Look(
            state.log_evidence, open_since >= 0, open_since if open_since >= 0 else state.likeliest_start
        )


class _State:
    """Evidence by bet, summed over beginnings, and that of the best beginning alone."""

    def __init__(self, log_shares: Vector, caps: Vector) -> None:
        self.caps = caps
        self._log_shares = log_shares
        self._sums = np.full(caps.size, -np.inf)
        self._best = np.full(caps.size, -np.inf)
        self._starts = np.zeros(caps.size, dtype=np.intp)

    def add(self, window: Vector, index: int) -> None:
        self._sums = np.minimum(np.logaddexp(self._sums, 0.0) + window, self.caps)
        self._starts = np.where(self._best > 0, self._starts, index)
        self._best = np.minimum(np.maximum(self._best, 0.0) + window, self.caps)

    @property
    def log_evidence(self) -> float:
        return float(np.logaddexp.reduce(self._sums + self._log_shares))

    @property
    def likeliest_start(self) -> int:
        """Beginning s at which some bet's ``pi_j prod_{s..t}`` is largest."""
        return int(self._starts[np.argmax(self._best + self._log_shares)])


def _recovered_from(log_bets: Matrix, risks: Vector, since: int, limit: float) -> int:
    """First of the newest windows that show recovery, the shortest stretch that does; 0 when none does."""
    last = log_bets.shape[0]
    oldest = max(since + 1, last - NEWEST)
    won = log_bets[since:oldest].sum(axis=0)
    before = won + np.cumsum(log_bets[oldest - 1 :], axis=0) - log_bets[oldest - 1]
    for start in range(last - 1, oldest - 1, -1):
        best = int(np.argmax(before[start - oldest]))
        weights = risks[start:last, 1]
        pooled = float(risks[start:last, 0] @ weights / weights.sum())
        if pooled <= limit and -float(log_bets[start:, best].sum()) >= RECOVERED:
            return start
    return 0


def holding_since(log_bets: Matrix, log_shares: Vector, log_threshold: float) -> list[int]:
    """For each window t the latest s such that windows s to t alone show a risk below the limit; -1: none.

    ``log_bets`` are those of the bets on a risk below the limit. By the argument above, with the sides
    exchanged: while the risk is not below the limit, the probability that T windows ever contain such a
    stretch is at most ``T / c``.

    >>> holding_since(np.array([[3.0], [2.0], [-9.0]]), np.zeros(1), 4.0)
    [-1, 0, -1]
    """
    found: list[int] = []
    for t in range(log_bets.shape[0]):
        first = max(0, t + 1 - REACH)
        since = np.cumsum(log_bets[first : t + 1][::-1], axis=0)
        shown = np.flatnonzero(np.logaddexp.reduce(since + log_shares, axis=1) >= log_threshold)
        found.append(t - int(shown[0]) if shown.size else -1)
    return found
