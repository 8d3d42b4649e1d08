"""Derived ids: the same about the same thing, another about any other."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from driftline.ids import derived_id

PARTS = st.lists(st.text(), max_size=4)


@given(PARTS)
def test_an_id_is_stable_and_of_one_form(parts: list[str]) -> None:
    found = derived_id("ep", *parts)
    assert found == derived_id("ep", *parts)
    assert re.fullmatch(r"ep-[0-9a-f]{32}", found)


@given(PARTS, PARTS)
def test_different_parts_give_different_ids(first: list[str], second: list[str]) -> None:
    assert (derived_id("ep", *first) == derived_id("ep", *second)) == (first == second)


def test_the_kind_belongs_to_it_and_known_values_stay() -> None:
    assert derived_id("a", "x").removeprefix("a") != derived_id("b", "x").removeprefix("b")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert derived_id("ep", "m", moment) == derived_id("ep", "m", moment.isoformat())
    # Ids are in people's databases: changing how they are made is a migration.
    assert derived_id("ep", "digits", 1) == "ep-bbb140b603ea3b69bded93d57f72f664"
