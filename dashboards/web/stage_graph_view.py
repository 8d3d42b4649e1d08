"""A stage graph as a drawing: where its boxes and arrows lie, and what the page of one shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from driftline.readmodel.stages import StageGraphSummary, StageReport, StageState, StageVerdict

BOX_WIDTH, BOX_HEIGHT = 190, 62
GAP_ACROSS, GAP_DOWN = 70, 26
MARGIN = 8
MOST_LETTERS = 24
WINDOWS_SHOWN = 48

TONES: Final[Mapping[StageVerdict, str]] = {
    "changed": "drifting",
    "follows": "learning",
    "unchanged": "healthy",
    "unclear": "watch",
    "insufficient_data": "insufficient_data",
}
"""Class of the colour that a verdict has; the word stands beside it."""


class StageSource(Protocol):
    """Knows stage graphs; the service passes it in, this room does not know detectors."""

    def graphs(self) -> list[StageGraphSummary]:
        """Every registered graph, by name."""

    def report(self, name: str, since: datetime | None, until: datetime | None) -> StageReport:
        """Where a change begins; :class:`driftline.errors.NotFound` says which graphs there are."""


@dataclass(frozen=True)
class Box:
    """One stage, drawn: the upper left corner in pixels, and what stands in it."""

    x: int
    y: int
    name: str
    model: str
    state: StageState

    @property
    def tone(self) -> str:
        return TONES[self.state.verdict]


@dataclass(frozen=True)
class Drawing:
    """A graph drawn from left to right."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[str, ...]


def drawing(states: Sequence[StageState]) -> Drawing:
    """Boxes in columns, each as far to the right as its longest way from a first stage; arrows as SVG paths.

    Parameters
    ----------
    states
        Every stage after those before it.
    """
    level: dict[str, int] = {}
    for state in states:
        level[state.name] = 1 + max((level[before] for before in state.after), default=-1)
    columns: dict[int, list[StageState]] = {}
    for state in states:
        columns.setdefault(level[state.name], []).append(state)
    tallest = max((len(column) for column in columns.values()), default=1)
    height = 2 * MARGIN + tallest * (BOX_HEIGHT + GAP_DOWN) - GAP_DOWN
    boxes: dict[str, Box] = {}
    for at, column in columns.items():
        taken = len(column) * (BOX_HEIGHT + GAP_DOWN) - GAP_DOWN
        for place, state in enumerate(column):
            boxes[state.name] = Box(
                MARGIN + at * (BOX_WIDTH + GAP_ACROSS),
                (height - taken) // 2 + place * (BOX_HEIGHT + GAP_DOWN),
                _short(state.name),
                _short(state.model),
                state,
            )
    arrows = tuple(_arrow(boxes[before], boxes[state.name]) for state in states for before in state.after)
    width = 2 * MARGIN + len(columns) * (BOX_WIDTH + GAP_ACROSS) - GAP_ACROSS
    return Drawing(width, height, tuple(boxes[state.name] for state in states), arrows)


def _arrow(one: Box, two: Box) -> str:
    """A curve from the right side of one box to the left side of another."""
    x1, y1 = one.x + BOX_WIDTH, one.y + BOX_HEIGHT // 2
    x2, y2 = two.x - 7, two.y + BOX_HEIGHT // 2
    middle = (x1 + x2) // 2
    return f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"


def _short(text: str) -> str:
    """A name that fits its box; the whole one is in the table.

    >>> _short("a-model-with-a-very-long-name")
    'a-model-with-a-very-lon…'
    """
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"


@dataclass(frozen=True)
class StageGraphView:
    """Everything the template of a stage graph shows."""

    found: StageReport

    @property
    def drawn(self) -> Drawing:
        return drawing(self.found.stages)

    @property
    def newest(self) -> list[int]:
        """Places of the windows that are listed, newest first."""
        last = len(self.found.windows)
        return list(range(last - 1, max(-1, last - 1 - WINDOWS_SHOWN), -1))

    def tone(self, state: StageState) -> str:
        """Class of the colour of a stage."""
        return TONES[state.verdict]
