"""The hook against a real Buildbot 4.3, behind a proxy that loses requests and replies."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, get_args

import pytest

from driftline.errors import AmbiguousDelivery, PermanentDelivery, RetryableDelivery
from integrations.hookspecs import PipelineHook, PipelineRequest, Run
from integrations.table import hook_config
from tests.e2e.buildbot import PASSWORD, buildbot
from tests.e2e.losing_proxy import Loss, losing_proxy
from tests.integration.collector.waiting import eventually

pytestmark = [pytest.mark.xdist_group("e2e-servers"), pytest.mark.timeout(600)]

ACTIONS = 20
TRIGGER_PATH = "/api/v2/forceschedulers/"


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILDBOT_PASSWORD", PASSWORD)


def connected(url: str, **settings: Any) -> PipelineHook:
    written = {
        "kind": "buildbot",
        "url": url,
        "scheduler": "force-retrain",
        "user": "driftline",
        "password": {"env": "BUILDBOT_PASSWORD"},
        **settings,
    }
    return hook_config("buildbot").model_validate(written).connect()


def request_for(action_id: str, model: str = "ocr") -> PipelineRequest:
    body = {"type": "retrain.requested", "data": {"action_id": action_id, "model": model, "version": "3"}}
    return PipelineRequest(action_id, json.dumps(body))


def build_sets(port: int) -> list[dict[str, Any]]:
    client = HTTPConnection("127.0.0.1", port, timeout=10)
    client.request("GET", "/api/v2/buildsets")
    found: list[dict[str, Any]] = json.loads(client.getresponse().read())["buildsets"]
    client.close()
    return found


def until_taken(hook: PipelineHook, request: PipelineRequest) -> tuple[Run, int]:
    """The action's run as the outbox gets it, asking before it sends again; and how often it was in doubt."""
    doubts = 0
    in_doubt = False
    while True:
        try:
            run = hook.find(request) if in_doubt else None
            if run is not None:
                return run, doubts
            in_doubt = False
            return hook.trigger(request), doubts
        except AmbiguousDelivery:
            in_doubt = True
            doubts += 1
        except RetryableDelivery:
            # Nothing was sent, or the target could not be asked: the doubt is what it was.
            time.sleep(0.1)


def ended(hook: PipelineHook, run_id: str) -> Run:
    def look() -> Run:
        try:
            return hook.follow(run_id)
        except RetryableDelivery:
            return Run(run_id, "", "unknown")

    return eventually(look, lambda run: run.ended)


def test_exactly_one_build_for_each_action_whatever_is_lost(tmp_path: Path) -> None:
    chance = random.Random(6)
    with buildbot(tmp_path) as port, losing_proxy(port, TRIGGER_PATH) as proxy:
        hook = connected(proxy.url)
        doubts = 0
        runs = []
        for number in range(ACTIONS):
            proxy.losses = chance.choices(get_args(Loss), k=3)
            run, doubted = until_taken(hook, request_for(f"ac-{number}"))
            runs.append(run)
            doubts += doubted
        followed = [ended(hook, run.run_id) for run in runs]
        hook.close()
        started = Counter(one["reason"].rpartition(" ")[2] for one in build_sets(port))
    assert doubts >= ACTIONS / 2
    assert started == {f"ac-{number}": 1 for number in range(ACTIONS)}
    assert {run.state for run in followed} == {"succeeded"}
    assert len({run.run_id for run in runs}) == ACTIONS


def test_a_build_is_followed_to_its_failure_and_cancelled_while_it_runs(tmp_path: Path) -> None:
    with buildbot(tmp_path, build_seconds=1.5) as port:
        hook = connected(f"http://127.0.0.1:{port}")
        assert hook.find(request_for("ac-1")) is None
        broken = hook.trigger(request_for("ac-1", "broken"))
        failed = ended(hook, broken.run_id)
        second = hook.trigger(request_for("ac-2"))
        eventually(lambda: hook.follow(second.run_id), lambda found: found.state == "running")
        hook.cancel(second.run_id)
        cancelled = ended(hook, second.run_id)
        again = hook.cancel(second.run_id)
        with pytest.raises(PermanentDelivery, match="404"):
            hook.follow("999")
        hook.close()
        stranger = connected(f"http://127.0.0.1:{port}", user=None, password=None)
        with pytest.raises(PermanentDelivery) as refused:
            stranger.trigger(request_for("ac-3"))
        stranger.close()
        assert len(build_sets(port)) == 2
    assert (failed.state, cancelled.state, again.state) == ("failed", "cancelled", "cancelled")
    assert failed.url == f"http://127.0.0.1:{port}/#/buildrequests/1"
    assert refused.value.reason == "unauthorized"
