"""``driftline doctor``"""

from __future__ import annotations

import typer

from service.cli.options import ConfigOption, JsonOption, settings_for_command
from service.cli.output import console, print_json, table


def command(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say what is wrong with this set-up and how to mend it; changes nothing.

    Exit code 0 when nothing is broken (warnings included), 2 when something is.
    """
    from service.doctor import diagnose

    found = diagnose(settings_for_command(config))
    broken = any(one.level == "problem" for one in found)
    if as_json:
        print_json({"ok": not broken, "diagnoses": found})
        raise typer.Exit(2 if broken else 0)
    colours = {"ok": "green", "warning": "yellow", "problem": "red"}
    shown = table("", "subject", "", "what was found", "what to do")
    for one in found:
        shown.add_row(one.subject, f"[{colours[one.level]}]{one.level}[/]", one.finding, one.remedy)
    console().print(shown)
    raise typer.Exit(2 if broken else 0)


command.__name__ = "doctor"
