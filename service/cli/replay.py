"""``driftline replay``"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from driftline.errors import InvalidInput
from service.cli.options import ConfigOption, JsonOption, settings_for_command
from service.cli.output import console, print_json, table
from service.moments import parse_length

if TYPE_CHECKING:
    from service.replay import Replay
    from service.replay.episodes import ReplayedEpisode

_COLOURS = {"drifted": "red", "failed": "magenta", "watch": "yellow", "insufficient_data": "yellow"}
_LONGEST_WINDOW_SECONDS = 604_800
_SHOWN_FIELDS = 30


def command(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet file with rows of the past, in any order.")],
    time_column: Annotated[
        str,
        typer.Option(
            help="Column with each row's time: ISO 8601 (UTC without a zone), seconds, milliseconds or "
            "microseconds since 1970, or an Arrow timestamp.",
            metavar="COLUMN",
        ),
    ],
    baseline: Annotated[
        str,
        typer.Option(
            help="What windows are compared with: first:14d (the start of the file), A..B (two ISO times, "
            "a range of it), or another file.",
            metavar="REF",
        ),
    ],
    window: Annotated[str, typer.Option(help="Length of a window: 15m, 1h, 1d.")] = "1h",
    tolerance: Annotated[
        float | None,
        typer.Option(min=0, help="Smallest change that counts, in standard units.", show_default="0.05"),
    ] = None,
    tolerances: Annotated[
        str,
        typer.Option(help="Also compare several tolerances, such as 0.05,0.1,0.2.", metavar="LIST"),
    ] = "",
    budget: Annotated[
        str | None,
        typer.Option(
            help="False-alarm budget in words.",
            show_default="one false episode per model in eight years",
            metavar="WORDS",
        ),
    ] = None,
    min_samples: Annotated[
        int | None, typer.Option(min=2, help="Effective rows that a window needs.", show_default="100")
    ] = None,
    weight_column: Annotated[
        str, typer.Option(help="Column with sampling weights (1 / probability).", metavar="COLUMN")
    ] = "",
    segment: Annotated[
        list[str] | None,
        typer.Option(help="Column whose values are also watched one by one; repeatable.", metavar="COLUMN"),
    ] = None,
    identifier: Annotated[
        list[str] | None,
        typer.Option("--id", help="Column that only names rows; not watched; repeatable.", metavar="COLUMN"),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Back-test monitoring on a file's history: what would have been found, alerted and triggered.

    Rows become events in a scratch database and take the same path as live traffic; nothing is sent and
    nothing is left behind. Exit code: 0 no episode, 1 episodes, 2 trouble. With --json one line a window,
    the last line is the whole outcome.
    """
    from service.replay import ReplayOptions, replay
    from service.replay.outcome import window_json
    from service.replay.reference import parse_reference

    seconds = parse_length(window, "--window").total_seconds()
    if seconds != int(seconds) or not 1 <= seconds <= _LONGEST_WINDOW_SECONDS:
        raise InvalidInput(f"--window takes whole seconds up to a week, got {window!r}")
    settings = settings_for_command(
        config,
        window_seconds=int(seconds),
        drift_tolerance=tolerance,
        min_samples=min_samples,
        false_alarm_budget=budget,
    )
    options = ReplayOptions(
        file=file,
        time_column=time_column,
        reference=parse_reference(baseline),
        weight_column=weight_column,
        segments=tuple(segment or ()),
        ids=tuple(identifier or ()),
        tolerances=_tolerances(tolerances),
    )
    with _progress(shown=not as_json and sys.stderr.isatty()) as progress:
        found = replay(options, settings, progress)
    if as_json:
        for one in found.windows:
            print_json(window_json(one))
        print_json(found.as_json())
    else:
        _show(console(), found, bool(settings.notify_urls), settings.pipeline_trigger)
    raise typer.Exit(1 if found.episodes else 0)


def _tolerances(text: str) -> tuple[float, ...]:
    try:
        found = tuple(float(one) for one in text.split(",") if one.strip())
    except ValueError:
        found = (-1.0,)
    if any(not 0 <= one < float("inf") for one in found):
        raise InvalidInput(f"--tolerances takes numbers from 0 on, such as 0.05,0.1,0.2, got {text!r}")
    return found


class _Bars:
    """One bar a stage."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task: TaskID | None = None

    def begin(self, stage: str, total: int) -> None:
        """Close the bar before it and open one."""
        if self._task is not None:
            self._bar.update(self._task, completed=self._bar.tasks[self._task].total)
        self._task = self._bar.add_task(stage, total=total)

    def advance(self, amount: int) -> None:
        """Some work is done."""
        if self._task is not None:
            self._bar.advance(self._task, amount)


@contextmanager
def _progress(*, shown: bool) -> Iterator[_Bars | None]:
    if not shown:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Bars(bar)


def _show(out: Console, found: Replay, notified: bool, trigger: str) -> None:
    loaded = found.loaded
    out.print(
        f"[bold]{len(found.windows):,} windows[/] of {_length(found.window_seconds)} from "
        f"{found.since:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M} UTC, {loaded.rows:,} rows, "
        f"against {escape(found.baseline)} ({found.baseline_rows:,} rows)"
    )
    counts = found.status_counts
    out.print(
        ", ".join(
            f"[{_COLOURS.get(status, 'green')}]{count:,} {status.replace('_', ' ')}[/]"
            for status, count in sorted(counts.items(), key=lambda item: -item[1])
        )
        or "no window holds a row"
    )
    if loaded.bad_times:
        examples = escape(", ".join(loaded.bad_examples))
        out.print(f"[yellow]{loaded.bad_times:,} rows without a readable time were left out[/] ({examples})")
    if loaded.bad_weights:
        out.print(f"[yellow]{loaded.bad_weights:,} rows without a weight above 0 were left out[/]")
    _show_fields(out, found)
    _show_episodes(out, found.episodes)
    _show_tolerances(out, found)
    _show_consequences(out, found, notified, trigger)


def _show_fields(out: Console, found: Replay) -> None:
    """Fields that did not stay ok throughout; the others are only counted."""
    telling = [one for one in found.fields if set(one.status_counts) != {"ok"}]
    if telling:
        names = ("field", "kind", "drifted", "watch", "ok", "no decision", "first drifted", "why")
        shown = table("fields", *names)
        for one in telling[:_SHOWN_FIELDS]:
            counts = one.status_counts
            undecided = counts.get("insufficient_data", 0) + counts.get("failed", 0)
            drifted = counts.get("drifted", 0)
            shown.add_row(
                escape(one.field),
                one.kind or "[magenta]unusable[/]",
                f"[red]{drifted:,}[/]" if drifted else "0",
                f"{counts.get('watch', 0):,}",
                f"{counts.get('ok', 0):,}",
                f"{undecided:,}",
                f"{one.first_drifted:%Y-%m-%d %H:%M}" if one.first_drifted else "",
                escape(one.reason),
            )
        out.print(shown)
    quiet = len(found.fields) - len(telling)
    more = len(telling) - _SHOWN_FIELDS
    if more > 0:
        out.print(f"and {more:,} more such fields")
    if quiet:
        out.print(f"{quiet:,} {'other fields' if telling else 'fields'} stayed ok throughout")


def _show_episodes(out: Console, episodes: tuple[ReplayedEpisode, ...]) -> None:
    if not episodes:
        out.print("[bold green]no episode[/]: monitoring would have stayed silent")
        return
    shown = table(
        "episodes", "opened (UTC)", "resolved (UTC)", "kind", "first window", "drifted windows", "fields"
    )
    for one in episodes:
        episode = one.episode
        shown.add_row(
            f"{episode.opened_at:%Y-%m-%d %H:%M}",
            f"{episode.resolved_at:%Y-%m-%d %H:%M}" if episode.resolved_at else "[red]still open[/]",
            episode.kind.replace("_", " "),
            f"{episode.first_window:%Y-%m-%d %H:%M}",
            f"{one.windows:,}",
            escape(", ".join(episode.fields)),
        )
    out.print(shown)
    for one in episodes:
        out.print(f"  {one.episode.opened_at:%Y-%m-%d %H:%M}  {escape(one.episode.summary)}")


def _show_tolerances(out: Console, found: Replay) -> None:
    if not found.tolerances:
        return
    shown = table("tolerances", "tolerance", "episodes", "drifted windows", "opened (UTC)", "fields")
    for one in found.tolerances:
        shown.add_row(
            f"{one.tolerance:g}",
            f"{one.episodes:,}",
            f"{one.drifted_windows:,}",
            ", ".join(f"{moment:%Y-%m-%d %H:%M}" for moment in one.opened_at[:5]),
            escape(", ".join(one.fields[:8])),
        )
    out.print(shown)


def _show_consequences(out: Console, found: Replay, notified: bool, trigger: str) -> None:
    told = sum(len(one.events) for one in found.episodes)
    actions = [action for one in found.episodes for action in one.actions]
    retrains = sum(action.kind == "retrain" for action in actions)
    if found.episodes:
        reached = "" if notified else ", to nobody: notify_urls is not set"
        out.print(f"would have been told: {told:,} times (opened, worsened, resolved){reached}")
        why = (
            "" if retrains else f" (pipeline_trigger is {trigger}; a file has no labels, so no decay is seen)"
        )
        out.print(f"would have been triggered: {retrains:,} retrains{why}")
    out.print(
        f"budget: {escape(found.budget_words)}; in these {found.years * 365:.3g} days its part for drift "
        f"allows {found.nominal_false_episodes:.2g} false episodes"
    )


def _length(seconds: int) -> str:
    size, unit = next(
        (size, unit)
        for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
        if seconds % size == 0
    )
    return f"{seconds // size} {unit}{'' if seconds == size else 's'}"


command.__name__ = "replay"
