"""The traffic: ``python -m demo.traffic …`` scans documents and asks the model to read them."""

from __future__ import annotations

import argparse
import json
import signal
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

import httpx2
import numpy as np

from demo.annotators import Annotators
from demo.api import DriftlineApi
from demo.digits import MODEL, Documents, Pools, load_pools
from demo.labelled_pool import LabelledPool
from demo.protocol import infer_body
from demo.scanner import HEALTHY, WORN
from driftline.logs import configure_logs, get_logger

REPORT_SECONDS = 1.0
LARGEST_REQUEST_ROWS = 7
LONGEST_LAG_SECONDS = 1.0
_log = get_logger(__name__)


@dataclass(slots=True)
class TrafficReport:
    """What the driver has done so far, as its report file holds it."""

    requests: int = 0
    rows: int = 0
    failed_requests: int = 0
    labels: int = 0
    scanner: str = "healthy"
    version: str = ""

    def write(self, path: Path) -> None:
        """Replace the report file, whole."""
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(self)), encoding="utf-8")
        draft.replace(path)


class Traffic:
    """Requests at a steady rate of rows over one kept-open connection.

    Parameters
    ----------
    client
        HTTP client of the model server (or of the collector before it).
    annotators
        Who sees each capture.
    pools
        Documents to read: the morning's, and the afternoon's from the moment that another model version
        than the first answers.
    worn_flag
        File whose existence says that the scanner is worn.
    rows_per_second
        Mean rate of images.
    rng
        Chooses documents, request sizes and captures.
    """

    def __init__(
        self,
        client: httpx2.Client,
        annotators: Annotators,
        pools: Pools,
        worn_flag: Path,
        rows_per_second: float,
        rng: np.random.Generator,
    ) -> None:
        self._client = client
        self._annotators = annotators
        self._pools = pools
        self._worn_flag = worn_flag
        self._rate = rows_per_second
        self._rng = rng
        self._run = uuid4().hex[:8]
        self._first_version = ""
        self.report = TrafficReport()

    def run(self, stop: threading.Event, report_path: Path) -> None:
        """Send until ``stop`` is set, writing a report every second."""
        due = reported = time.monotonic()
        while not stop.wait(max(0.0, due - time.monotonic())):
            rows = int(self._rng.integers(1, LARGEST_REQUEST_ROWS + 1))
            self.send(rows)
            now = time.monotonic()
            due = max(due + rows / self._rate, now - LONGEST_LAG_SECONDS)
            if now - reported >= REPORT_SECONDS:
                self.report.labels = self._annotators.delivered
                self.report.write(report_path)
                reported = now

    def send(self, rows: int) -> None:
        """Scan ``rows`` documents and send them as one request; a failed one is counted and logged."""
        worn = self._worn_flag.exists()
        self.report.scanner = "worn" if worn else "healthy"
        box = self._box()
        documents = box.take(self._rng.integers(0, len(box), rows))
        images = (WORN if worn else HEALTHY).capture(documents.images, self._rng)
        self.report.requests += 1
        request_id = f"scan-{self._run}-{self.report.requests:06d}"
        try:
            answer = self._client.post(f"/v2/models/{MODEL}/infer", content=infer_body(request_id, images))
            answer.raise_for_status()
            version = str(answer.json()["model_version"])
        except (httpx2.HTTPError, ValueError, KeyError) as error:
            self.report.failed_requests += 1
            _log.warning("request failed", request=request_id, error=f"{type(error).__name__}: {error}")
            return
        self._first_version = self._first_version or version
        self.report.version = version
        self.report.rows += rows
        event_ids = [request_id] if rows == 1 else [f"{request_id}/{row}" for row in range(rows)]
        self._annotators.see(event_ids, images, documents.labels, documents.ids)

    def _box(self) -> Documents:
        renewed = self.report.version != self._first_version
        return self._pools.afternoon if renewed else self._pools.morning


def main() -> None:
    """Send until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m demo.traffic", description=__doc__)
    parser.add_argument("--model-url", required=True, help="where requests go: the collector")
    parser.add_argument("--driftline-url", required=True, help="where labels go: driftline serve")
    parser.add_argument("--pool", type=Path, required=True, help="folder for labelled captures")
    parser.add_argument(
        "--worn-flag", type=Path, required=True, help="file that, once there, wears the scanner"
    )
    parser.add_argument("--report", type=Path, required=True, help="file that tells what was sent")
    parser.add_argument("--rows-per-second", type=float, default=100.0, help="images a second")
    parser.add_argument("--label-share", type=float, default=0.6, help="share of images that get a label")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same documents")
    options = parser.parse_args()
    configure_logs()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    scan_rng, label_rng = np.random.default_rng(options.seed).spawn(2)
    with (
        DriftlineApi(options.driftline_url) as api,
        httpx2.Client(base_url=options.model_url, timeout=10.0, trust_env=False) as client,
    ):
        annotators = Annotators(api, LabelledPool(options.pool), options.label_share, (2.0, 4.0), label_rng)
        traffic = Traffic(
            client, annotators, load_pools(), options.worn_flag, options.rows_per_second, scan_rng
        )
        annotators.start()
        traffic.run(stop, options.report)
        annotators.stop()


if __name__ == "__main__":
    main()
