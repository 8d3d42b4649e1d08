"""Quality of a model, window by window and over a reference, from its labelled events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from detectors.performance.labels.recipe import JoinRecipe, join_recipe
from detectors.performance.metrics.figure import Figure, WindowFigures
from detectors.performance.metrics.reading.answers import read_answers
from detectors.performance.metrics.reading.many_classes import read_many_classes
from detectors.performance.metrics.reading.numbers import read_business_figure, read_numbers
from detectors.performance.metrics.reading.pairs import read_pairs
from detectors.performance.metrics.reading.scope import ROWS_A_PORTION, Scope, portions
from detectors.performance.metrics.reading.transcripts import read_transcripts
from detectors.performance.metrics.reading.two_classes import TwoClasses, read_two_classes
from detectors.performance.metrics.reading.windows import WindowKey
from driftline.contracts import Contract
from driftline.quality_contract import Quality
from driftline.store import Store

SEGMENTS_SHOWN: Final = 100
"""Values of a segment column with figures of their own in one window; those with most labels."""
CHARACTERS_A_BATCH: Final = 16_000_000
"""Texts that are held at once."""

Reader = Callable[[Store, Scope, int], Iterator[tuple[WindowKey, tuple[Figure, ...]]]]


@dataclass(frozen=True, slots=True)
class _Question:
    """One kind of label with its reader and how much of it is read at once."""

    name: str
    read: Reader
    most: int
    by_characters: bool = False


def window_figures(
    store: Store,
    contract: Contract,
    since: datetime,
    until: datetime,
    window_seconds: int,
    *,
    model: str = "",
    segments: bool = True,
    starts: Collection[datetime] | None = None,
    threads: int = 2,
) -> Iterator[WindowFigures]:
    """Every metric of every window that has labelled events.

    Memory is bounded: windows are read in portions, one a thread at a time. A window with more events than a
    portion holds has its curves (AUC, EER) drawn from a part of them, which their reason says.

    Parameters
    ----------
    since, until
        Half-open; ``since`` on a window border.
    model
        Whose events; the contract's model when empty.
    segments
        Also by every segment column of the contract.
    starts
        Only windows that start at these moments; all when ``None``.
    threads
        Portions worked on at once.

    Yields
    ------
    WindowFigures
        Portions in order of time, within one ordered by version, window and segment. Business figures come in
        entries of their own. Nothing for a contract that measures no quality.
    """
    recipe, quality = join_recipe(contract), contract.quality_or_default()
    if recipe is None or quality is None:
        return
    for question in _questions(quality, recipe):
        scope = Scope(
            model=model or contract.model,
            recipe=recipe.recipe,
            name=question.name,
            since=since,
            until=until,
            window=timedelta(seconds=window_seconds),
        )
        parts = portions(
            store, scope, most=question.most, starts=starts, by_characters=question.by_characters
        )
        yield from _read(store, parts, question.read, recipe.segments if segments else (), threads, starts)


def reference_figures(
    store: Store,
    contract: Contract,
    since: datetime,
    until: datetime,
    *,
    model: str = "",
    versions: Collection[str] = (),
    excluded: Collection[int] = (),
    window_seconds: int = 3600,
    segments: bool = True,
) -> list[WindowFigures]:
    """Every metric of a reference: a stretch of traffic, or the rows of a stand-in, as one window.

    Parameters
    ----------
    since, until
        Half-open.
    model
        Whose events; the contract's model when empty.
    versions
        Those that count, all when empty; figures are of all of them together, under the version ``""``.
    excluded, window_seconds
        Windows to leave out, by their number since 1970, and their length.
    """
    recipe, quality = join_recipe(contract), contract.quality_or_default()
    if recipe is None or quality is None or since >= until:
        return []
    found: list[WindowFigures] = []
    for question in _questions(quality, recipe):
        scope = Scope(
            model=model or contract.model,
            recipe=recipe.recipe,
            name=question.name,
            since=since,
            until=until,
            window=until - since,
            versions=tuple(sorted(versions)),
            merged=True,
            excluded=tuple(sorted(excluded)),
            excluded_seconds=window_seconds,
        )
        parts = portions(store, scope, most=question.most, by_characters=question.by_characters)
        found += _read(store, parts, question.read, recipe.segments if segments else (), 1, None)
    return found


def _questions(quality: Quality, recipe: JoinRecipe) -> list[_Question]:
    kpis = [_Question(kpi.name, read_business_figure, 10 * ROWS_A_PORTION) for kpi in quality.kpis]
    if quality.task == "kpi":
        return kpis
    by_characters = quality.task == "transcription"
    most = ROWS_A_PORTION
    if quality.task == "classification":
        most = ROWS_A_PORTION // max(len(recipe.scores), 1)
    elif quality.task == "regression":
        most = 10 * ROWS_A_PORTION
    elif by_characters:
        most = CHARACTERS_A_BATCH
    return [_Question("", _reader(quality, recipe), most, by_characters), *kpis]


def _reader(quality: Quality, recipe: JoinRecipe) -> Reader:
    if quality.task == "classification":
        return _classes_reader(quality, recipe.scores)
    if quality.task == "regression":
        return lambda store, scope, segment: read_numbers(store, scope, quality.quantile, segment)
    if quality.task == "ranking":
        return lambda store, scope, segment: read_answers(store, scope, quality.k, quality.catalogue, segment)
    if quality.task == "transcription":
        return read_transcripts
    threshold = quality.threshold
    assert threshold is not None  # the contract has been checked
    return lambda store, scope, segment: read_pairs(store, scope, threshold, quality.far_levels, segment)


def _classes_reader(quality: Quality, classes: tuple[str, ...]) -> Reader:
    bins = quality.calibration_bins
    named = classes not in ((), ("",))
    if named and len(classes) <= 2:
        # Of two the last named is the one looked for, as scikit-learn has it.
        positive = quality.positive or classes[-1]
        scored = TwoClasses(classes, positive, bins)
        return lambda store, scope, segment: read_two_classes(store, scope, scored, segment)
    return lambda store, scope, segment: read_many_classes(store, scope, classes, bins, segment)


def _read(
    store: Store,
    parts: Iterator[Scope],
    read: Reader,
    segments: tuple[str, ...],
    threads: int,
    starts: Collection[datetime] | None,
) -> Iterator[WindowFigures]:
    def portion(scope: Scope) -> list[WindowFigures]:
        found: list[WindowFigures] = []
        for number, field in enumerate(("", *segments)):
            found += _labelled(scope, read(store, scope, number), field)
        if starts is not None:
            wanted = set(starts)
            found = [window for window in found if window.start in wanted]
        return sorted(found, key=lambda window: (window.version, window.start, window.segment))

    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[list[WindowFigures]]] = deque(
            pool.submit(portion, scope) for scope in islice(parts, threads)
        )
        while waiting:
            found = waiting.popleft().result()
            waiting.extend(pool.submit(portion, scope) for scope in islice(parts, 1))
            yield from found


def _labelled(
    scope: Scope, found: Iterator[tuple[WindowKey, tuple[Figure, ...]]], field: str
) -> Iterator[WindowFigures]:
    """Windows with their moments and the name of their segment; an empty segment value is none."""
    by_window: dict[tuple[str, int], list[tuple[WindowKey, tuple[Figure, ...]]]] = {}
    for key, figures in found:
        if bool(key.segment) == bool(field):
            by_window.setdefault((key.version, key.number), []).append((key, figures))
    for rows in by_window.values():
        rows.sort(key=lambda row: -max((figure.labelled for figure in row[1]), default=0))
        for key, figures in rows[:SEGMENTS_SHOWN]:
            segment = f"{field}={key.segment}" if field else ""
            yield WindowFigures(key.version, scope.start(key.number), scope.end(key.number), segment, figures)
