"""Migrations as files: numbered without gaps, each saying what it is for."""

from __future__ import annotations

from driftline.store.migrations import migrations
from driftline.store.sql import split_statements


def test_numbers_have_no_gap_and_begin_at_one() -> None:
    assert list(migrations()) == list(range(1, len(migrations()) + 1))


def test_each_opens_with_its_purpose_and_does_something() -> None:
    assert [number for number, script in migrations().items() if not script.startswith("-- ")] == []
    assert [number for number, script in migrations().items() if not split_statements(script)] == []
