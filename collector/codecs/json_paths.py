"""JSON paths in parsed bodies; names, indices and wildcards without the library, 20 times as fast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jsonpath import JSONPath, JSONPathError
from jsonpath.segments import JSONPathChildSegment
from jsonpath.selectors import IndexSelector, NameSelector, WildcardSelector

from driftline.payload_mapping import json_path

Step = Callable[[Any], list[Any]]


class PathReader:
    """Finds what a path leads to.

    Parameters
    ----------
    path
        A JSON path that the settings accepted.

    Attributes
    ----------
    single
        Whether it can lead to one value at most.
    searches
        Whether it has filters, slices or descendants, which take microseconds for every value of a body.
    """

    def __init__(self, path: str) -> None:
        self._query = json_path(path)
        self.single = self._query.singular_query()
        self._steps = _steps(self._query)
        self.searches = self._steps is None

    def find(self, value: Any) -> list[Any]:
        """Every value the path leads to; none where a value nests too deeply for the search."""
        if self._steps is not None:
            found = [value]
            for step in self._steps:
                found = step(found[0]) if len(found) == 1 else [one for node in found for one in step(node)]
            return found
        if not isinstance(value, dict | list):  # the library would parse a text as JSON
            return []
        try:
            return self._query.findall(value)
        except JSONPathError:
            return []

    def first(self, value: Any) -> Any:
        """The value of a single path, the list of values of any other; ``None`` when there is none."""
        found = self.find(value)
        return (found[0] if self.single else found) if found else None


def _steps(query: JSONPath) -> list[Step] | None:
    steps = []
    for segment in query.segments:
        if not isinstance(segment, JSONPathChildSegment) or len(segment.selectors) != 1:
            return None
        step = _step(segment.selectors[0])
        if step is None:
            return None
        steps.append(step)
    return steps


def _step(selector: object) -> Step | None:
    if isinstance(selector, NameSelector):
        name = selector.name
        return lambda node: [node[name]] if type(node) is dict and name in node else []
    if isinstance(selector, IndexSelector):
        index = selector.index
        return lambda node: [node[index]] if type(node) is list and -len(node) <= index < len(node) else []
    return _children if isinstance(selector, WildcardSelector) else None


def _children(node: Any) -> list[Any]:
    if type(node) is list:
        return node
    return list(node.values()) if type(node) is dict else []
