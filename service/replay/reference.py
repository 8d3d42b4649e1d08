"""What a back-test compares with: another file, or a part of the file itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from driftline.errors import InvalidInput
from service.moments import parse_length, parse_moment

FIRST = "first:"


@dataclass(frozen=True, slots=True)
class OtherFile:
    """Rows of another file."""

    path: Path


@dataclass(frozen=True, slots=True)
class FirstPart:
    """The beginning of the file, counted from its earliest row."""

    length: timedelta


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of the file in a half-open range of time."""

    since: datetime
    until: datetime


Reference = OtherFile | FirstPart | Part


def parse_reference(text: str) -> Reference:
    """Read what a command line says: ``first:14d``, ``A..B`` (two times) or the path of a file.

    Raises
    ------
    InvalidInput
        A range that ends before it begins, or a length that is none.

    Examples
    --------
    >>> parse_reference("first:14d")
    FirstPart(length=datetime.timedelta(days=14))
    >>> parse_reference("2026-11-01..2026-11-15").until.isoformat()
    '2026-11-15T00:00:00+00:00'
    >>> parse_reference("../training.parquet")
    OtherFile(path=PosixPath('../training.parquet'))
    """
    if text.startswith(FIRST):
        return FirstPart(parse_length(text.removeprefix(FIRST), "--baseline first:"))
    before, dots, after = text.partition("..")
    if dots and before and after:
        try:
            since, until = parse_moment(before, "--baseline"), parse_moment(after, "--baseline")
        except InvalidInput:
            return OtherFile(Path(text))
        if since >= until:
            raise InvalidInput(f"--baseline {text!r} ends before it begins")
        return Part(since, until)
    return OtherFile(Path(text))
