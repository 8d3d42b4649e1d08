"""Fixed statements live in ``.sql`` files beside their callers; names enter SQL only through here."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def load_sql(caller: str, name: str) -> str:
    """Return the text of ``name``.sql in the folder of ``caller`` (pass ``__file__``)."""
    return Path(caller).with_name(f"{name}.sql").read_text(encoding="utf-8")


def quote_identifier(name: str) -> str:
    """Return ``name`` as a quoted ClickHouse identifier.

    >>> quote_identifier("events digits")
    '`events digits`'
    """
    if not name or "\x00" in name:
        raise ValueError(f"not an identifier: {name!r}")
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def quote_string(value: str) -> str:
    """Return ``value`` as a ClickHouse string literal, for DDL, which takes no parameters.

    >>> quote_string("it's")
    "'it\\\\'s'"
    """
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def split_statements(script: str) -> list[str]:
    """Split a migration into statements at lines that end with a semicolon.

    >>> split_statements("SELECT 1;\\n-- note\\nSELECT\\n 2;\\n")
    ['SELECT 1', 'SELECT\\n 2']
    """
    statements: list[str] = []
    lines: list[str] = []
    for line in script.splitlines():
        if line.lstrip().startswith("--"):
            continue
        if line.rstrip().endswith(";"):
            lines.append(line.rstrip()[:-1])
            statements.append("\n".join(lines).strip())
            lines = []
        else:
            lines.append(line)
    rest = "\n".join(lines).strip()
    return [statement for statement in [*statements, rest] if statement]
