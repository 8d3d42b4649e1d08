"""Redaction: the stated order, known hashes, bounds, and rules that are refused."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collector.redaction import LONGEST_REPLACED, redactor
from driftline.redaction import Redaction, Replacement, repeats_within_a_repeat

KEY = b"a key"


def rule(**values: Any) -> Redaction:
    return Redaction.model_validate(values)


def test_drop_leaves_nothing() -> None:
    assert redactor(rule(drop=True))("secret") is None


def test_a_hash_is_that_of_the_standard_library_and_counts_alike() -> None:
    redact = redactor(rule(hash=True), KEY)
    assert redact("Ann") == hmac.new(KEY, b"Ann", hashlib.sha256).hexdigest()[:16]
    assert redact("Ann") == redactor(rule(hash=True), KEY)("Ann")
    assert redact("Ann") != redact("Bob")
    assert redact("Ann") != redactor(rule(hash=True), b"another")("Ann")
    assert redact("\ud800")


def test_a_hash_needs_a_key() -> None:
    with pytest.raises(ValueError, match="key"):
        redactor(rule(hash=True))


def test_truncate_keeps_the_start() -> None:
    assert redactor(rule(truncate=3))("abcdef") == "abc"
    assert redactor(rule(truncate=3))("ab") == "ab"


def test_patterns_are_replaced_one_after_the_other() -> None:
    mail = {"pattern": r"[\w.+-]+@[\w-]+\.[\w.-]+", "with": "<mail>"}
    card = {"pattern": r"\b(?:\d[ -]?){12}(\d{4})\b", "with": r"card *\1"}
    redact = redactor(rule(replace=[mail, card, {"pattern": "<mail>", "with": "@"}]))
    assert redact("ann.b@c.example paid with 4111 1111 1111 1234.") == "@ paid with card *1234."


def test_the_order_is_replace_truncate_hash() -> None:
    steps: dict[str, Any] = {"replace": [{"pattern": "x"}], "truncate": 2, "hash": True}
    assert redactor(rule(**steps), KEY)("xxabc") == redactor(rule(hash=True), KEY)("ab")


def test_what_no_pattern_was_tried_on_does_not_pass() -> None:
    redact = redactor(rule(replace=[{"pattern": "secret", "with": "*"}]))
    assert redact("a" * LONGEST_REPLACED + "secret") == "a" * LONGEST_REPLACED


def test_replacements_that_grow_are_bounded() -> None:
    grow = [{"pattern": ".", "with": "x" * 200}] * 20
    found = redactor(rule(replace=grow))("abc" * 1000)
    assert found == "x" * LONGEST_REPLACED


def test_a_quadratic_pattern_ends() -> None:
    text = " " * (LONGEST_REPLACED - 1) + "x"
    assert redactor(rule(replace=[{"pattern": r"\s+$"}]))(text * 10) == text


@given(st.text(), st.integers(1, 5))
def test_any_text_can_be_redacted(text: str, size: int) -> None:
    steps: dict[str, Any] = {"replace": [{"pattern": r"\w", "with": "."}], "truncate": size}
    found = redactor(rule(**steps))(text)
    assert found is not None
    assert len(found) <= size
    assert len(redactor(rule(hash=True, **steps), KEY)(text) or "") == 16


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "says one of"),
        ({"drop": False, "hash": False}, "says one of"),
        ({"drop": True, "hash": True}, "declare it alone"),
        ({"drop": True, "truncate": 3}, "declare it alone"),
        ({"truncate": 0}, "greater than or equal to 1"),
        ({"replace": [{"pattern": ""}]}, "at least 1 character"),
        ({"replace": [{"pattern": "("}]}, "no regular expression"),
        ({"replace": [{"pattern": "a{99999999999}"}]}, "no regular expression"),
        ({"replace": [{"pattern": "(" * 400}]}, "no regular expression"),
        ({"replace": [{"pattern": "a", "with": r"\1"}]}, "no replacement"),
        ({"replace": [{"pattern": "(a+)+$"}]}, "exponential time"),
        ({"replace": [{"pattern": "a" * 501}]}, "at most 500"),
        ({"replace": [{"pattern": "a"}] * 21}, "at most 20"),
        ({"replace": [{"pattern": "a", "by": "b"}]}, "by"),
        ({"mask": True}, "mask"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Redaction.model_validate(values)


def test_a_rule_is_stored_as_it_was_declared() -> None:
    declared = {"replace": [{"pattern": "a", "with": "b"}], "truncate": 9}
    stored = rule(**declared).model_dump(mode="json", exclude_defaults=True)
    assert stored == declared
    assert Redaction.model_validate(stored) == rule(**declared)
    assert Replacement(pattern="a", with_="b").with_ == "b"


@pytest.mark.parametrize(
    ("pattern", "refused"),
    [
        ("(a+)+", True),
        ("(a*)*", True),
        ("((a+)b)*", True),
        ("(?:a{2,})+?", True),
        ("(?P<n>a+){3,}", True),
        ("(a+|b)*", True),
        ("(a+)(b)*", False),
        ("(a+)?b", False),
        ("(a{1,3}){1,3}", False),
        (r"\(a+\)*", False),
        ("[(+)*]+", False),
        ("[](+]*", False),
        ("a{,3}", False),
        (r"(?:\d[ -]*?){13,16}", False),
    ],
)
def test_repeats_within_repeats(pattern: str, refused: bool) -> None:
    assert repeats_within_a_repeat(pattern) is refused


@pytest.mark.filterwarnings("ignore:Possible:FutureWarning")
@given(st.text(alphabet="ab()[]{}*+?|\\^$.,12:=!<>P", max_size=30))
def test_any_pattern_is_accepted_or_refused(pattern: str) -> None:
    try:
        accepted = Replacement(pattern=pattern)
    except ValidationError:
        return
    assert not repeats_within_a_repeat(accepted.pattern)
