"""The secrets of the stand-ins, and a hook of every kind connected to one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.hooks.hook_cases import CASES, SECRETS, Case, Setup, connected


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(params=CASES, ids=lambda case: case.name or case.kind)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def setup(case: Case, _secrets: None) -> Iterator[Setup]:
    with connected(case) as found:
        yield found
