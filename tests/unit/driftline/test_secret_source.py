"""A secret is named by where it is read, and read anew each time."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from driftline.errors import InvalidSettings
from driftline.secret_source import SecretSource


def test_a_file_is_read_anew_since_it_may_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first\n")
    source = SecretSource(file=path)
    assert source.read().get_secret_value() == "first"
    path.write_text("second")
    assert source.read().get_secret_value() == "second"


def test_a_variable_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    source = SecretSource(env="DRIFTLINE_TEST_TOKEN")
    monkeypatch.setenv("DRIFTLINE_TEST_TOKEN", "first")
    assert source.read().get_secret_value() == "first"
    monkeypatch.setenv("DRIFTLINE_TEST_TOKEN", "second")
    assert source.read().get_secret_value() == "second"


def test_the_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTLINE_TEST_TOKEN", "hidden")
    source = SecretSource(env="DRIFTLINE_TEST_TOKEN")
    assert "hidden" not in f"{source!r} {source} {source.read()!r} {source.model_dump_json()}"


def test_a_secret_that_is_not_there_is_named_by_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DRIFTLINE_TEST_TOKEN", raising=False)
    with pytest.raises(InvalidSettings, match="environment variable DRIFTLINE_TEST_TOKEN is not set"):
        SecretSource(env="DRIFTLINE_TEST_TOKEN").read()
    monkeypatch.setenv("DRIFTLINE_TEST_TOKEN", "")
    with pytest.raises(InvalidSettings, match="is not set"):
        SecretSource(env="DRIFTLINE_TEST_TOKEN").read()
    empty = tmp_path / "empty"
    empty.write_text(" \n")
    with pytest.raises(InvalidSettings, match=r"file .*empty is not set"):
        SecretSource(file=empty).read()


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["missing", "not text"])
def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidSettings, match="cannot be read"):
        SecretSource(file=path).read()


@pytest.mark.parametrize(
    "written", [{}, {"env": "A", "file": "/b"}, {"value": "s3cret"}, {"env": "A", "value": "s3cret"}]
)
def test_exactly_one_source_and_never_the_secret_itself(written: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        SecretSource.model_validate(written)
