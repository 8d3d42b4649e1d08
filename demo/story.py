"""``driftline demo``: a model is served, decays before your eyes, and is healed."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from demo.api import DriftlineApi
from demo.digits import require_scikit_learn
from demo.interruption import Interruption
from demo.screen import LineScreen, LiveScreen, Screen, SilentScreen
from demo.summary import print_summary, read_cost
from demo.telling import POLL_SECONDS, Story
from driftline.errors import DriftlineError

FOLDER_VARIABLE = "DRIFTLINE_DEMO_DIR"
"""Names a folder that is used and kept, in place of a temporary one."""

EXIT_FAILED = 2
EXIT_INTERRUPTED = 130


def run_demo(headless: bool, json_output: bool, port: int | None = None) -> int:
    """Tell the story and return the exit code: 0 when every stage happened, 2 when not, 130 at Ctrl-C.

    Parameters
    ----------
    headless
        End by itself after the last stage; else the page stays until Ctrl-C.
    json_output
        Print the result as one line of JSON, the last of standard output, and nothing else there.
    port
        Port of the page; a free one when ``None``.

    Raises
    ------
    DependencyMissing
        scikit-learn is not installed.
    PortInUse
        ``port`` is taken.
    """
    require_scikit_learn()
    console = Console(highlight=False, soft_wrap=True)
    interruption = Interruption()
    with _story_folder() as folder, interruption.heeded():
        story = Story(folder, port, _choose_screen(console, headless, json_output), interruption)
        result, code = _tell(story, console, headless, json_output)
    if json_output:
        sys.stdout.write(json.dumps(result) + "\n")
    return code


def _tell(story: Story, console: Console, headless: bool, json_output: bool) -> tuple[dict[str, Any], int]:
    error, code = "", 0
    cost: dict[str, Any] | None = None
    with story.children:
        try:
            with story.screen:
                story.run()
            with DriftlineApi(story.base_url) as api:
                cost = read_cost(api, story.began_at)
        except DriftlineError as failure:
            error, code = failure.message, EXIT_FAILED
            sys.stderr.write(f"driftline demo: {error}\nmissing: {', '.join(story.missing)}\n")
            sys.stderr.write(f"{story.children.tails()}\n")
        except KeyboardInterrupt:
            error, code = "interrupted", EXIT_INTERRUPTED
        result = _result(story, cost, error)
        if not error and not json_output:
            print_summary(console, result)
        if not error and not headless:
            _stay(Console(stderr=True, soft_wrap=True) if json_output else console, story)
    return result, code


def _result(story: Story, cost: dict[str, Any] | None, error: str) -> dict[str, Any]:
    return {
        "ok": not story.missing and not error,
        "seconds": round(story.seconds, 1),
        "page": story.page,
        "fault_at_seconds": story.fault_at_seconds,
        "stages": story.stages,
        "cost": cost,
        "missing": story.missing,
        "error": error,
    }


def _choose_screen(console: Console, headless: bool, json_output: bool) -> Screen:
    if json_output:
        return SilentScreen()
    if headless or not console.is_terminal:
        return LineScreen(console)
    return LiveScreen(console)


def _stay(console: Console, story: Story) -> None:
    console.print(f"The page stays at [link={story.page}]{story.page}[/link]; Ctrl-C ends the demo.")
    try:
        while True:
            story.children.check()
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        console.print("Stopping.")


@contextmanager
def _story_folder() -> Iterator[Path]:
    given = os.environ.get(FOLDER_VARIABLE)
    if given:
        folder = Path(given).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    folder = Path(tempfile.mkdtemp(prefix="driftline-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
