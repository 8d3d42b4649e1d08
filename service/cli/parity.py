"""``driftline parity``"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from driftline.errors import InvalidInput
from driftline.readmodel.version_parity import OutputParity, VersionParity
from driftline.settings import Settings
from driftline.store.opening import open_store
from service.cli.options import ConfigOption, JsonOption, settings_for_command
from service.cli.output import console, figure, print_json, table
from service.moments import parse_moment
from service.tolerances import parse_tolerances

if TYPE_CHECKING:
    from detectors.versions import Tolerance

EXIT_CODES = {"pass": 0, "fail": 1, "undecided": 3}
_COLOURS = {"pass": "green", "fail": "red", "undecided": "yellow"}


def command(
    model: Annotated[str, typer.Argument(help="Name of the model; not with --files.")] = "",
    a: Annotated[str, typer.Argument(help="Version of the original.")] = "",
    b: Annotated[str, typer.Argument(help="Version of the variant.")] = "",
    files: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            help="Two files with answers to the same inputs, CSV or Parquet: original and variant.",
            show_default=False,
        ),
    ] = None,
    key: Annotated[str, typer.Option(help="Column of both files that names the input.")] = "",
    tolerance: Annotated[
        list[str] | None,
        typer.Option(
            help="How far a numeric output may be off: at most ABS + REL times the original's value. Others "
            "may by the contract's tolerance, in standard deviations of the original.",
            metavar="NAME=ABS[,REL]",
        ),
    ] = None,
    required: Annotated[float, typer.Option(help="Share of inputs whose answers have to agree.")] = 0.99,
    since: Annotated[
        str,
        typer.Option(help="Start of the traffic, as 2026-11-23T14:00 (UTC without a zone).", metavar="TIME"),
    ] = "",
    until: Annotated[str, typer.Option(help="End; now when absent.", metavar="TIME")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether an optimised variant (TensorRT, OpenVINO, quantised) still answers like the original.

    Compares two versions in shadow traffic, or two files with --files and --key; output by output, with the
    worst examples, the speed and the cost that are gained.

    Exit code: 0 pass, 1 fail, 2 trouble, 3 too few inputs to tell.
    """
    tolerances = parse_tolerances(tolerance or [])
    settings = settings_for_command(config)
    if files is not None:
        if model or since or until or not key:
            raise InvalidInput("--files needs --key, and takes no model, versions, --since or --until")
        from detectors.versions import parity_of_files

        found = parity_of_files(
            *files, key, tolerances=tolerances, tolerance_units=settings.drift_tolerance, required=required
        )
    else:
        if not (model and a and b) or key:
            raise InvalidInput("parity takes MODEL A B, or --files A.parquet B.parquet --key COLUMN")
        found = _of_versions(settings, model, a, b, since, until, tolerances, required)
    if as_json:
        print_json(found)
    else:
        _print(console(), found)
    raise typer.Exit(EXIT_CODES[found.verdict])


def _of_versions(
    settings: Settings,
    model: str,
    a: str,
    b: str,
    since: str,
    until: str,
    tolerances: Mapping[str, Tolerance],
    required: float,
) -> VersionParity:
    from detectors.versions import ParityQuestion
    from service.parity import parity_with_cost

    question = ParityQuestion(
        model=model,
        a=a,
        b=b,
        since=parse_moment(since, "--since") if since else None,
        until=parse_moment(until, "--until") if until else None,
        tolerances=tolerances,
        required=required,
    )
    with open_store(settings) as store:
        return parity_with_cost(store, settings, question)


def _print(out: Console, found: VersionParity) -> None:
    out.print(f"[bold {_COLOURS[found.verdict]}]{found.verdict}[/]")
    for sentence in found.words:
        out.print(f"  {escape(sentence)}")
    out.print()
    shown = table(
        f"{found.b} against {found.a}, {found.pairs:,} inputs",
        "output",
        "verdict",
        "agree",
        "95% interval",
        "tolerance",
        "largest",
        "mean",
        "99%",
        "largest relative",
        "not finite",
    )
    for one in found.outputs:
        shown.add_row(*_row(one))
    out.print(shown)
    for one in found.outputs:
        if one.worst and one.verdict != "pass":
            worst = table(f"most apart in {one.name}", "input", found.a, found.b, "difference")
            for example in one.worst:
                worst.add_row(
                    escape(example.id), escape(example.a), escape(example.b), _number(example.difference)
                )
            out.print(worst)
    if found.cost is not None and found.cost.reason:
        out.print(f"[dim]Cost: {escape(found.cost.reason)}.[/]")


def _row(one: OutputParity) -> tuple[str, ...]:
    relative = f" + {one.relative_tolerance:.3g} rel" if one.relative_tolerance else ""
    return (
        escape(one.name),
        f"[{_COLOURS[one.verdict]}]{one.verdict}[/]",
        "–" if one.share is None else f"{one.share:.3%}",
        f"{one.lower:.3%} to {one.upper:.3%}",
        "equal" if one.absolute_tolerance is None else f"{one.absolute_tolerance:.3g}{relative}",
        _number(one.max_absolute),
        _number(one.mean_absolute),
        _number(one.p99_absolute),
        figure(one.max_relative, 4),
        f"{one.not_finite_a:,} and {one.not_finite_b:,}",
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


command.__name__ = "parity"
