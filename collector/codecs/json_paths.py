"""JSON paths evaluated on parsed bodies; the common ones, names and indices alone, without the library."""

from __future__ import annotations

from typing import Any

from jsonpath import JSONPathError
from jsonpath.selectors import IndexSelector, NameSelector

from driftline.payload_mapping import json_path


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
    """

    def __init__(self, path: str) -> None:
        self._query = json_path(path)
        self.single = self._query.singular_query()
        self._keys: list[Any] = []
        if self.single:
            for segment in self._query.segments:
                selector = segment.selectors[0]
                assert isinstance(selector, NameSelector | IndexSelector)
                self._keys.append(selector.name if isinstance(selector, NameSelector) else selector.index)

    def find(self, value: Any) -> list[Any]:
        """Every value the path leads to; none where a value nests too deeply for the search."""
        node: Any = value
        if self.single:
            for key in self._keys:
                if type(node) is not (dict if type(key) is str else list):
                    return []
                try:
                    node = node[key]
                except LookupError:
                    return []
            return [node]
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
