"""The terminal's part: a live table for a person, plain lines for a log, nothing for a program."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from demo.stages import STAGES, Stage


class Screen(Protocol):
    """Who is told how the story goes."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def page(self, url: str) -> None:
        """The page's address is known."""

    def note(self, text: str) -> None:
        """What happens now."""

    def progress(self, text: str) -> None:
        """How far the present stage is; said again and again."""

    def reached(self, stage: Stage, at_seconds: float, figures: Mapping[str, Any]) -> None:
        """A stage has happened."""


class SilentScreen:
    """Says nothing: a program reads the result alone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to end."""

    def page(self, url: str) -> None:
        """Kept for the result."""

    def note(self, text: str) -> None:
        """Kept quiet."""

    def progress(self, text: str) -> None:
        """Kept quiet."""

    def reached(self, stage: Stage, at_seconds: float, figures: Mapping[str, Any]) -> None:
        """Kept for the result."""


class LineScreen(SilentScreen):
    """One line an event, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def page(self, url: str) -> None:
        self._console.print(f"page: {url}", highlight=False)

    def note(self, text: str) -> None:
        self._console.print(f"      {text}", highlight=False, markup=False)

    def reached(self, stage: Stage, at_seconds: float, figures: Mapping[str, Any]) -> None:
        line = f"{at_seconds:5.1f} s  {stage.name:18} {stage.tell(dict(figures))}"
        self._console.print(line, highlight=False, markup=False)


class LiveScreen:
    """A table that fills while one watches, with the page's address on top."""

    def __init__(self, console: Console) -> None:
        self._url = ""
        self._note = "starting"
        self._reached: dict[str, tuple[float, str]] = {}
        self._spinner = Spinner("dots")
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._note = "" if error is None else "stopped"
        self._live.stop()

    def page(self, url: str) -> None:
        self._url = url

    def note(self, text: str) -> None:
        self._note = text

    def progress(self, text: str) -> None:
        self._note = text

    def reached(self, stage: Stage, at_seconds: float, figures: Mapping[str, Any]) -> None:
        self._reached[stage.name] = (at_seconds, stage.tell(dict(figures)))

    def _render(self) -> RenderableType:
        table = Table(box=None, padding=(0, 1), show_header=False, expand=False)
        table.add_column(width=2)
        table.add_column(justify="right", width=8, style="dim")
        table.add_column(min_width=42, no_wrap=True)
        table.add_column(overflow="fold", style="cyan")
        waiting = next((stage.name for stage in STAGES if stage.name not in self._reached), "")
        for stage in STAGES:
            if stage.name in self._reached:
                seconds, told = self._reached[stage.name]
                table.add_row(Text("✔", style="green"), f"{seconds:.1f} s", stage.promise, Text(told))
            elif stage.name == waiting and self._note:
                table.add_row(self._spinner, "", stage.promise, Text(self._note, style="dim"))
            else:
                table.add_row("", "", Text(stage.promise, style="dim"), "")
        head = Text.assemble(("Driftline", "bold"), "  watches a digits OCR model  ")
        if self._url:
            head.append(self._url, style=f"bold underline blue link {self._url}")
        return Group(Text(), head, Text(), table, Text())
