"""``driftline actions``"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, cast, get_args

import typer
from rich.markup import escape

from alerting.approvals import decide_by_person
from alerting.outbox import Outbox
from driftline.action_states import ActionState
from driftline.errors import InvalidInput
from driftline.readmodel.actions import actions
from driftline.readmodel.ranges import Range
from driftline.store import Store
from driftline.store.opening import open_store
from service.cli.options import ConfigOption, JsonOption, settings_for_command
from service.cli.output import console, print_json, table

app = typer.Typer(
    help="What episodes led to: told, started, held and suppressed; and a person's word on it.",
    no_args_is_help=True,
)

ActionArgument = Annotated[str, typer.Argument(help="Id of the action, as `actions list` shows it.")]
AuthorOption = Annotated[str, typer.Option("--author", help="Who you are; kept for ever.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept for ever.")]


@app.command("list")
def list_actions(
    model: Annotated[str, typer.Option(help="Only of this model.")] = "",
    state: Annotated[str, typer.Option(help=f"Only in this state: {', '.join(get_args(ActionState))}.")] = "",
    days: Annotated[float, typer.Option(min=0, help="How far back, in days.")] = 30.0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most actions to list.")] = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List actions, newest first, with why they wait or what became of them."""
    if state and state not in get_args(ActionState):
        raise InvalidInput(f"--state takes one of {', '.join(get_args(ActionState))}, got {state!r}")
    since = datetime.now(UTC) - timedelta(days=days)
    with _store(config) as store:
        found = actions(store, Range(since=since, limit=limit), model, "", cast(ActionState, state))
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    if not found:
        console().print("no action: nothing was told or started that matches")
        return
    shown = table(f"{len(found)} actions", "action", "model", "what", "target", "state", "why")
    for one in found:
        shown.add_row(
            one.action_id,
            escape(one.model),
            one.event,
            escape(one.target),
            one.state,
            escape(one.reason_text or one.error or one.run_url),
        )
    console().print(shown)


@app.command("approve")
def approve(
    action: ActionArgument, author: AuthorOption, reason: ReasonOption = "", config: ConfigOption = None
) -> None:
    """Let an action start that waits for a person; other limits of its policy still hold."""
    _say("approve", action, author, reason, config)


@app.command("deny")
def deny(
    action: ActionArgument, author: AuthorOption, reason: ReasonOption = "", config: ConfigOption = None
) -> None:
    """Never let an action start that waits; a new episode may ask again."""
    _say("deny", action, author, reason, config)


@app.command("redo")
def redo(action: ActionArgument, config: ConfigOption = None) -> None:
    """Send an action again that could not be delivered, under its old id."""
    with _store(config) as store:
        Outbox(store).redo(action)
    console().print(f"{escape(action)} is sent again in the next cycle")


def _say(
    kind: Literal["approve", "deny"], action_id: str, author: str, reason: str, config: ConfigOption
) -> None:
    with _store(config) as store:
        decide_by_person(store, kind, action_id, author=author, reason=reason)
    done = "approved" if kind == "approve" else "denied"
    console().print(
        f"{escape(action_id)} {done} by {escape(author)}; the control loop heeds it in its next cycle"
    )


@contextmanager
def _store(config: ConfigOption) -> Iterator[Store]:
    with open_store(settings_for_command(config)) as store:
        yield store
