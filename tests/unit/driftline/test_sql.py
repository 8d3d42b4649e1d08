"""Names and scripts on their way into SQL."""

from __future__ import annotations

import pytest

from driftline.store.migrations import migrations
from driftline.store.sql import load_sql, quote_identifier, quote_string, split_statements


@pytest.mark.parametrize("name", ["", "a\x00b"])
def test_what_is_no_identifier_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not an identifier"):
        quote_identifier(name)


def test_quotes_cannot_be_left_early() -> None:
    assert quote_identifier("a`; DROP TABLE b; --") == "`a\\`; DROP TABLE b; --`"
    assert quote_identifier("\\`") == "`\\\\\\``"
    assert quote_string("\\'") == "'\\\\\\''"


def test_statements_end_at_a_line_that_ends_with_a_semicolon() -> None:
    script = "-- head; with one\nCREATE a (\n  b String COMMENT 'x; y',\n  c Int8);\n\nALTER b;\nSELECT 1"
    assert split_statements(script) == [
        "CREATE a (\n  b String COMMENT 'x; y',\n  c Int8)",
        "ALTER b",
        "SELECT 1",
    ]
    assert split_statements("-- only a note\n\n") == []


def test_a_query_lies_beside_its_caller() -> None:
    import detectors.field_states

    assert load_sql(detectors.field_states.__file__, "field_states").startswith("-- ")
    with pytest.raises(FileNotFoundError):
        load_sql(__file__, "absent")


def test_migrations_are_numbered_without_gaps_and_harmless_to_repeat() -> None:
    found = migrations()
    assert list(found) == list(range(1, len(found) + 1))
    for script in found.values():
        for statement in split_statements(script):
            # Setting a table's setting to the same value again changes nothing.
            harmless = ("IF NOT EXISTS", "IF EXISTS", "MODIFY SETTING")
            assert any(words in statement for words in harmless), statement[:80]
