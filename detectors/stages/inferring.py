"""Stage graphs as traces show them: models that share traces, in the order in which they answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from graphlib import CycleError, TopologicalSorter

from detectors.stages.graph import MOST_STAGES, Stage, StageGraph
from driftline.errors import InvalidInput
from driftline.store import Store, load_sql

MOST_TRACES = 20_000
FEWEST_TOGETHER = 20
"""Traces that two models must share before anything is said about them."""

MOSTLY = 0.95
"""Share of the traces of two models in which an order must hold to be one."""


@dataclass(frozen=True, slots=True)
class ModelPair:
    """Two models that share traces.

    Attributes
    ----------
    together
        Traces with both.
    ahead, behind
        Of these, where the first had answered before the second was asked, and the other way round.
    around, within
        Where the second ran while the first did, and the other way round.
    """

    first: str
    second: str
    together: int
    ahead: int
    behind: int
    around: int
    within: int


@dataclass(frozen=True, slots=True)
class InferredGraph:
    """A graph that traces show, and what to know about it in words."""

    graph: StageGraph
    traces: int
    words: str


def infer_graphs(store: Store, since: datetime, until: datetime) -> tuple[InferredGraph, ...]:
    """Graphs of the models whose events of ``[since, until)`` share trace ids, largest first.

    Nothing is registered. The tuple is empty when no two models share traces.
    """
    rows = store.query(
        load_sql(__file__, "trace_orders"),
        {"since": since, "until": until, "most_traces": MOST_TRACES, "most_models": MOST_STAGES},
    )
    return graphs_of([ModelPair(**row) for row in rows])


def graphs_of(pairs: Sequence[ModelPair]) -> tuple[InferredGraph, ...]:
    """Graphs from what traces show about pairs of models.

    One comes after another when it was asked after the other had answered in 95% of the traces they share;
    edges that follow from others are left out. A model that runs *around* others (it calls them itself) has
    no place among them and is left out. Models that run side by side stay without an edge.

    Examples
    --------
    >>> found = graphs_of([ModelPair("a", "b", 100, 100, 0, 0, 0), ModelPair("a", "c", 100, 99, 0, 0, 0),
    ...                    ModelPair("b", "c", 100, 97, 1, 0, 0)])
    >>> [(stage.name, stage.after) for stage in found[0].graph.stages]
    [('a', ()), ('b', ('a',)), ('c', ('b',))]
    """
    known = [pair for pair in pairs if pair.together >= FEWEST_TOGETHER]
    outer = _outer(known)
    inner = [pair for pair in known if pair.first not in outer and pair.second not in outer]
    before = _order(inner)
    found = []
    for models in _connected((pair.first, pair.second) for pair in inner):
        traces = max(pair.together for pair in inner if pair.first in models)
        beside = [pair for pair in inner if pair.first in models and _unordered(pair, before)]
        found.append(_graph(sorted(models), before, traces, beside, outer))
    return tuple(sorted(found, key=lambda one: (-len(one.graph.stages), one.graph.name)))


def _outer(pairs: Iterable[ModelPair]) -> frozenset[str]:
    """Models that run while others do from their first to their last: they call them."""
    found = {pair.first for pair in pairs if pair.around >= MOSTLY * pair.together > pair.within}
    return frozenset(
        found | {pair.second for pair in pairs if pair.within >= MOSTLY * pair.together > pair.around}
    )


def _order(pairs: Iterable[ModelPair]) -> set[tuple[str, str]]:
    """Which comes before which; pairs that share few traces give way where they would close a circle."""
    before: set[tuple[str, str]] = set()
    for pair in sorted(pairs, key=lambda one: (-one.together, one.first, one.second)):
        if pair.ahead >= MOSTLY * pair.together:
            edge = pair.first, pair.second
        elif pair.behind >= MOSTLY * pair.together:
            edge = pair.second, pair.first
        else:
            continue
        try:
            TopologicalSorter(_predecessors({*before, edge})).prepare()
        except CycleError:
            continue
        before.add(edge)
    return before


def _predecessors(edges: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one, two in edges:
        found.setdefault(two, set()).add(one)
    return found


def _unordered(pair: ModelPair, before: set[tuple[str, str]]) -> bool:
    return (pair.first, pair.second) not in before and (pair.second, pair.first) not in before


def _connected(links: Iterable[tuple[str, str]]) -> list[set[str]]:
    groups: list[set[str]] = []
    for first, second in links:
        touched = [group for group in groups if first in group or second in group]
        groups = [group for group in groups if group not in touched]
        groups.append({first, second}.union(*touched))
    return groups


def _graph(
    models: Sequence[str],
    before: set[tuple[str, str]],
    traces: int,
    beside: Sequence[ModelPair],
    outer: frozenset[str],
) -> InferredGraph:
    if len(models) > MOST_STAGES:
        raise InvalidInput(
            f"{len(models)} models share traces, a stage graph has at most {MOST_STAGES}: "
            "register it by hand with `driftline stages register`"
        )
    edges = {(one, two) for one, two in before if one in models and two in models}
    # An edge that a longer way implies says nothing new.
    direct = {
        (one, two)
        for one, two in edges
        if not any((one, middle) in edges and (middle, two) in edges for middle in models)
    }
    stages = tuple(
        Stage(name=model, model=model, after=tuple(one for one in models if (one, model) in direct))
        for model in models
    )
    words = f"{len(models)} models share up to {traces:,} traces."
    if beside:
        listed = ", ".join(f"{pair.first} and {pair.second}" for pair in beside[:5])
        words += f" Side by side or in no fixed order: {listed}."
    if outer:
        words += (
            f" Left out, because the others run while they do (they call them): {', '.join(sorted(outer))}."
        )
    graph = StageGraph(name=models[0], stages=stages)
    name = "-".join(graph.models)[:60].rstrip("-._")
    return InferredGraph(graph.model_copy(update={"name": name}), traces, words)
