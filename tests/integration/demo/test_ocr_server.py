"""The model server as a process of its own, asked over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import numpy as np
import pytest

from demo.children import Children
from demo.classifier import Classifier
from demo.configuration import loopback
from demo.digits import load_pools
from demo.protocol import infer_body
from demo.repository import ModelRepository
from demo.scanner import HEALTHY
from demo.training import capture_repeatedly, train
from driftline.engine.config import free_port

INFER = "/v2/models/digits-ocr/infer"


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return train(capture_repeatedly(load_pools().train, HEALTHY, 2, np.random.default_rng(0)), seed=0)


@pytest.fixture
def repository(tmp_path: Path, classifier: Classifier) -> ModelRepository:
    repository = ModelRepository(tmp_path / "models")
    repository.publish(classifier, {})
    return repository


@pytest.fixture
def client(children: Children, repository: ModelRepository) -> Iterator[httpx2.Client]:
    port = free_port()
    server = children.start(
        "ocr", "demo.ocr_server", "--repository", str(repository.folder), "--port", str(port)
    )
    children.await_ready(server, f"{loopback(port)}/v2/health/ready", 30)
    with httpx2.Client(base_url=loopback(port), timeout=10, trust_env=False) as client:
        yield client


def test_it_speaks_v2_and_reads_real_digits(client: httpx2.Client, classifier: Classifier) -> None:
    assert "model_repository" in client.get("/v2").json()["extensions"]
    assert client.get("/v2/health/live").status_code == 200
    assert client.get("/v2/models/digits-ocr/ready").status_code == 200
    metadata = client.get("/v2/models/digits-ocr").json()
    assert metadata["versions"] == ["1"]
    assert metadata["inputs"] == [{"name": "image", "datatype": "FP32", "shape": [-1, 8, 8]}]
    pages = load_pools().holdout.take(np.arange(32))
    answer = client.post(INFER, content=infer_body("scan-1", pages.images)).json()
    assert (answer["id"], answer["model_version"]) == ("scan-1", "1")
    scores = np.array(answer["outputs"][0]["data"]).reshape(answer["outputs"][0]["shape"])
    assert np.allclose(scores, classifier.scores(pages.images), atol=1e-3)
    assert (scores.argmax(axis=1) == pages.labels).mean() > 0.8


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        (INFER, b"scan", 400, "not JSON"),
        (INFER, infer_body("a", np.full((1, 8, 8), 16.0)), 400, "0 to 1"),
        (INFER, b" " * (2 << 20), 400, "larger than 1048576 bytes"),
        ("/v2/models/faces/infer", infer_body("a", np.zeros((1, 8, 8))), 404, "'faces' is not served"),
        ("/v2/repository/models/faces/load", b"", 404, "'faces' is not served"),
    ],
)
def test_a_wrong_request_gets_one_clear_error(
    client: httpx2.Client, path: str, body: bytes, status: int, said: str
) -> None:
    answer = client.post(path, content=body)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert said in answer.json()["error"]
    assert client.post(INFER, content=infer_body("b", np.zeros((1, 8, 8)))).status_code == 200


def test_a_new_version_is_loaded_without_a_failed_request(
    client: httpx2.Client, repository: ModelRepository, classifier: Classifier
) -> None:
    versions: list[str] = []
    statuses: set[int] = set()
    stop = threading.Event()

    def ask() -> None:
        with httpx2.Client(base_url=str(client.base_url), timeout=10, trust_env=False) as own:
            while not stop.is_set():
                answer = own.post(INFER, content=infer_body("x", np.zeros((4, 8, 8))))
                statuses.add(answer.status_code)
                versions.append(answer.json()["model_version"])

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in (2, 3, 4):
            answered = len(versions)
            while len(versions) < answered + 20:
                time.sleep(0.01)
            assert repository.publish(classifier, {}) == number
            loaded = client.post("/v2/repository/models/digits-ocr/load").json()
            assert loaded == {"model_name": "digits-ocr", "model_version": str(number)}
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert statuses == {200}
    assert client.post(INFER, content=infer_body("y", np.zeros((1, 8, 8)))).json()["model_version"] == "4"
    assert {"1", "2", "3"} <= set(versions)


def test_a_damaged_new_version_leaves_the_old_one_serving(
    client: httpx2.Client, repository: ModelRepository, classifier: Classifier
) -> None:
    repository.publish(classifier, {})
    (repository.folder / "2" / "model.npz").write_bytes(b"torn")
    refused = client.post("/v2/repository/models/digits-ocr/load")
    assert refused.status_code == 400
    assert "not a digits classifier" in refused.json()["error"]
    answer = client.post(INFER, content=infer_body("x", np.zeros((1, 8, 8))))
    assert answer.json()["model_version"] == "1"
