"""The examples in the docstrings of the views and the pages' formats are true."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "dashboards.web.formats",
        "driftline.readmodel.bins",
        "driftline.readmodel.ranges",
        "driftline.readmodel.records",
    ],
)
def test_examples(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.attempted > 0
    assert outcome.failed == 0
