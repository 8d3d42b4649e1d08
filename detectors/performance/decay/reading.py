"""Sums of losses out of ``labelled_events``, for references and windows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from detectors.performance.decay.loss import Loss
from detectors.performance.decay.moments import Moments
from detectors.performance.decay.reference import BETS, RiskReference
from detectors.performance.decay.sums import WindowSums, log_bets_of_moments
from driftline.errors import InvalidInput
from driftline.store import Store, load_sql

BOUND_OF_HIGH: Final = 3.0
"""A learned bound by the 99th percentile of the reference's losses: rare, larger losses count as this."""
LIMIT_OF_USUAL: Final = 4.0
"""The weight limit by the usual weight, ``sum w^2 / sum w``."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which labelled events: of a model (or stand-in) and recipe, within ``[since, until)``.

    Attributes
    ----------
    versions
        All when empty.
    segment
        Position of the segment column in ``segments``, from 0, and its value; all rows when ``None``.
    """

    model: str
    recipe: int
    since: datetime
    until: datetime
    versions: tuple[str, ...] = ()
    segment: tuple[int, str] | None = None

    def params(self, loss: Loss) -> dict[str, object]:
        """As parameters of the queries."""
        index, value = self.segment or (-1, "")
        return {
            "model": self.model,
            "recipe": self.recipe,
            "name": loss.name,
            "since": self.since,
            "until": self.until,
            "versions": list(self.versions),
            "segment_index": index + 1,
            "segment_value": value,
            **{name: value for name, value in loss.params.items() if name != "loss_bound"},
        }


@dataclass(frozen=True, slots=True)
class LossScale:
    """How large losses and weights are.

    Attributes
    ----------
    loss
        With its bound, learned where the contract names none.
    weight_limit
        4 times ``sum w^2 / sum w``; 1 where all weights are 1.
    """

    loss: Loss
    weight_limit: float
    labelled: int


def read_loss_scale(store: Store, scope: Scope, loss: Loss) -> LossScale:
    """Bound of the loss and weight limit, from labelled events of a reference.

    Both are fixed before a window is judged, as the guarantee needs: a bound learned from the windows
    themselves would depend on what it clips.

    Raises
    ------
    InvalidInput
        The bound has to be learned and there are no labelled events, or all their losses are 0.
    """
    row = store.query(_filled("loss_scale", loss), scope.params(loss))[0]
    labelled = int(row["labelled"])
    if loss.learned:
        if not labelled:
            raise InvalidInput(
                f"the highest loss of {loss.metric} is learned from the reference, which has no labelled "
                "events; label it or set quality.loss_limit"
            )
        loss = loss.bounded(BOUND_OF_HIGH * float(row["high"]))
    total, squares = float(row["weight_sum"]), float(row["squares"])
    even = not labelled or total == squares == labelled
    return LossScale(loss, 1.0 if even else LIMIT_OF_USUAL * squares / total, labelled)


def read_window_sums(
    store: Store,
    scope: Scope,
    loss: Loss,
    window_seconds: int,
    reference: RiskReference | None = None,
    *,
    weight_limit: float = 1.0,
) -> list[WindowSums]:
    """Sums of every window that has labels, by version and time.

    Parameters
    ----------
    scope
        ``since`` and ``until`` on window borders.
    reference
        What is bet against; without one the bets are left out, as for the reference itself.
    weight_limit
        Highest weight that counts; the reference's when there is one.

    Notes
    -----
    One pass over the labelled events of the scope; with a reference 16 logarithms a row, but for losses of 0
    or 1 of one weight a window, where they follow from the sums.
    """
    if loss.learned:
        raise InvalidInput(f"the highest loss of {loss.metric} is not known yet: learn it from the reference")
    if reference is not None and not math.isclose(reference.bound, loss.bound, rel_tol=1e-9):
        raise InvalidInput(
            f"the reference was made with losses up to {reference.bound:g}, "
            f"here they count up to {loss.bound:g}"
        )
    if reference is None:
        return _read(store, scope, loss, window_seconds, weight_limit, None)
    if not loss.all_or_nothing:
        return _read(store, scope, loss, window_seconds, reference.weight_limit, reference)
    windows = _read(store, scope, loss, window_seconds, reference.weight_limit, None)
    followed = [log_bets_of_moments(window.moments, reference) for window in windows]
    if any(bets is None for bets in followed):
        return _read(store, scope, loss, window_seconds, reference.weight_limit, reference)
    return [
        replace(window, log_bets=tuple(bets.tolist()))
        for window, bets in zip(windows, followed, strict=True)
        if bets is not None
    ]


def _read(
    store: Store,
    scope: Scope,
    loss: Loss,
    window_seconds: int,
    weight_limit: float,
    reference: RiskReference | None,
) -> list[WindowSums]:
    bets = [] if reference is None else reference.lambdas.tolist()
    sums = ", ".join(
        f"sum(log(1 + {{bets:Array(Float64)}}[{k + 1}] * {'above' if k < BETS else 'below'}))"
        for k in range(len(bets))
    )
    rows = store.query(
        _filled("loss_sums", loss).replace("@log_bets", sums),
        scope.params(loss)
        | {
            "loss_bound": loss.bound,
            "window_seconds": window_seconds,
            "weight_limit": weight_limit,
            "limit": 0.0 if reference is None else reference.limit,
            "harmless_limit": 0.0 if reference is None else reference.harmless_limit,
            "bets": bets or [0.0],
        },
    )
    return [_window(row, weight_limit) for row in rows]


def _filled(name: str, loss: Loss) -> str:
    text = load_sql(__file__, name).replace("@loss", loss.expression).replace("@counted", loss.counted)
    return text.replace("@factor", loss.weight)


def _window(row: Mapping[str, Any], limit: float) -> WindowSums:
    weight, scaled = float(row["weight"]), float(row["scaled"])
    return WindowSums(
        start=row["window_start"],
        version=row["version"],
        moments=Moments(
            int(row["labelled"]),
            scaled,
            float(row["squares"]),
            float(row["loss"]),
            float(row["loss_twice"]),
            float(row["loss_squares"]),
        ),
        weight=weight,
        clipped=max(0.0, 1 - scaled * limit / weight) if weight > 0 else 0.0,
        log_bets=tuple(float(bet) for bet in row["log_bets"]),
    )
