"""The ``driftline`` command: its commands, and one place where errors become messages and exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from driftline import __version__
from driftline.errors import DriftlineError
from service.cli import (
    actions,
    baseline,
    budget,
    changed,
    check,
    collect,
    compare,
    demo,
    doctor,
    explain,
    gate,
    grafana,
    labels,
    models,
    node,
    parity,
    quality,
    register,
    replay,
    rules,
    serve,
    stages,
    streams,
    targets,
)
from service.cli.output import print_json

app = typer.Typer(
    name="driftline",
    help="Watch served models: sample their traffic, find drift and decay, start the retrain, "
    "show the cost.\n\n"
    "Start with `driftline demo`. Settings come from driftline.yaml and DRIFTLINE_* variables.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

for module in (
    demo,
    check,
    replay,
    serve,
    collect,
    node,
    register,
    baseline,
    budget,
    labels,
    models,
    changed,
    quality,
    explain,
    compare,
    parity,
    streams,
    doctor,
):
    app.command()(module.command)
app.add_typer(grafana.app, name="grafana")
app.add_typer(stages.app, name="stages")
app.add_typer(rules.app, name="rules")
app.add_typer(actions.app, name="actions")
app.add_typer(gate.app, name="gate")
app.add_typer(targets.app, name="targets")


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


def main() -> None:
    """Entry point: run a command; a foreseen error is one clear message and its exit code."""
    try:
        app()
    except DriftlineError as error:
        if "--json" in sys.argv:
            print_json({"code": error.code, "message": error.message})
        sys.stderr.write(f"driftline: {error.message}\n")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing is wrong.
        sys.exit(0)


if __name__ == "__main__":
    main()
