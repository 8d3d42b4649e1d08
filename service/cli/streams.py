"""``driftline streams``"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from detectors.files.table import CSV_NULLS, open_table
from detectors.streams.registry import STREAM_DETECTORS
from detectors.streams.watching import StreamReport, watch_stream
from driftline.errors import InvalidInput, UnreadableFile
from service.cli.options import JsonOption
from service.cli.output import console, figure, print_json, table

Values = NDArray[np.float64]

DetectorName = Literal["adwin", "page-hinkley", "ddm", "kswin", "all"]


def command(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet file, or - for one number a line.")],
    column: Annotated[
        str, typer.Option(help="Column of errors (0 or 1) or scores, in the order of time.")
    ] = "",
    time_column: Annotated[str, typer.Option(help="Column to show with every alarm.")] = "",
    detector: Annotated[DetectorName, typer.Option(help="Which detector, or all of them.")] = "adwin",
    false_alarm_every: Annotated[
        int, typer.Option(help="Observations between false alarms, at least: 1 to 1,000,000.")
    ] = 100_000,
    as_json: JsonOption = False,
) -> None:
    """Watch one stream of errors or scores for changes, value by value.

    Exit code as `diff`: 0 no change, 1 change, 2 trouble. The average run length holds for independent
    values: of values that follow each other, pass the means of windows.
    """
    values, times = _from_stdin() if str(file) == "-" else _from_file(file, column, time_column)
    names = list(STREAM_DETECTORS) if detector == "all" else [detector]
    reports = [_watched(name, values, false_alarm_every, times, quiet=as_json) for name in names]
    judged = [report for report in reports if report.status != "not_applicable"]
    if not judged:
        raise InvalidInput(reports[0].reason)
    if as_json:
        print_json({"false_alarm_every": false_alarm_every, "detectors": reports})
    else:
        _show(reports, str(file), times is not None)
    if any(report.status == "drifted" for report in judged):
        raise typer.Exit(1)
    if all(report.status == "insufficient_data" for report in judged):
        raise typer.Exit(2)


command.__name__ = "streams"


def _watched(
    name: str, values: Values, false_alarm_every: int, times: Sequence[str] | None, *, quiet: bool
) -> StreamReport:
    if quiet or not sys.stderr.isatty():
        return watch_stream(name, values, false_alarm_every=false_alarm_every, times=times)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=values.size)
        return watch_stream(
            name,
            values,
            false_alarm_every=false_alarm_every,
            times=times,
            progress=lambda done: bar.update(task, completed=done),
        )


def _from_stdin() -> tuple[Values, None]:
    values = []
    for number, line in enumerate(sys.stdin, start=1):
        text = line.strip()
        try:
            values.append(float("nan" if text in CSV_NULLS else text))
        except ValueError as error:
            raise InvalidInput(f"line {number} of standard input is no number: {text[:40]!r}") from error
    if not values:
        raise InvalidInput("standard input is empty: give one number a line")
    return np.array(values), None


def _from_file(path: Path, column: str, time_column: str) -> tuple[Values, list[str] | None]:
    opened = open_table(path)
    names = [one.name for one in opened.columns]
    if not column:
        raise InvalidInput(f"say which column with --column; {path} has {', '.join(names)}")
    for name in (column, *filter(None, [time_column])):
        if name not in names:
            raise UnreadableFile(f"{path} has no column {name!r}; it has {', '.join(names)}")
    found = opened.column(column)
    if found is None or found.kind != "numeric":
        fault = found.fault if found is not None and found.fault else "it holds texts"
        raise InvalidInput(f"column {column!r} of {path} is no stream of numbers: {fault}")
    values: list[Values] = []
    times: list[str] = []
    for batch in opened.batches({column: "numeric"}):
        numbers = [np.nan if value is None else value for value in batch[column]]
        values.append(np.asarray(numbers, dtype=np.float64))
    if time_column:
        for batch in opened.batches({time_column: "categorical"}):
            times += ["" if value is None else str(value) for value in batch[time_column]]
    return np.concatenate(values), times if time_column else None


def _show(reports: Sequence[StreamReport], source: str, timed: bool) -> None:
    out = console()
    first = reports[0]
    missing = f", {first.missing:,} missing left out" if first.missing else ""
    shown = table(
        f"{source}: {first.observations:,} observations{missing}",
        "detector",
        "alarm at",
        *(["time"] if timed else []),
        "changed at",
        "before",
        "after",
    )
    for report in reports:
        for one in report.detections:
            shown.add_row(
                report.detector,
                f"{one.index:,}",
                *([one.time] if timed else []),
                f"{one.change_index:,}",
                figure(one.before, 4),
                figure(one.after, 4),
            )
    out.print(shown)
    for report in reports:
        colour = {"ok": "green", "drifted": "red"}.get(report.status, "yellow")
        out.print(f"{report.detector}: [{colour}]{report.status}[/], {report.reason}")
