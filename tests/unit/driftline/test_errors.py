"""The error tree: what API, command line and logs rely on."""

from __future__ import annotations

import re

import pytest

import driftline.errors
from driftline.errors import DriftlineError, RetryableDelivery, StoreQueryFailed


def every_class(root: type[DriftlineError] = DriftlineError) -> list[type[DriftlineError]]:
    # Only the kernel's own: a test or a plug-in may add to the tree.
    found = [root] if root.__module__ == "driftline.errors" else []
    return found + [one for child in root.__subclasses__() for one in every_class(child)]


CLASSES = every_class()


def test_codes_are_distinct_and_stable_words() -> None:
    codes = [error.code for error in CLASSES]
    assert len(set(codes)) == len(codes) > 20
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.__name__)
def test_every_class_fixes_how_it_is_answered(error: type[DriftlineError]) -> None:
    assert 400 <= error.http_status < 600
    assert error.exit_code == 2  # 1 is kept for "drift found"
    if error.retryable:
        assert error.http_status >= 500


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.__name__)
def test_the_tree_in_the_docstring_is_the_tree(error: type[DriftlineError]) -> None:
    lines = (driftline.errors.__doc__ or "").splitlines()
    line = next((line for line in lines if re.search(rf"\b{error.__name__}\b", line)), None)
    assert line is not None, f"{error.__name__} is not in the tree"
    if error is DriftlineError:
        return
    assert error.code in line.split()
    status = re.search(r"\b([45]\d\d)\b", line)
    assert status is None or int(status[1]) == error.http_status
    assert ("retryable" in line.split()) == error.retryable
    parent = error.__mro__[1].__name__
    above = [re.findall(r"[A-Z]\w+", text)[0] for text in lines[: lines.index(line)] if "──" in text]
    assert parent == "DriftlineError" or parent in above


def test_a_message_is_kept_as_it_is() -> None:
    assert DriftlineError("what failed").message == str(DriftlineError("what failed")) == "what failed"
    assert StoreQueryFailed("no", 60).clickhouse_code == 60
    slow = RetryableDelivery("later", "rate_limited", 3.0)
    assert (slow.reason, slow.retry_after_seconds, slow.retryable) == ("rate_limited", 3.0, True)
