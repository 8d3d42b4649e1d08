"""The kinds of unchanged streams: one row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.simulation import fields, levels, rows, traffic, weighting
from bench.simulation.latent import Vector

Outage = Callable[[np.random.Generator, Vector], Vector]

EVERY = ("history", "day", "file")
BOTH = ("history", "file")
HISTORY = ("history",)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of stream.

    Attributes
    ----------
    baselines
        Baselines to simulate with; see :data:`bench.simulation.month.HISTORY`.
    months
        Months to simulate of each.
    outage
        Share of a field's rows that go missing by window.
    segments
        Shares of the rows that belong to each segment; they are watched beside all rows.
    calendar
        Whether the procedure is told of the holidays.
    spread
        Relative change of the rows' standard deviation by window.
    file_rows
        Rows of the baseline when it is a file.
    note
        What is special, for the table.
    """

    name: str
    note: str
    baselines: tuple[str, ...] = BOTH
    months: int = 200
    rows: rows.RowProcess = rows.independent
    level: levels.Level = levels.flat
    traffic: traffic.Traffic = traffic.constant
    weighting: weighting.Weighting = weighting.unweighted
    fields: fields.Fields = fields.normal_fields
    outage: Outage | None = None
    segments: tuple[float, ...] = ()
    calendar: bool = False
    spread: levels.Level | None = None
    file_rows: int = 10_000


def uneven_gaps(rng: np.random.Generator, hours: Vector) -> Vector:
    """About 2% of the rows, from window to window by a factor of about 1.5."""
    return np.minimum(1.0, 0.02 * np.exp(0.4 * rng.normal(size=hours.size)))


def lost_windows(rng: np.random.Generator, hours: Vector) -> Vector:
    """Three broken windows of the history in which most rows lack every value."""
    return np.where(np.isin(hours, (40.0, 123.0, 270.0)), 0.8, 0.0)


KINDS = {
    kind.name: kind
    for kind in (
        Kind("iid", "independent rows", EVERY, months=500),
        Kind("ar1", "AR(1) rows, .9", EVERY, rows=rows.autocorrelated),
        Kind("ar1_bursts", "AR(1) .9 in bursts of 50 rows", rows=rows.bursts),
        Kind("burst_levels", "bursts of 50 rows with AR(1) .9 levels", rows=rows.burst_levels, months=60),
        Kind("daily", "daily cycle, .5 sigma", ("history", "day"), level=levels.daily),
        Kind("weekly", "weekly cycle, .5 sigma", HISTORY, level=levels.weekly),
        Kind("daily_weekly", "both cycles", HISTORY, level=levels.daily_and_weekly),
        Kind("office", "office hours, .5 sigma", HISTORY, level=levels.office_hours),
        Kind(
            "daily_traffic",
            "daily cycle, traffic follows the day (200 to 1,800 rows)",
            HISTORY,
            level=levels.daily,
            traffic=traffic.following_the_day,
            months=100,
        ),
        Kind(
            "daily_ar1",
            "daily cycle, AR(1) rows",
            HISTORY,
            level=levels.daily,
            rows=rows.autocorrelated,
            months=60,
        ),
        Kind("wander_ar1", "window means AR(1) .97, .1 sigma", HISTORY, level=levels.wandering(0.97, 0.1)),
        Kind(
            "wander_fast",
            "window means AR(1) .8, .05 sigma",
            HISTORY,
            level=levels.wandering(0.8, 0.05),
            months=60,
        ),
        Kind(
            "wander_walk",
            "random walk between walls, .02 a window, +-.3 sigma",
            HISTORY,
            level=levels.reflected_walk(0.02, 0.3),
        ),
        Kind(
            "wander_wave",
            "slow wave, .15 sigma, period 60 to 200 hours",
            HISTORY,
            level=levels.slow_wave(0.15, 60, 200),
        ),
        Kind("heavy", "heavy tails, mixtures, counts, zero-inflated", EVERY, fields=fields.heavy_fields),
        Kind(
            "heavy_ar1",
            "heavy tails, AR(1) rows",
            rows=rows.autocorrelated,
            fields=fields.heavy_fields,
            months=60,
        ),
        Kind("weights_importance", "importance-sampled rows, weights 1/p", weighting=weighting.importance),
        Kind("weights_lognormal", "lognormal weights", weighting=weighting.lognormal),
        Kind(
            "weights_heavy",
            "importance-sampled rows of heavy fields",
            weighting=weighting.importance,
            fields=fields.heavy_fields,
            months=60,
        ),
        Kind("correlated", "fields that share a factor", weighting=weighting.common_factor, months=60),
        Kind("ragged", "316 to 3,162 rows a window", traffic=traffic.ragged),
        Kind("ragged_ar1", "ragged, AR(1) rows", rows=rows.autocorrelated, traffic=traffic.ragged, months=60),
        Kind("gaps", "Poisson traffic, nights without rows", traffic=traffic.with_night_gaps),
        Kind("sparse", "about 120 rows a window", traffic=traffic.sparse, months=100),
        Kind(
            "past_episode",
            "history with .5 sigma for two days in half of the fields",
            HISTORY,
            level=levels.past_episode(0.5, 48),
            months=100,
        ),
        Kind(
            "broken_windows",
            "history with 10 nonsense windows and 3 without values",
            HISTORY,
            level=levels.broken_windows(4.0, 10),
            outage=lost_windows,
            months=100,
        ),
        Kind(
            "holidays",
            "office hours, two public holidays in the month, no calendar",
            HISTORY,
            level=levels.office_hours_and_holidays,
            months=20,
        ),
        Kind(
            "holidays_calendar",
            "the same, holidays given",
            HISTORY,
            level=levels.office_hours_and_holidays,
            calendar=True,
            months=100,
        ),
        Kind(
            "different",
            "constant real difference of .01-.03 sigma",
            level=levels.differing(0.01, 0.03),
            months=100,
        ),
        Kind("ar1_99", "AR(1) rows, .99", rows=rows.sluggish, months=60),
        Kind("clusters", "rows in clusters of Pareto size", rows=rows.clusters, months=60),
        Kind(
            "regimes",
            "two regimes .3 sigma apart, about six hours each",
            HISTORY,
            level=levels.regimes,
            months=60,
        ),
        Kind("daily_strong", "daily cycle, 1.5 sigma", HISTORY, level=levels.strong_daily, months=60),
        Kind(
            "daily_varying",
            "daily cycle, amplitude varies by 30%",
            HISTORY,
            level=levels.varying_days,
            months=60,
        ),
        Kind("daily_spread", "standard deviation +-50% a day", HISTORY, spread=levels.daily, months=60),
        Kind("uneven_gaps", "about 2% missing, unevenly", outage=uneven_gaps, months=60),
        Kind("growing", "traffic grows from 500 to 3,000 rows", traffic=traffic.growing, months=60),
        Kind("small_file", "a file of 500 rows", ("file",), file_rows=500, months=60),
        Kind("fleet", "one of 100 models that share a budget", months=300),
        Kind(
            "segments",
            "four segments of 60, 25, 10 and 5% of 2,500 rows",
            traffic=traffic.busy,
            segments=(0.6, 0.25, 0.1, 0.05),
            months=100,
        ),
    )
}
