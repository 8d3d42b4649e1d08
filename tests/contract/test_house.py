"""The house's own rules, held by tests: sizes, SQL headers, the lock file, what the README promises."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli.main import app

ROOT = Path(__file__).parents[2]
CEILING = 500


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def commands() -> list[str]:
    groups = [str(group.name) for group in app.registered_groups]
    return [
        *(str(getattr(command.callback, "__name__", "")) for command in app.registered_commands),
        *groups,
    ]


def test_no_file_is_above_the_ceiling() -> None:
    files = [
        path for path in tracked("*.py", "*.sql", "*.html", "*.css", "*.js") if "vendor" not in path.parts
    ]
    assert len(files) > 100
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in files}
    assert {name: lines for name, lines in lengths.items() if lines > CEILING} == {}


def test_every_query_says_what_it_is_for() -> None:
    queries = tracked("*.sql")
    assert queries
    assert [str(path) for path in queries if not path.read_text().startswith("-- ")] == []


def test_the_lock_pins_with_hashes_and_names_no_index() -> None:
    text = (ROOT / "requirements.lock").read_text()
    pinned = re.findall(r"^[a-z0-9._-]+==[^ ;\\]+", text, flags=re.MULTILINE | re.IGNORECASE)
    assert len(pinned) > 50
    assert "://" not in text
    assert "index-url" not in text
    assert text.count("--hash=sha256:") >= len(pinned)


@pytest.mark.parametrize("name", commands())
def test_every_command_has_help_worth_reading(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output
    assert len(result.output.split()) > 25


def test_the_readme_names_commands_that_exist() -> None:
    text = (ROOT / "README.md").read_text()
    named = set(re.findall(r"driftline ([a-z]+)", text))
    assert named
    assert named <= set(commands())
    targets = set(re.findall(r"^make ([a-z]+)", text, flags=re.MULTILINE))
    made = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert {"demo", "test"} <= targets <= made


def test_links_in_the_documents_lead_somewhere() -> None:
    for document in tracked("*.md"):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
