"""Options are checked where they are given, and reach the worker whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from collector.endpoint import Endpoint
from collector.options import CollectOptions, WorkerConfig
from driftline.errors import InvalidInput
from driftline.payload_mapping import PayloadMapping
from driftline.settings import Settings

MAPPING = {"path": "/rank/{model}", "model": "{model}", "request": {"user": "$.user"}}


@pytest.mark.parametrize("text", ["8000", "host:", ":1", "host:port", "host:70000", ""])
def test_bad_addresses(text: str) -> None:
    with pytest.raises(InvalidInput, match="HOST:PORT"):
        Endpoint.parse(text)


def test_addresses_with_colons() -> None:
    assert Endpoint.parse("[::1]:80") == Endpoint("::1", 80)
    assert str(Endpoint("::1", 80)) == "[::1]:80"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "nothing to collect"),
        ({"listen": "h:1"}, "belong together"),
        ({"upstream": "h:1", "cloudevents": "h:2"}, "belong together"),
        ({"cloudevents": "h"}, "HOST:PORT"),
        ({"client": "/run/driftline.sock", "metrics": "9090"}, "HOST:PORT"),
    ],
)
def test_taps_that_make_no_sense(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        CollectOptions(**given)


def test_the_worker_gets_what_was_set(tmp_path: Path) -> None:
    settings = Settings(
        clickhouse_url=SecretStr("clickhouse://u:secret@h:9000/"),
        state_dir=tmp_path,
        sample_rate=0.5,
        sample_rates={"m": 0.1},
        spool_bytes=32 * 1024 * 1024,
        redaction_key=SecretStr("k"),
        mappings=(PayloadMapping.model_validate(MAPPING),),
    )
    config = WorkerConfig.build(settings, CollectOptions("h:1", "h:2"))
    assert WorkerConfig.from_json(config.to_json()) == config
    assert config.clickhouse_url == "clickhouse://u:secret@h:9000/"
    assert config.instance
    assert (config.sampling.rate, config.sampling.model_rates) == (0.5, {"m": 0.1})
    assert config.spool.max_bytes == 32 * 1024 * 1024


def test_collectors_of_one_host_have_spools_of_their_own(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state", spool_dir=tmp_path / "volume")
    folders = {
        WorkerConfig.build(settings, options).spool.folder
        for options in (
            CollectOptions("h:1", "h:2"),
            CollectOptions("h:3", "h:2"),
            CollectOptions(client="/run/driftline.sock"),
            CollectOptions("h:1", "h:2", instance="../../etc"),
        )
    }
    assert len(folders) == 4
    assert all(Path(folder).is_relative_to(tmp_path / "volume") for folder in folders)
