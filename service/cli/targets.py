"""``driftline targets``"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer
from rich.markup import escape

from alerting.notifiers.specs import NotifierConfig
from alerting.notifiers.told import Message, Told
from alerting.rules.reading import read_rules_file
from driftline.errors import InvalidInput, InvalidSettings
from service.cli.options import ConfigOption, settings_for_command
from service.cli.output import console, table
from service.targets import target_kind

app = typer.Typer(
    help="Where messages and requests go, as the file of rules names them.", no_args_is_help=True
)


@app.command("list")
def list_targets(config: ConfigOption = None) -> None:
    """List the targets of the file of rules."""
    shown = table("targets", "name", "kind", "what it is for")
    for name, target in _rules(config).targets.items():
        kind = str(getattr(target.config, "kind", ""))
        purpose = "is told" if target.role == "notifier" else "starts pipelines"
        shown.add_row(escape(name), kind, purpose)
    console().print(shown)


@app.command("test")
def send_test(
    name: Annotated[str, typer.Argument(help="Name of a target that is told.")], config: ConfigOption = None
) -> None:
    """Send a test message to a target that is told, at once and once.

    Exit code: 0 the target took it; 2 it did not, and what it said.
    """
    targets = _rules(config).targets
    if name not in targets:
        raise InvalidInput(f"target {name!r} is not in the file of rules: {', '.join(sorted(targets))}")
    found = targets[name].config
    if not isinstance(found, NotifierConfig):
        raise InvalidInput(f"target {name!r} starts pipelines: a test would start one")
    notifier = found.connect()
    try:
        notifier.send(Message((_test_message(),)))
    finally:
        notifier.close()
    console().print(f"{escape(name)} ({found.kind}) took the test message")


def _rules(config: ConfigOption) -> Any:
    settings = settings_for_command(config)
    if settings.rules_file is None:
        raise InvalidSettings("there is no file of rules: set rules_file (DRIFTLINE_RULES_FILE)")
    return read_rules_file(settings.rules_file, target_kind)


def _test_message() -> Told:
    now = datetime.now(UTC).isoformat()
    body = {
        "type": "episode.opened",
        "timestamp": now,
        "data": {
            "action_id": "ac-test",
            "severity": "info",
            "rules": ["driftline targets test"],
            "episode": {
                "episode_id": "ep-test",
                "model": "test",
                "kind": "drift",
                "opened_at": now,
                "summary": "This is a test message: nothing happened.",
            },
            "links": {},
        },
    }
    return Told.of_payload(orjson.dumps(body).decode())
