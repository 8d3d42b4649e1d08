"""Options are checked where they are given, and reach the worker whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from collector.endpoint import Endpoint
from collector.options import CollectOptions, WorkerConfig
from driftline.errors import InvalidInput
from driftline.settings import Settings


@pytest.mark.parametrize("text", ["8000", "host:", ":1", "host:port", "host:70000", ""])
def test_bad_addresses(text: str) -> None:
    with pytest.raises(InvalidInput, match="HOST:PORT"):
        Endpoint.parse(text)


def test_addresses_with_colons() -> None:
    assert Endpoint.parse("[::1]:80") == Endpoint("::1", 80)
    assert str(Endpoint("::1", 80)) == "[::1]:80"


@pytest.mark.parametrize("rate", [0.0, -0.1, 1.1])
def test_bad_rates(rate: float) -> None:
    with pytest.raises(InvalidInput, match="sampling rate of sample_rate"):
        CollectOptions("h:1", "h:2", sample_rate=rate)
    with pytest.raises(InvalidInput, match="sampling rate of ocr"):
        CollectOptions("h:1", "h:2", model_rates={"ocr": rate})


def test_the_worker_gets_what_was_set(tmp_path: Path) -> None:
    settings = Settings(clickhouse_url=SecretStr("clickhouse://u:secret@h:9000/"), state_dir=tmp_path)
    config = WorkerConfig.build(
        settings, CollectOptions("h:1", "h:2", sample_rate=0.5, model_rates={"m": 0.1})
    )
    assert WorkerConfig.from_json(config.to_json()) == config
    assert config.clickhouse_url == "clickhouse://u:secret@h:9000/"
    assert config.instance
