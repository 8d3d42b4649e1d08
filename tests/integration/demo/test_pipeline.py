"""The deploy pipeline as a process: signed requests in, a judged and reported retrain out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import orjson
import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from demo.children import Child, Children
from demo.configuration import loopback
from demo.digits import load_pools
from demo.labelled_pool import LabelledCapture, LabelledPool
from demo.repository import ModelRepository
from demo.scanner import HEALTHY, WORN, Scanner
from demo.training import capture_repeatedly, train
from driftline.engine.config import free_port
from driftline.webhooks import verify
from tests.integration.demo.conftest import RecordingApi

OUTCOME = "/api/v1/actions/act-1/outcome"
BASELINES = "/api/v1/models/digits-ocr/baselines"
LOAD = "/v2/repository/models/digits-ocr/load"


@dataclass
class Bench:
    """A pipeline, what it works with, and the stand-in for Driftline and the model server."""

    children: Children
    process: Child
    api: RecordingApi
    repository: ModelRepository
    pool: LabelledPool
    secret: str
    url: str
    arguments: tuple[str, ...]

    def start_again(self) -> None:
        self.process = self.children.start("pipeline", "demo.pipeline", *self.arguments)
        self.children.await_ready(self.process, f"{self.url}/healthz", 30)

    def post(
        self, path: str, body: dict[str, Any], message_id: str = "act-1", **forged: str
    ) -> httpx2.Response:
        raw, now = orjson.dumps(body), datetime.now(UTC)
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(message_id, now, raw.decode()),
        } | {name.replace("_", "-"): value for name, value in forged.items()}
        return httpx2.post(f"{self.url}{path}", content=raw, headers=headers, trust_env=False)

    def request_retrain(self, version: str = "1", **forged: str) -> httpx2.Response:
        data = {
            "action_id": "act-1",
            "model": "digits-ocr",
            "version": version,
            "since": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(),
            "callback_url": f"{self.api.url}{OUTCOME}",
        }
        return self.post("/retrain", {"type": "retrain.requested", "data": data}, **forged)

    def fill_pool(self, scanner: Scanner, count: int = 620) -> None:
        rng = np.random.default_rng(4)
        pages = load_pools().morning
        drawn = pages.take(rng.integers(0, len(pages), count))
        images = scanner.capture(drawn.images, rng)
        now = datetime.now(UTC)
        self.pool.add(
            [
                LabelledCapture(images[row], int(drawn.labels[row]), int(drawn.ids[row]), now)
                for row in range(count)
            ]
        )

    def outcomes(self) -> list[dict[str, Any]]:
        return self.api.bodies(OUTCOME)


def eventually(happened: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def bench(tmp_path: Path, children: Children, driftline_api: RecordingApi, secret: str) -> Bench:
    repository = ModelRepository(tmp_path / "models")
    rng = np.random.default_rng(1)
    repository.publish(train(capture_repeatedly(load_pools().train, HEALTHY, 3, rng), seed=1), {})
    port = free_port()
    arguments = (
        *("--port", str(port), "--state", str(tmp_path / "pipeline")),
        *("--repository", str(repository.folder), "--pool", str(tmp_path / "pool")),
        *("--model-server-url", driftline_api.url, "--driftline-url", driftline_api.url),
    )
    process = children.start("pipeline", "demo.pipeline", *arguments)
    children.await_ready(process, f"{loopback(port)}/healthz", 30)
    pool = LabelledPool(tmp_path / "pool")
    return Bench(children, process, driftline_api, repository, pool, secret, loopback(port), arguments)


def test_a_forged_request_is_refused_and_starts_nothing(bench: Bench) -> None:
    for answer in (
        bench.request_retrain(webhook_signature="v1,AAAA"),
        bench.request_retrain(webhook_id="act-2"),
        bench.request_retrain(webhook_timestamp="1"),
        httpx2.post(f"{bench.url}/retrain", content=b"{}", trust_env=False),
        bench.post("/alerts", {"type": "episode.opened"}, webhook_signature="v1,AAAA"),
    ):
        assert answer.status_code == 401
        assert answer.json()["code"] == "unauthorized"
    assert bench.post("/retrain", {"type": "episode.opened"}).status_code == 422
    time.sleep(0.5)
    assert bench.api.requests == []
    assert httpx2.get(f"{bench.url}/alerts", trust_env=False).json() == []


def test_a_retrain_on_changed_images_is_gated_deployed_and_reported_once(bench: Bench) -> None:
    bench.fill_pool(WORN)
    first = bench.request_retrain()
    assert (first.status_code, first.json()) == (202, {"accepted": "act-1", "new": True})
    assert bench.request_retrain().json() == {"accepted": "act-1", "new": False}
    eventually(lambda: len(bench.outcomes()) == 2)
    time.sleep(0.5)
    running, ended = bench.outcomes()
    assert (running["status"], ended["status"]) == ("running", "succeeded")
    assert running["run_id"] == ended["run_id"]
    gate = ended["detail"]["gate"]
    assert gate["passed"]
    assert gate["challenger_accuracy"] > gate["champion_accuracy"] + 0.05
    assert ended["detail"]["deployed_version"] == "2"
    assert bench.repository.versions() == [1, 2]
    (baseline,) = bench.api.bodies(BASELINES)
    assert baseline["version"] == "2"
    assert isinstance(baseline["correct"], int)
    order = [path for _, path, _, _ in bench.api.requests]
    assert order == [OUTCOME, BASELINES, LOAD, OUTCOME]
    for _, path, headers, body in bench.api.requests:
        if path == OUTCOME:
            verify(SecretStr(bench.secret), headers, body)


def test_a_challenger_that_is_no_better_fails_the_gate_and_is_not_deployed(bench: Bench) -> None:
    bench.fill_pool(HEALTHY)
    bench.request_retrain()
    eventually(lambda: len(bench.outcomes()) == 2)
    ended = bench.outcomes()[-1]
    assert ended["status"] == "failed"
    assert not ended["detail"]["gate"]["passed"]
    assert ended["detail"]["reason"].startswith("gate: ")
    assert bench.repository.versions() == [1]
    assert bench.api.bodies(BASELINES) == []


def test_a_version_that_does_not_exist_is_a_failed_run(bench: Bench) -> None:
    bench.request_retrain(version="7")
    eventually(lambda: len(bench.outcomes()) == 2)
    assert bench.outcomes()[-1]["status"] == "failed"
    assert "no version 7" in bench.outcomes()[-1]["detail"]["reason"]


def test_a_report_is_repeated_under_the_same_id_until_it_is_taken(bench: Bench) -> None:
    bench.api.refuse = 2
    bench.request_retrain(version="7")
    eventually(lambda: len(bench.outcomes()) == 4)
    ids = [headers["webhook-id"] for _, path, headers, _ in bench.api.requests if path == OUTCOME]
    assert ids[0] == ids[1] == ids[2] != ids[3]


def test_a_killed_pipeline_finishes_its_run_when_it_starts_again(bench: Bench) -> None:
    bench.request_retrain()  # the pool is empty: the run waits for labels
    eventually(lambda: len(bench.outcomes()) == 1)
    bench.process.process.kill()
    bench.process.process.wait()
    bench.children.stop_one(bench.process)
    bench.fill_pool(WORN)
    bench.start_again()
    eventually(lambda: bool(bench.outcomes()) and bench.outcomes()[-1]["status"] == "succeeded")
    assert bench.request_retrain().json()["new"] is False


def test_an_alert_is_noted_once(bench: Bench) -> None:
    for _ in range(2):
        assert bench.post("/alerts", {"type": "episode.opened"}, "note-1").status_code == 204
    taken = httpx2.get(f"{bench.url}/alerts", trust_env=False).json()
    assert [alert["id"] for alert in taken] == ["note-1"]
