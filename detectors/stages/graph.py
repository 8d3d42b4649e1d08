"""Stage graphs: which models one request runs through, and in which order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from driftline.contracts import checked_model_name
from driftline.errors import InvalidInput

MOST_STAGES = 32

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Stage(BaseModel):
    """One model on the way of a request."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="Name of the stage in its graph.")
    model: str = Field(description="Model that it is, as contracts and events name it.")
    after: tuple[str, ...] = Field(default=(), description="Stages whose answers go into this one.")

    @field_validator("name")
    @classmethod
    def _stage_name(cls, value: str) -> str:
        return _checked_name(value, "stage")

    @field_validator("model")
    @classmethod
    def _model_name(cls, value: str) -> str:
        return checked_model_name(value)


class StageGraph(BaseModel):
    """Stages and what each comes after: a directed graph without cycles.

    Examples
    --------
    >>> graph = parse_graph({"name": "ocr", "stages": [
    ...     {"name": "read", "model": "reader", "after": ["crop"]}, {"name": "crop", "model": "cropper"}]})
    >>> [stage.name for stage in graph.stages], sorted(graph.ancestors("read"))
    (['crop', 'read'], ['crop'])
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="Name of the graph.")
    description: str = Field(default="", max_length=1000, description="What it is for.")
    stages: tuple[Stage, ...] = Field(description="Its stages, each after those whose answers it takes.")

    @field_validator("name")
    @classmethod
    def _graph_name(cls, value: str) -> str:
        return _checked_name(value, "stage graph")

    @field_validator("stages")
    @classmethod
    def _whole(cls, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        if not 1 <= len(stages) <= MOST_STAGES:
            raise ValueError(f"a stage graph has 1 to {MOST_STAGES} stages, got {len(stages)}")
        names = [stage.name for stage in stages]
        _once(names, "stage names must be unique")
        # A trace is split into its stages by model.
        _once([stage.model for stage in stages], "every stage needs a model of its own")
        for stage in stages:
            unknown = [before for before in stage.after if before not in names]
            if unknown:
                raise ValueError(
                    f"stage {stage.name!r} comes after {', '.join(map(repr, unknown))}, which is no stage "
                    f"of the graph; stages are {', '.join(names)}"
                )
            _once(stage.after, f"stage {stage.name!r} names what it comes after more than once")
        return stages

    @model_validator(mode="after")
    def _sorted(self) -> Self:
        try:
            order = list(TopologicalSorter({stage.name: stage.after for stage in self.stages}).static_order())
        except CycleError as error:
            raise ValueError(f"the stages go round in a circle: {' -> '.join(error.args[1])}") from error
        places = {name: place for place, name in enumerate(order)}
        object.__setattr__(self, "stages", tuple(sorted(self.stages, key=lambda one: places[one.name])))
        return self

    @property
    def models(self) -> tuple[str, ...]:
        """Models of the stages, in an order in which every stage follows those before it."""
        return tuple(stage.model for stage in self.stages)

    @property
    def first(self) -> tuple[Stage, ...]:
        """Stages that come after none: what reaches them comes from outside."""
        return tuple(stage for stage in self.stages if not stage.after)

    def stage(self, name: str) -> Stage:
        """The stage of that name."""
        return next(stage for stage in self.stages if stage.name == name)

    def ancestors(self, name: str) -> frozenset[str]:
        """Every stage whose answers reach this one, directly or not."""
        found: set[str] = set()
        waiting = list(self.stage(name).after)
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self.stage(one).after
        return frozenset(found)


def parse_graph(values: object, origin: str = "stage graph") -> StageGraph:
    """Build a graph from parsed YAML or JSON; :class:`InvalidInput` lists every fault."""
    if not isinstance(values, dict):
        raise InvalidInput(f"{origin} must be a mapping with name and stages, got {type(values).__name__}")
    try:
        return StageGraph.model_validate(values)
    except ValidationError as error:
        faults = [
            f"  {'.'.join(str(part) for part in fault['loc']) or 'graph'}: "
            f"{fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise InvalidInput("\n".join([f"{origin} is wrong:", *faults])) from error


def load_graph_file(path: Path) -> StageGraph:
    """Read a graph from a YAML (or JSON) file."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InvalidInput(f"stage graph file {path} does not exist") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidInput(f"stage graph file {path} cannot be read: {error}") from error
    return parse_graph(values, str(path))


def _checked_name(value: str, what: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(
            f"{what} name {value!r} must be 1-128 letters, digits, '.', '_' or '-', not starting with a sign"
        )
    return value


def _once(names: Sequence[str], complaint: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{complaint}; given twice: {', '.join(twice)}")
