"""Models in trouble are known to the collector, so that it samples more of them."""

from __future__ import annotations

import pytest

from collector.sampling import Sampler, SamplingOptions
from collector.worker import open_episodes
from collector.worker.open_episodes import OpenEpisodes
from driftline.store import Store


def write(store: Store, model: str, state: str, revision: int) -> None:
    store.command(
        "INSERT INTO episodes (episode_id, model, kind, state, revision) "
        "VALUES ({id:String}, {model:String}, 'drift', {state:String}, {revision:UInt32})",
        {"id": f"ep-{model}", "model": model, "state": state, "revision": revision},
    )


def test_only_open_episodes_of_models_that_were_seen(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_episodes, "REFRESH_SECONDS", 0.0)
    write(store, "sick", "open", 1)
    write(store, "healed", "open", 1)
    write(store, "healed", "resolved", 2)
    write(store, "elsewhere", "open", 1)
    episodes = OpenEpisodes()
    episodes.work(store, [])
    assert episodes.models == frozenset()
    episodes.work(store, ["sick", "healed", "well"])
    assert episodes.models == {"sick"}
    sampler = Sampler(SamplingOptions(rate=0.02, episode_factor=10.0))
    sampler.in_episode = episodes.models
    assert sampler.rate("sick") == pytest.approx(0.2)
    assert sampler.rate("well") == pytest.approx(0.02)
    write(store, "sick", "resolved", 2)
    episodes.work(store, ["sick"])
    assert episodes.models == frozenset()
