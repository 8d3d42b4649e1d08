"""From a file of rules to a run of a target: one run whatever happens on the way, followed to its end."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import pytest

from alerting.outbox import Action, Outbox
from alerting.rules.book import RuleBook
from driftline.errors import StoreUnavailable
from driftline.ids import ActionId, EpisodeId
from driftline.settings import Settings
from driftline.store import Store
from driftline.store.lease import Lease
from service.dispatch import Dispatcher
from service.metrics import Metrics
from service.targets import RuleTargets, target_kind


class AirflowStandIn(ThreadingHTTPServer):
    """Answers as Airflow 3 does (token, dagRuns by id, 409 for a known id), and loses replies on demand.

    Attributes
    ----------
    faults
        What befalls the next calls that create a run: ``before`` fails without acting, ``after`` acts and
        then breaks the connection, an empty text is no fault.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Airflow)
        self.runs: dict[str, dict[str, object]] = {}
        self.started: list[str] = []
        self.faults: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Airflow(BaseHTTPRequestHandler):
    server: AirflowStandIn

    def do_GET(self) -> None:
        run = self.server.runs.get(self.path.rsplit("/", 1)[-1])
        self._answer(200 if run else 404, run or {"detail": "not found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/auth/token":
            self._answer(201, {"access_token": "token"})
            return
        run_id = body["dag_run_id"]
        fault = self.server.faults.pop(0) if self.server.faults else ""
        if fault == "before":
            self._answer(503, {"detail": "starting"})
            return
        known = run_id in self.server.runs
        if not known:
            self.server.runs[run_id] = {"dag_run_id": run_id, "state": "queued", "dag_id": "retrain"}
            self.server.started.append(run_id)
        if fault == "after":
            self.close_connection = True
            return
        self._answer(409 if known else 200, self.server.runs[run_id])

    def _answer(self, status: int, body: object) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def airflow() -> Iterator[AirflowStandIn]:
    server = AirflowStandIn()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def targets(
    settings: Settings, airflow: AirflowStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RuleTargets]:
    monkeypatch.setenv("AIRFLOW_PASSWORD", "secret")
    path = tmp_path / "rules.yaml"
    path.write_text(
        f"targets:\n  ci: {{kind: airflow, url: '{airflow.url}', dag: retrain, user: driftline, "
        "password: {env: AIRFLOW_PASSWORD}, timeout_seconds: 2}\n"
        "rules:\n  - {name: decay, on: decay, actions: {retrain: ci}}\n"
    )
    made = RuleTargets(RuleBook(settings.model_copy(update={"rules_file": path}), target_kind))
    yield made
    made.close()


def action(name: str, model: str = "m") -> Action:
    now = datetime.now(UTC)
    return Action(
        action_id=ActionId(name),
        episode_id=EpisodeId("ep-1"),
        model=model,
        kind="retrain",
        event="retrain.requested",
        target="ci",
        state="pending",
        attempt=0,
        at=now,
        next_attempt_at=now,
        payload=json.dumps({"type": "retrain.requested", "data": {"model": model, "version": "1"}}),
    )


def later() -> datetime:
    return datetime.now(UTC) + timedelta(days=2)


def test_a_run_is_started_and_followed_to_its_end(
    store: Store, targets: RuleTargets, airflow: AirflowStandIn
) -> None:
    outbox = Outbox(store)
    dispatcher = Dispatcher(outbox, targets, Metrics())
    outbox.enqueue(action("ac-1"))
    assert dispatcher.send_due() == 1
    sent = outbox.get("ac-1")
    assert (sent.state, airflow.started) == ("sent", [sent.run_id])
    assert "ac-1" in sent.run_id
    airflow.runs[sent.run_id]["state"] = "running"
    dispatcher.follow(later())
    assert outbox.get("ac-1").state == "running"
    airflow.runs[sent.run_id]["state"] = "failed"
    assert dispatcher.follow(later()) == 0, "not so soon again"
    hour = timedelta(hours=1)
    assert dispatcher.follow(later() + hour) == 1
    ended = outbox.get("ac-1")
    assert ended.state == "failed"
    assert ended.outcome is not None
    assert ended.outcome["run_id"] == sent.run_id
    assert dispatcher.follow(later() + 2 * hour) == 0


def test_a_lost_reply_starts_no_second_run(
    store: Store, targets: RuleTargets, airflow: AirflowStandIn
) -> None:
    outbox = Outbox(store)
    dispatcher = Dispatcher(outbox, targets, Metrics())
    airflow.faults = ["after"]
    outbox.enqueue(action("ac-1"))
    assert dispatcher.send_due() == 0
    doubtful = outbox.get("ac-1")
    assert (doubtful.state, doubtful.in_doubt) == ("retrying", True)
    assert dispatcher.send_due(later()) == 1
    assert outbox.get("ac-1").state == "sent"
    assert len(airflow.started) == 1


class Crash(BaseException):
    """The process ends here."""


class CrashingOutbox(Outbox):
    """An outbox whose process may end before or after anything is written."""

    def __init__(self, store: Store, chance: Random) -> None:
        super().__init__(store)
        self._chance = chance

    def _append(self, *actions: Action) -> Action:
        draw = self._chance.random()
        if draw < 0.1:
            raise Crash
        if draw < 0.15:
            raise StoreUnavailable("away")
        written = super()._append(*actions)
        if draw < 0.25:
            raise Crash
        return written


def test_exactly_one_run_an_action_through_crashes_and_faults(
    store: Store, targets: RuleTargets, airflow: AirflowStandIn
) -> None:
    """Two control loops by turns, which crash around their writes, before a target that loses replies."""
    chance = Random(11)
    names = [f"ac-{i:03}" for i in range(60)]
    airflow.faults = [chance.choice(["", "", "before", "after"]) for _ in range(400)]
    Outbox(store).enqueue(*(action(name, f"m-{name}") for name in names))
    for turn in range(2000):
        lease = Lease(store, "control", seconds=60, holder=f"loop-{turn % 2}")
        dispatcher = Dispatcher(CrashingOutbox(store, chance), targets, Metrics(), may_send=lease.keep)
        try:
            dispatcher.send_due(later())
        except (Crash, StoreUnavailable):
            # The other takes over once the term is over, which nobody waits for here.
            lease.release()
        if not Outbox(store).in_states("pending", "sending", "retrying"):
            break
    states = {Outbox(store).get(name).state for name in names}
    assert states == {"sent"}
    assert len(airflow.started) == len(names)
    assert len(set(airflow.started)) == len(names)
