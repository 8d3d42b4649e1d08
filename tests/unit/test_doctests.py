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


SHARED = {
    "counts",
    "estimate",
    "quadratic",
    "divergence",
    "half_count",
    "simulated",
    "registry",
    "samples",
    "samples.sample",
    "samples.distribution_functions",
    "samples.integrated_square",
    "samples.bandwidth",
    "samples.registry",
}
"""What statistics are made of; all other files of the folder are statistics."""

STATISTICS = [
    name
    for name in (one.removeprefix("detectors.statistics.") for one in modules_of("detectors.statistics"))
    if name not in SHARED and name != "detectors.statistics"
]


@pytest.mark.parametrize("name", STATISTICS)
def test_every_statistic_has_an_example(name: str) -> None:
    module = importlib.import_module(f"detectors.statistics.{name}")
    assert doctest.testmod(module).attempted > 0
