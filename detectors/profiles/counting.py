"""Count all columns of many models, in many windows, in few ClickHouse queries.

A numeric value finds its bin by five comparisons with edges that lie in one constant array for all models
of a query; a category finds its place by the hash of its name. Measured against alternatives in
docs/decisions/0012-fleet-counting.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from detectors.profiles.counting_constants import Batch, CountRequest, query_constants
from detectors.profiles.counting_plan import CountingPlan
from detectors.profiles.counts_from_rows import model_counts
from detectors.profiles.layout import UNSEEN_AT, ColumnLayout
from detectors.profiles.model_counts import ModelCounts
from detectors.profiles.profile import Profile
from driftline.contracts import Contract
from driftline.store import Store, load_sql

FIELDS_A_QUERY = 5_000
"""Profiles that one query returns at most, about, unless a single request asks for more."""

NAMES_A_QUERY = 200_000
"""Names of categories that one query knows at most, about."""


SLOTS_BY_HASH = 400
"""Up to so many numeric slots edges are found by hash, a fifth faster while they fit a cache; beyond that by
their place in one array."""


def count_fleet(
    store: Store,
    requests: Iterable[CountRequest],
    *,
    window_seconds: int,
    fields_a_query: int = FIELDS_A_QUERY,
    threads: int | None = None,
) -> Iterator[list[tuple[CountRequest, ModelCounts]]]:
    """Count the events of many models, a batch of them at a time.

    The next batch is counted in the background while the caller works on the one it was given.

    Parameters
    ----------
    requests
        What to count. The same events may be asked for twice, which reads them twice.
    window_seconds
        Length of a window in seconds; windows begin at multiples of it since 1970.
    fields_a_query
        Bound of a batch, in fields times windows.
    threads
        Threads the database may use for a query; its own default when ``None``.

    Yields
    ------
    list of (CountRequest, ModelCounts)
        Every request once, in batches; a request without events has counts of 0 cells.
    """
    batches = _batches(requests, window_seconds, fields_a_query)
    with ThreadPoolExecutor(1, thread_name_prefix="counting") as pool:
        ahead = None
        for batch in batches:
            counting = pool.submit(_count, store, batch.requests, window_seconds, threads)
            if ahead is not None:
                yield ahead.result()
            ahead = counting
        if ahead is not None:
            yield ahead.result()


def count_model(store: Store, request: CountRequest, *, window_seconds: int) -> ModelCounts:
    """Count the events of one model; see :func:`count_fleet`."""
    return _count(store, [request], window_seconds, None)[0][1]


def count_profiles(
    store: Store,
    contract: Contract,
    layouts: Mapping[str, ColumnLayout],
    *,
    versions: Sequence[str],
    apart: bool,
    since: datetime,
    until: datetime,
    window_seconds: int,
    centres: Mapping[str, float] | None = None,
) -> list[Profile]:
    """Profile every laid-out column of a model in each window of ``[since, until)``.

    Parameters
    ----------
    layouts
        Bins by column name; columns without one are left out.
    versions
        Versions to count; empty for all of them.
    apart
        Count each version on its own; otherwise all together, reported as version ``""``.
    window_seconds
        Length of a window in seconds; windows begin at multiples of it since 1970.
    centres
        A typical value of each numeric column, subtracted before squares are summed, so that fields
        with a huge offset keep their digits; default 0.

    Returns
    -------
    list of Profile
        One for each window that has events, version and column; no order.
    """
    plan = CountingPlan.of(contract, layouts, centres)
    request = CountRequest(plan, since, until, tuple(versions), apart)
    counts = count_model(store, request, window_seconds=window_seconds)
    return [
        counts.profile(cell, index, layouts[name])
        for cell in range(counts.cells)
        for index, name in enumerate(counts.columns)
    ]


def _batches(requests: Iterable[CountRequest], window_seconds: int, fields_a_query: int) -> Iterator[Batch]:
    """Requests in batches of bounded size, those of the same time together."""
    waiting = sorted(requests, key=lambda request: (request.since, request.until, request.plan.model))
    while waiting:
        batch, names, later = Batch(), 0, []
        for position, request in enumerate(waiting):
            fields, more = _size(request, window_seconds), _names(request)
            if not batch.takes(request):
                later.append(request)
                continue
            if batch.requests and (batch.fields + fields > fields_a_query or names + more > NAMES_A_QUERY):
                later += waiting[position:]
                break
            batch.add(request, fields)
            names += more
        waiting = later
        yield batch


def _size(request: CountRequest, window_seconds: int) -> int:
    windows = int(np.ceil((request.until - request.since).total_seconds() / window_seconds))
    cells = max(windows, 1) * max(len(request.versions), 1) * (1 + len(request.plan.segment_values))
    return max(len(request.plan.columns), 1) * cells


def _names(request: CountRequest) -> int:
    return sum(len(each.names) for each in request.plan.categories) + len(request.plan.segment_values)


def _count(
    store: Store, requests: Sequence[CountRequest], window_seconds: int, threads: int | None
) -> list[tuple[CountRequest, ModelCounts]]:
    settings: dict[str, Any] = {} if threads is None else {"max_threads": threads}
    found = store.query_columns(
        _statement(requests),
        {
            "models": sorted({request.plan.model for request in requests}),
            "since": min(request.since for request in requests),
            "until": max(request.until for request in requests),
            "window_seconds": window_seconds,
        },
        constants=query_constants(requests),
        settings=settings,
    )
    rows: list[list[int]] = [[] for _ in requests]
    for row, request in enumerate(found["request"]):
        rows[request - 1].append(row)
    return [
        (request, model_counts(request.plan, found, mine))
        for request, mine in zip(requests, rows, strict=True)
    ]


def _statement(requests: Sequence[CountRequest]) -> str:
    """The query, in the form that is fastest for what is asked; all forms count alike."""
    sql = load_sql(__file__, "counting")
    if sum(request.plan.edges.shape[0] for request in requests) <= SLOTS_BY_HASH:
        sql = re.sub(r"all_edges\[(c \+ \d+)\]", r"transform(\1, edge_places, all_edges, nan)", sql)
    if not any(each.grouped for request in requests for each in request.plan.categories):
        sql = sql.replace("other_places[s * 8 + bitAnd(CRC32(c), 7) + 1]", str(UNSEEN_AT))
    return sql


def window_start(moment: datetime, window_seconds: int) -> datetime:
    """Beginning of the window that holds ``moment`` (timezone-aware)."""
    seconds = moment.timestamp()
    return moment - timedelta(seconds=seconds % window_seconds)
