"""How many labels have come, how late they come, and how many are still to be expected."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from detectors.performance.labels.delays import delay_distribution
from detectors.performance.labels.recipe import join_recipe
from driftline.contracts import Contract
from driftline.errors import InvalidContract
from driftline.store import Store, load_sql

CLASSES: Final = np.geomspace(1.0, 400 * 86400.0, 160)
"""Upper ends of the classes of delays in seconds: each a ninth longer than the one before."""

CoverageStatus = Literal["ok", "no_labels", "no_events"]


@dataclass(frozen=True, slots=True)
class WindowCoverage:
    """Labels of one window so far.

    Attributes
    ----------
    rows, labelled
        Answered events, and those of them that have a label.
    share
        Their quotient; NaN without events.
    expected_share
        What the share will be in the end: what has come, and the usual share times the part of the
        delays that is longer than the window is old; NaN when nothing is known.
    status
        ``no_events``: labels whose events have left with their retention.
    """

    start: datetime
    rows: int
    labelled: int
    share: float
    expected_share: float
    status: CoverageStatus


@dataclass(frozen=True, slots=True)
class LabelCoverage:
    """Labels of a stretch of windows.

    Attributes
    ----------
    final_share
        Share of events that get a label in the end; NaN when nothing is known.
    delay_p50, delay_p90, delay_p99
        Quantiles in seconds of the time from an event to the receipt of its label (of a corrected one: of the
        correction), up to a ninth too long; NaN without labels.
    clipped, invalid_propensity
        Events whose propensity is below 0.01 and taken for 0.01, and those where it is no number of 0..1
        and taken for 1.
    """

    model: str
    windows: tuple[WindowCoverage, ...]
    rows: int
    labelled: int
    final_share: float
    delay_p50: float
    delay_p90: float
    delay_p99: float
    clipped: int
    invalid_propensity: int


def label_coverage(
    store: Store,
    contract: Contract,
    since: datetime,
    until: datetime,
    window_seconds: int,
    *,
    name: str = "",
    now: datetime | None = None,
) -> LabelCoverage:
    """Events and joined labels of the windows in ``[since, until)``, oldest first.

    Parameters
    ----------
    name
        Of a business figure; empty for the truth.

    Raises
    ------
    InvalidContract
        The contract measures no quality.
    """
    recipe = join_recipe(contract)
    if recipe is None:
        raise InvalidContract(
            f"the contract of {contract.model!r} names neither quality nor a categorical prediction: "
            "labels have nothing to be compared with"
        )
    params = {"model": contract.model, "since": since, "until": until, "window_seconds": window_seconds}
    events = {
        row["window_start"]: row
        for row in store.query(
            load_sql(__file__, "coverage_events"), params | {"propensity_slot": recipe.propensity_slot}
        )
    }
    delays = store.query(
        load_sql(__file__, "coverage_delays"),
        params | {"recipe": recipe.recipe, "name": name, "upper": CLASSES.tolist()},
    )
    starts = sorted({*events, *(row["window_start"] for row in delays)})
    place = {start: index for index, start in enumerate(starts)}
    counts = np.zeros((len(starts), len(CLASSES)))
    for row in delays:
        counts[place[row["window_start"]], row["class"]] += row["rows"]
    rows = np.array([events[start]["rows"] if start in events else 0 for start in starts], dtype=np.float64)
    moment = now or datetime.now(UTC)
    ends = [start + timedelta(seconds=window_seconds) for start in starts]
    ages = np.array([(moment - end).total_seconds() for end in ends])
    distribution = delay_distribution(counts, CLASSES, ages)
    arrived = np.array([distribution.by(age) for age in ages])
    if not len(distribution.arrived) and counts.any():
        # All labels came just now, in one go: nothing tells of others to come, so these are taken for all.
        distribution = delay_distribution(counts, CLASSES, np.full(len(starts), np.inf))
        arrived = np.ones(len(starts))
    final = _final_share(counts.sum(axis=1), rows, arrived)
    windows = tuple(
        _window(start, int(n), int(labelled), float(part), final)
        for start, n, labelled, part in zip(starts, rows, counts.sum(axis=1), arrived, strict=True)
    )
    return LabelCoverage(
        model=contract.model,
        windows=windows,
        rows=int(rows.sum()),
        labelled=int(counts.sum()),
        final_share=final,
        delay_p50=distribution.quantile(0.5),
        delay_p90=distribution.quantile(0.9),
        delay_p99=distribution.quantile(0.99),
        clipped=sum(row["clipped"] for row in events.values()),
        invalid_propensity=sum(row["invalid"] for row in events.values()),
    )


def _final_share(
    labelled: NDArray[np.float64], rows: NDArray[np.float64], arrived: NDArray[np.float64]
) -> float:
    """Labels that came over events that could have theirs by now, from windows that still have events."""
    counted = rows > 0
    due = float((rows * arrived)[counted].sum())
    return min(1.0, float(labelled[counted & (arrived > 0)].sum()) / due) if due > 0 else math.nan


def _window(start: datetime, rows: int, labelled: int, arrived: float, final: float) -> WindowCoverage:
    if rows == 0:
        return WindowCoverage(start, rows, labelled, math.nan, math.nan, "no_events")
    share = labelled / rows
    expected = math.nan if math.isnan(final) else min(1.0, share + final * (1.0 - arrived))
    return WindowCoverage(start, rows, labelled, share, expected, "ok" if labelled else "no_labels")
