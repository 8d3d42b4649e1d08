"""Every example in a docstring is run: none may be wrong, and the packages do have some."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

PACKAGES = (
    "driftline",
    "detectors",
    "alerting",
    "integrations",
    "costs",
    "collector",
    "service",
    "dashboards",
)


def modules_of(package: str) -> list[str]:
    root = importlib.import_module(package)
    found = [
        module.name
        for module in pkgutil.walk_packages(root.__path__, prefix=f"{package}.")
        if not module.name.endswith("__main__")
    ]
    return [package, *found]


@pytest.mark.parametrize("package", PACKAGES)
def test_examples_of(package: str) -> None:
    failed = []
    for name in modules_of(package):
        result = doctest.testmod(importlib.import_module(name))
        if result.failed:
            failed.append(f"{name}: {result.failed} of {result.attempted}")
    assert not failed


@pytest.mark.parametrize("name", ["psi", "jensen_shannon", "kolmogorov_smirnov", "wasserstein", "chi_square"])
def test_every_statistic_has_an_example(name: str) -> None:
    module = importlib.import_module(f"detectors.statistics.{name}")
    assert doctest.testmod(module).attempted > 0
