"""``driftline gate``"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.markup import escape

from alerting.rules.book import RuleBook
from dashboards.web.gate_pages import gate_report_html
from detectors.gate.evaluation_rows import DEFAULT_ROWS, MOST_ROWS
from driftline.errors import InvalidInput
from driftline.readmodel.gates import GateAnswer
from driftline.store.opening import open_store
from service.cli.options import ConfigOption, JsonOption, ModelArgument, settings_for_command
from service.cli.output import console, print_json, table
from service.gates import Gates
from service.moments import parse_moment
from service.targets import target_kind

app = typer.Typer(
    help="No pass, no deploy: judge a candidate on stored rows with a truth, next to the version in service.",
    no_args_is_help=True,
)

ANSWERS_AT_ONCE = 10_000
EXIT_CODES = {"pass": 0, "fail": 1, "undecided": 3, "no_evidence": 3}

VersionArgument = Annotated[str, typer.Argument(help="Version of the candidate.")]
ChampionOption = Annotated[
    str, typer.Option(help="Version in service; the busiest of the last day when absent.")
]
AuthorOption = Annotated[str, typer.Option("--author", help="Who you are; kept for ever.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept for ever.")]


@app.command("rows")
def rows(
    model: ModelArgument,
    out: Annotated[Path | None, typer.Option(help="File to write; standard output when absent.")] = None,
    champion: ChampionOption = "",
    candidate: Annotated[
        str,
        typer.Option(help="Candidate, when it answers traffic already: not to be taken for the champion."),
    ] = "",
    since: Annotated[
        str, typer.Option(help="Oldest event; as far back as the gate looks when absent.", metavar="TIME")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Most rows.")] = DEFAULT_ROWS,
    config: ConfigOption = None,
) -> None:
    """Write the events that a candidate is to answer, one JSON object a line, without their truths.

    Half of them are from the windows since the newest episode began, as far as there are so many.
    """
    begin = parse_moment(since, "--since") if since else None
    with _gates(config) as gates:
        found = gates.rows(model, champion, candidate, begin, limit)
        target = out.open("wb") if out is not None else sys.stdout.buffer
        count = 0
        try:
            for count, row in enumerate(found, 1):  # noqa: B007
                target.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        finally:
            target.close() if out is not None else target.flush()
    if out is not None:
        console().print(f"{count:,} rows in {escape(str(out))}")


@app.command("answers")
def answers(
    model: ModelArgument,
    version: VersionArgument,
    file: Annotated[Path, typer.Argument(help="One JSON object a line: event_id, prediction, scores.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand in what a candidate answered; of an event that is answered again the newest counts."""
    stored, refused, faults = 0, 0, list[str]()
    with _gates(config) as gates:
        for portion in _portions(file):
            receipt = gates.record(model, version, portion)
            stored, refused = stored + receipt.stored, refused + receipt.refused
            faults += receipt.faults[: 5 - len(faults)]
    if as_json:
        print_json({"stored": stored, "refused": refused, "faults": faults})
        return
    console().print(f"{stored:,} answers stored, {refused:,} refused")
    for fault in faults:
        console().print(f"  {escape(fault)}")


@app.command("check")
def check(
    model: ModelArgument,
    version: VersionArgument,
    champion: ChampionOption = "",
    html: Annotated[Path | None, typer.Option(help="Also write the report to this file.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether a candidate may be deployed, and why (not).

    May be asked at any time and as often as one likes. Exit code: 0 it passes or a person let it through;
    1 it fails; 2 trouble; 3 not decided yet, or nothing to judge by.
    """
    with _gates(config) as gates:
        answer = gates.answer(model, version, champion, fresh=True)
    if html is not None:
        html.write_text(gate_report_html(answer), encoding="utf-8")
    if as_json:
        print_json(answer)
    else:
        _print(answer)
    raise typer.Exit(0 if answer.allowed else EXIT_CODES[answer.verdict])


@app.command("override")
def override(
    model: ModelArgument,
    version: VersionArgument,
    author: AuthorOption,
    reason: ReasonOption,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take an override back.")] = False,
    config: ConfigOption = None,
) -> None:
    """Let a candidate through whatever the gate says, by name and reason."""
    with _gates(config) as gates:
        if withdraw:
            gates.withdraw(model, version, author=author, reason=reason)
        else:
            gates.override(model, version, author=author, reason=reason)
    done = "counts again for" if withdraw else f"is overridden by {author} for"
    console().print(f"the gate {escape(done)} version {escape(version)} of {escape(model)}")


def _print(answer: GateAnswer) -> None:
    out = console()
    colour = {"pass": "green", "fail": "red"}.get(answer.verdict, "yellow")
    out.print(f"[bold {colour}]{answer.verdict.replace('_', ' ')}[/]", end="")
    out.print(f" (let through by {escape(answer.override.author)})" if answer.override else "")
    for sentence in answer.report.words:
        out.print(f"  {escape(sentence)}")
    if answer.report.checks:
        shown = table(
            f"next to version {escape(answer.report.champion)}", "check", "result", "what was found"
        )
        for one in answer.report.checks:
            shown.add_row(escape(one.name), one.status, escape(one.words))
        out.print()
        out.print(shown)


def _portions(file: Path) -> Iterator[list[dict[str, Any]]]:
    try:
        with file.open("rb") as lines:
            portion: list[dict[str, Any]] = []
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    answer = orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    raise InvalidInput(f"{file}, line {number} is no JSON: {error}") from None
                if not isinstance(answer, dict):
                    raise InvalidInput(f"{file}, line {number} is no JSON object: write one answer a line")
                portion.append(answer)
                if len(portion) == ANSWERS_AT_ONCE:
                    yield portion
                    portion = []
            if portion:
                yield portion
    except OSError as error:
        raise InvalidInput(f"cannot read {file}: {error.strerror}") from error


@contextmanager
def _gates(config: ConfigOption) -> Iterator[Gates]:
    settings = settings_for_command(config)
    rules = RuleBook(settings, target_kind)
    with open_store(settings) as store:
        yield Gates(store, settings, lambda: rules.current().file, (settings.public_url or "").rstrip("/"))
