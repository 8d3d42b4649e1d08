"""The examples in docstrings of the collector and of costs are right."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import collector
import costs

MODULES = [
    module.name
    for package in (collector, costs)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
