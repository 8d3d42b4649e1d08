"""Failures have one shape, a request id, and say nothing that callers must not see."""

from __future__ import annotations

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from pydantic import SecretStr

from driftline.engine.config import free_port
from driftline.errors import StoreQueryFailed
from driftline.settings import Settings
from driftline.store import Store
from service.api.app import create_app
from service.api.services import ApiServices
from tests.seeding.serving import serving
from tests.seeding.story import MODEL

API = "/api/v1"


def shape(answer: httpx2.Response) -> tuple[int, str, str]:
    body = answer.json()
    assert set(body) == {"code", "message", "request_id"}
    assert body["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, body["code"], body["message"]


@pytest.mark.parametrize(
    ("path", "status", "code", "words"),
    [
        ("/models/nobody/health", 404, "not_found", "model 'nobody' is unknown: register a contract"),
        ("/models/nobody/costs", 404, "not_found", "model 'nobody'"),
        ("/episodes/ep-none", 404, "not_found", "episode 'ep-none' is unknown"),
        ("/actions/ac-none", 404, "not_found", "action 'ac-none' is unknown"),
        ("/nothing", 404, "not_found", "/api/v1/openapi.json lists the routes"),
        (f"/models/{MODEL}/windows?limit=0", 422, "bad_input", "query.limit"),
        (f"/models/{MODEL}/windows?limit=99999", 422, "bad_input", "(got '99999')"),
        (f"/models/{MODEL}/windows?since=yesterday", 422, "bad_input", "(got 'yesterday')"),
        (f"/models/{MODEL}/windows?since=2026-01-02&until=2026-01-01", 422, "bad_input", "must be before"),
        (f"/models/{MODEL}/costs?since=2026-01-02&until=2026-01-01", 422, "bad_input", "must be before"),
        ("/episodes?state=closed", 422, "bad_input", "query.state"),
        ("/models?sort=colour", 422, "bad_input", "query.sort"),
    ],
)
def test_wrong_requests(client: httpx2.Client, path: str, status: int, code: str, words: str) -> None:
    found = shape(client.get(API + path))
    assert found[:2] == (status, code)
    assert words in found[2]


def test_a_wrong_method_says_which(client: httpx2.Client) -> None:
    answer = client.post(f"{API}/models")
    assert shape(answer)[:2] == (405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


def test_the_callers_request_id_comes_back_when_it_is_harmless(client: httpx2.Client) -> None:
    assert client.get("/healthz", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    made = client.get("/healthz", headers={"x-request-id": "a b\tc"}).headers["x-request-id"]
    assert len(made) == 32


def test_the_unforeseen_gives_a_fixed_message(store: Store, settings: Settings) -> None:
    router = APIRouter()

    @router.get("/broken")
    def broken() -> None:
        raise RuntimeError("secret detail")

    @router.get("/refused")
    def refused() -> None:
        raise StoreQueryFailed("SELECT secret detail")

    app = create_app(ApiServices(store, settings), extra_routers=[router])
    with serving(app) as url, httpx2.Client(base_url=url, trust_env=False) as client:
        for path, code in (("/broken", "internal_error"), ("/refused", "store_query")):
            answer = client.get(API + path, headers={"x-request-id": "req-9"})
            assert shape(answer)[:2] == (500, code)
            assert "secret" not in answer.text
            assert "req-9" in answer.text


def test_without_a_store_it_is_alive_but_not_ready(settings: Settings) -> None:
    nowhere = Store(f"clickhouse://default@127.0.0.1:{free_port()}/", "none")
    app = create_app(
        ApiServices(nowhere, settings.model_copy(update={"clickhouse_url": SecretStr("clickhouse://x")}))
    )
    with serving(app) as url, httpx2.Client(base_url=url, timeout=30, trust_env=False) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        answer = client.get("/readyz")
        assert shape(answer)[:2] == (503, "store_unavailable")
        assert answer.headers["retry-after"] == "5"
        metrics = client.get("/metrics")
        assert metrics.status_code == 200
        assert "driftline_store_up 0.0" in metrics.text
        page = client.get("/", headers={"accept": "text/html"})
        assert page.status_code == 503
        assert "cannot be reached" in page.text


def test_ready_and_metrics_with_a_store(app: FastAPI, client: httpx2.Client) -> None:
    assert client.get("/readyz").json() == {"status": "ready"}
    client.get(f"{API}/models/{MODEL}")
    text = client.get("/metrics").text
    assert "driftline_store_up 1.0" in text
    assert f'driftline_model_status{{model="{MODEL}",status="healthy",team="ocr"}} 1.0' in text
    assert 'driftline_models{status="no_traffic"} 2.0' in text
    assert (
        'driftline_http_requests_total{method="GET",route="/api/v1/models/{model}",status="200"} 1.0' in text
    )
