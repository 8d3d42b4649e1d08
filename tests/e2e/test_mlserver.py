"""The in-process client inside a real server: MLServer 1.7, in an environment that has no Driftline."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from pathlib import Path

import pytest

from collector.codecs.codec import Body
from collector.codecs.v2_rest import V2Rest
from collector.taps.client_socket import ClientTap
from tests.e2e.mlserver import mlserver
from tests.e2e.servers import ROOT
from tests.integration.collector.tap_loop import TapLoop
from tests.integration.collector.waiting import eventually
from tests.recording_sink import RecordingSink

pytestmark = [pytest.mark.xdist_group("e2e-servers"), pytest.mark.timeout(600)]

REQUESTS = 200
MODEL = """
import numpy as np
from driftline.client import Client
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse

client = Client({socket!r}, model="echo", version="3", instance="mlserver-1")


class Echo(MLModel):
    async def load(self):
        return True

    async def predict(self, payload):
        x = NumpyCodec.decode_input(payload.inputs[0])
        with client.measure({{"x": x}}, event_id=payload.id, batch=True) as call:
            if np.isnan(x).any() or (x < 0).any():
                raise ValueError("negative")
            scores = x * 2
            call.outputs = {{"scores": scores, "label": ["odd" if row[0] % 2 else "even" for row in x]}}
        return InferenceResponse(
            model_name=self.name, model_version=self.version, id=payload.id,
            outputs=[NumpyCodec.encode_output("scores", scores)],
        )
"""


def test_every_inference_of_mlserver_is_recorded_from_inside_it(tmp_path: Path) -> None:
    sink = RecordingSink()
    socket = tmp_path / "client.sock"
    with TapLoop() as loop:
        loop.start(ClientTap(str(socket), sink))
        with mlserver(tmp_path, MODEL.format(socket=str(socket)), python_path=ROOT) as server:
            client = HTTPConnection("127.0.0.1", server.http_port, timeout=20)
            statuses = [_ask(client, number) for number in range(REQUESTS)]
            refused = _ask(client, -1)
            client.close()
            exchanges = eventually(lambda: list(sink.exchanges), lambda found: len(found) >= REQUESTS + 1)
    assert statuses == [200] * REQUESTS
    assert refused >= 400
    assert sink.losses == []
    *good, bad = exchanges
    assert [exchange.identity.event_id for exchange in good] == [f"id-{number}" for number in range(REQUESTS)]
    assert {(exchange.identity.model, exchange.identity.instance) for exchange in exchanges} == {
        ("echo", "mlserver-1")
    }
    assert bad.response is not None
    assert bad.response.failed
    last = good[-1]
    assert last.request is not None
    assert last.response is not None
    inference = V2Rest().decode(
        Body(last.request.body(), last.request.headers), Body(last.response.body(), last.response.headers)
    )
    assert (inference.rows, inference.version) == (2, "3")
    assert inference.inputs["x"].values.tolist() == [[199.0, 0.5], [200.0, 0.5]]
    assert inference.outputs["scores"].values.tolist() == [[398.0, 1.0], [400.0, 1.0]]
    assert inference.outputs["label"].values.tolist() == ["odd", "even"]


def _ask(client: HTTPConnection, number: int) -> int:
    data = [number, 0.5, number + 1, 0.5]
    tensor = {"name": "x", "shape": [2, 2], "datatype": "FP32", "data": data}
    body = json.dumps({"id": f"id-{number}", "inputs": [tensor]})
    client.request("POST", "/v2/models/echo/infer", body, {"Content-Type": "application/json"})
    answer = client.getresponse()
    answer.read()
    return answer.status
