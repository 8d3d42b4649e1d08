"""Start the story's programs in an order in which each finds what it needs."""

from __future__ import annotations

import numpy as np

from demo.api import DriftlineApi
from demo.children import Child, Children
from demo.configuration import Places, Ports, loopback
from demo.digits import MODEL, load_pools
from demo.model_contract import baseline_body, contract_body
from demo.repository import ModelRepository
from demo.scanner import HEALTHY
from demo.training import CAPTURES_A_DOCUMENT, METHOD, capture_repeatedly, train

START_SECONDS = 60.0
_SEED = 1


def start_driftline(children: Children) -> Child:
    """Start ``driftline serve``; it brings its own ClickHouse."""
    return children.start("serve", "service.cli.main", "serve")


def start_pipeline(children: Children, ports: Ports, places: Places) -> Child:
    """Start the deploy pipeline."""
    return children.start(
        "pipeline",
        "demo.pipeline",
        *("--port", str(ports.pipeline), "--state", str(places.folder / "pipeline")),
        *("--repository", str(places.models), "--pool", str(places.labelled)),
        *("--model-server-url", loopback(ports.model_server)),
        *("--driftline-url", loopback(ports.page)),
    )


def train_first_version(places: Places) -> None:
    """Train version 1 and put it into the model repository."""
    rng = np.random.default_rng(_SEED)
    captures = capture_repeatedly(load_pools().train, HEALTHY, CAPTURES_A_DOCUMENT, rng)
    ModelRepository(places.models).publish(train(captures, _SEED), {"method": METHOD, "seed": _SEED})


def start_model_server(children: Children, ports: Ports, places: Places) -> Child:
    """Start the model server, and the node agent that watches what it uses."""
    server = children.start(
        "model-server",
        "demo.ocr_server",
        "--repository",
        str(places.models),
        "--port",
        str(ports.model_server),
    )
    children.start("node", "service.cli.main", "node", "--model", MODEL, "--pid", str(server.pid))
    return server


def start_collector(children: Children, ports: Ports) -> Child:
    """Start ``driftline collect`` in front of the model server."""
    return children.start(
        "collect",
        "service.cli.main",
        "collect",
        *("--listen", f"127.0.0.1:{ports.collector}", "--upstream", f"127.0.0.1:{ports.model_server}"),
    )


def introduce_model(api: DriftlineApi, places: Places) -> float:
    """Register the contract and the first version's baseline; return its accuracy on the holdout."""
    first = ModelRepository(places.models).load(1)
    rng = np.random.default_rng(_SEED)
    holdout = capture_repeatedly(load_pools().holdout, HEALTHY, CAPTURES_A_DOCUMENT, rng)
    api.put_contract(MODEL, contract_body())
    baseline = baseline_body("holdout", first.number, first.classifier, holdout)
    api.post_baseline(MODEL, baseline)
    return float(baseline["correct"] / baseline["labelled"])


def start_traffic(children: Children, ports: Ports, places: Places) -> Child:
    """Start the scans and their annotators."""
    return children.start(
        "traffic",
        "demo.traffic",
        *("--model-url", loopback(ports.collector), "--driftline-url", loopback(ports.page)),
        *("--pool", str(places.labelled), "--worn-flag", str(places.worn_flag)),
        *("--report", str(places.traffic_report)),
    )
