"""``driftline rules``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from alerting.rules.reading import InvalidRules, Rules, read_rules_file
from alerting.rules.rehearsal import Rehearsed, rehearse
from alerting.rules.scenario import read_scenario
from service.cli.options import JsonOption
from service.cli.output import console, print_json, table
from service.targets import target_kind

app = typer.Typer(help="Rules: whom to tell and what to do, and under which limits.", no_args_is_help=True)


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="YAML file of targets, rules and policies.")],
    as_json: JsonOption = False,
) -> None:
    """Read a file of rules and say what it holds, or every fault with its line and column (exit code 2).

    A service that runs keeps its old rules while the file has faults.
    """
    try:
        rules = read_rules_file(file, target_kind)
    except InvalidRules as error:
        if as_json:
            faults = [
                {"line": one.line, "column": one.column, "path": one.path, "message": one.message}
                for one in error.faults
            ]
            print_json({"good": False, "faults": faults})
            raise typer.Exit(2) from None
        raise
    if as_json:
        print_json(
            {
                "good": True,
                "targets": sorted(rules.targets),
                "rules": [rule.name for rule in rules.file.rules],
                "policies": sorted(rules.file.policies),
            }
        )
        return
    _print(file, rules)


@app.command("test")
def rehearse_files(
    files: Annotated[list[Path], typer.Argument(help="Scenario files: what happens, and what is expected.")],
    as_json: JsonOption = False,
) -> None:
    """Play scenarios through rules and policies; exit code 1 when something comes otherwise than expected.

    All that is told and started must be expected, at its time; holds and suppressions where the scenario
    speaks of them.
    """
    results = []
    for file in files:
        scenario, rules = read_scenario(file, target_kind)
        results.append((file, rehearse(scenario, rules.file)))
    if as_json:
        print_json(
            [
                {
                    "file": str(file),
                    "passed": result.passed,
                    "came": [str(one) for one in result.came],
                    "lacking": result.lacking,
                    "surprising": result.surprising,
                }
                for file, result in results
            ]
        )
    else:
        for file, result in results:
            _say(file, result)
    if not all(result.passed for _, result in results):
        raise typer.Exit(1)


def _say(file: Path, result: Rehearsed) -> None:
    out = console()
    verdict = "[green]passed[/]" if result.passed else "[red]failed[/]"
    out.print(f"{escape(str(file))}: {verdict}, {len(result.came)} came")
    for line in result.lacking:
        out.print(f"  expected, did not come: {escape(line)}")
    for line in result.surprising:
        out.print(f"  came, not expected:     {escape(line)}")


def _print(file: Path, rules: Rules) -> None:
    shown = table(f"{escape(str(file))} is good", "rule", "of what", "whose", "how bad", "tells", "does")
    for rule in rules.file.rules:
        shown.add_row(
            escape(rule.name),
            ", ".join(rule.on),
            escape(f"{', '.join(rule.models)} of {', '.join(rule.teams)}"),
            rule.severity,
            escape(", ".join(rule.notify)) or "–",
            escape(", ".join(f"{kind} by {target}" for kind, target in rule.actions.items())) or "–",
        )
    console().print(shown)
    unused = sorted(
        set(rules.targets)
        - {name for rule in rules.file.rules for name in (*rule.notify, *rule.actions.values())}
    )
    if unused:
        console().print(f"no rule names {escape(', '.join(unused))}")
