"""YAML with the place of everything in it, so that a fault can be shown where it was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

Path = tuple[str | int, ...]

DEEPEST = 32
"""A file of rules is shallow; what is deeper is a mistake or an attack."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong in a file, and where: line and column from 1."""

    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f" {self.path}:" if self.path else ""
        return f"line {self.line}, column {self.column}:{where} {self.message}"


class FaultyYaml(ValueError):
    """The text is no YAML that can be read; ``faults`` say where."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Marked:
    """A document and the place of each of its parts."""

    value: Any
    places: Mapping[Path, tuple[int, int]]

    def fault(self, path: Path, message: str) -> Fault:
        """A fault at a part, or at the nearest part around it that was written."""
        around = path
        while around and around not in self.places:
            around = around[:-1]
        line, column = self.places.get(around, (1, 1))
        return Fault(line, column, ".".join(map(str, path)), message)


def read_marked(text: str) -> Marked:
    """Read YAML; aliases are refused, since they can blow a small file up.

    Raises
    ------
    FaultyYaml
        The text is not YAML, has a key twice, or is deeper than :data:`DEEPEST`.
    """
    try:
        for token in yaml.scan(text):
            if isinstance(token, yaml.AliasToken):
                raise FaultyYaml([_fault(token.start_mark, "aliases (*name) are not read; write it out")])
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        problem = error.problem or "cannot be read"
        raise FaultyYaml([_fault(error.problem_mark, f"not YAML: {problem}")]) from None
    except yaml.YAMLError as error:
        raise FaultyYaml([Fault(1, 1, "", f"not YAML: {error}")]) from None
    places: dict[Path, tuple[int, int]] = {}
    faults: list[Fault] = []
    value = _read(root, (), places, faults) if root is not None else None
    if faults:
        raise FaultyYaml(sorted(faults))
    return Marked(value, places)


def _read(node: Any, path: Path, places: dict[Path, tuple[int, int]], faults: list[Fault]) -> Any:
    places.setdefault(path, _place(node.start_mark))
    if len(path) > DEEPEST:
        faults.append(_fault(node.start_mark, f"nested deeper than {DEEPEST} levels"))
        return None
    if isinstance(node, yaml.MappingNode):
        mapping: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = _scalar(key_node, faults)
            if key in mapping:
                faults.append(_fault(key_node.start_mark, f"{key!r} is written twice"))
            places[(*path, key)] = _place(key_node.start_mark)
            mapping[key] = _read(value_node, (*path, key), places, faults)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_read(one, (*path, i), places, faults) for i, one in enumerate(node.value)]
    return _scalar(node, faults)


def _scalar(node: Any, faults: list[Fault]) -> Any:
    if not isinstance(node, yaml.ScalarNode):
        faults.append(_fault(node.start_mark, "a name must be plain text"))
        return None
    # YAML 1.1 reads a bare `on` as true; in a file of rules it is the name it looks like.
    if node.style is None and node.tag == "tag:yaml.org,2002:bool" and node.value.lower() in ("on", "off"):
        return node.value
    try:
        return yaml.safe_load(yaml.serialize(node))
    except (yaml.YAMLError, ValueError) as error:
        faults.append(_fault(node.start_mark, f"cannot be read: {error}".splitlines()[0]))
        return None


def _place(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


def _fault(mark: Any, message: str) -> Fault:
    line, column = _place(mark) if mark is not None else (1, 1)
    return Fault(line, column, "", message)
