"""Traffic that changes, labels that follow, an episode with its actions: on a real ClickHouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

from detectors.reference_rows import baseline_from_rows
from driftline.contracts import Contract, ContractField, parse_contract
from driftline.events import Event, Label, insert_events, record_labels
from driftline.settings import Settings
from driftline.store import Store
from driftline.store.opening import open_store
from service.application import Application
from service.control_loop import ControlLoop
from tests.receiver import Receiver, webhook_receiver

KEY = "whsec_" + "c2VjcmV0LWZvci10ZXN0cy1vbmx5LTMy"
WINDOW_SECONDS = 60
ROWS = 200
CONTRACT = parse_contract(
    {
        "model": "digits",
        "fields": [
            {"name": "brightness", "kind": "numeric"},
            {"name": "scores", "role": "output", "kind": "prediction"},
        ],
        "prediction": "scores.class",
        "lineage": {"dataset": "digits-2026", "method": "logistic"},
    }
)


class Traffic:
    """Seeded traffic of one model, a window at a time."""

    def __init__(self, store: Store, contract: Contract, begin: datetime) -> None:
        self.store = store
        self.contract = contract
        self.begin = begin
        self.rng = np.random.default_rng(7)
        self.window = 0

    @property
    def now(self) -> datetime:
        """A moment at which every window sent so far is closed."""
        return self.begin + timedelta(seconds=WINDOW_SECONDS * self.window + 5)

    def send(self, windows: int, *, version: str = "1", shift: float = 0.0, accuracy: float = 0.95) -> None:
        for _ in range(windows):
            start = self.begin + timedelta(seconds=WINDOW_SECONDS * self.window)
            values = self.rng.normal(size=ROWS) + shift
            right = self.rng.random(ROWS) < accuracy
            events, labels = [], []
            for i in range(ROWS):
                truth = str(i % 10)
                said = truth if right[i] else str((i + 1) % 10)
                event_id = f"{self.window}-{i}"
                events.append(
                    Event(
                        "digits", version, "a", start + timedelta(seconds=i % WINDOW_SECONDS), event_id, "",
                        "ok", 1.0, 1.0, self.row(values[i]), [said],
                    )
                )  # fmt: skip
                if i % 2:
                    labels.append(Label(event_id, truth))
            insert_events(self.store, events, token=f"window-{self.window}")
            record_labels(self.store, "digits", labels)
            self.window += 1

    def row(self, value: float) -> list[float]:
        numbers = [float("nan")] * self.contract.width("numeric")
        column = self.contract.column("brightness")
        assert column is not None
        numbers[column.slot] = float(value)
        return numbers

    def reference(self, version: str = "", shift: float = 0.0) -> None:
        rng = np.random.default_rng(1)
        n = 5000
        baseline_from_rows(
            self.store,
            self.contract,
            [
                {
                    "brightness": (rng.normal(size=n) + shift).tolist(),
                    "scores.class": [str(i % 10) for i in range(n)],
                }
            ],
            name=f"holdout {version}",
            source="test",
            version=version,
            labelled=n,
            correct=0.95 * n,
        )


@pytest.fixture(params=["server", "embedded"])
def either_store(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Store]:
    """The store in both of its forms: a server by URL, and the engine of a state folder."""
    form = settings if request.param == "server" else settings.model_copy(update={"clickhouse_url": None})
    with open_store(form, own_engine=True) as opened:
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with webhook_receiver() as running:
        yield running


@pytest.fixture
def pipeline() -> Iterator[Receiver]:
    with webhook_receiver() as running:
        yield running


@pytest.fixture
def application(
    either_store: Store, settings: Settings, receiver: Receiver, pipeline: Receiver
) -> Application:
    tuned = settings.model_copy(
        update={
            "window_seconds": WINDOW_SECONDS,
            "allowed_lateness_seconds": 1.0,
            "min_samples": 50,
            "resolve_after_windows": 2,
            "notify_urls": (receiver.url,),
            "pipeline_url": pipeline.url,
            "webhook_secret": SecretStr(KEY),
        }
    )
    return Application(either_store, tuned, "http://driftline.test")


@pytest.fixture
def traffic(application: Application) -> Traffic:
    contract = application.contracts.register(CONTRACT)
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
    return Traffic(application.store, contract, hour)


def events_sent(receiver: Receiver) -> list[str]:
    return [delivery.body["type"] for delivery in receiver.deliveries]


def test_unchanged_traffic_opens_nothing(
    application: Application, traffic: Traffic, receiver: Receiver, pipeline: Receiver
) -> None:
    traffic.reference()
    traffic.send(30)
    ControlLoop(application).run_once(traffic.now)
    statuses = application.store.query("SELECT status, count() AS n FROM windows FINAL GROUP BY status")
    assert {row["status"] for row in statuses} <= {"ok", "watch"}
    assert sum(row["n"] for row in statuses) == 30
    assert application.episodes.latest("digits") is None
    assert receiver.deliveries == []
    assert pipeline.deliveries == []


def test_the_whole_loop(
    application: Application, traffic: Traffic, receiver: Receiver, pipeline: Receiver
) -> None:
    loop = ControlLoop(application)
    traffic.reference()
    traffic.send(30)
    loop.run_once(traffic.now)

    traffic.send(2, shift=3.0, accuracy=0.6)
    loop.run_once(traffic.now)
    episode = application.episodes.latest("digits")
    assert episode is not None
    assert episode.kind == "harmful_drift"
    assert "brightness" in episode.fields
    assert "accuracy" in episode.summary
    assert events_sent(receiver) == ["episode.opened"]
    assert events_sent(pipeline) == ["retrain.requested"]

    # More of the same tells and triggers nothing again, also after a restart of the loop.
    traffic.send(2, shift=3.0, accuracy=0.6)
    loop.run_once(traffic.now)
    ControlLoop(application).run_once(traffic.now)
    assert events_sent(receiver) == ["episode.opened"]
    assert len(pipeline.deliveries) == 1

    # The request is signed, carries the lineage, and names where to report.
    request = pipeline.deliveries[0]
    Webhook(KEY).verify(request.raw, request.headers)
    data = request.body["data"]
    assert request.headers["webhook-id"] == data["action_id"]
    assert data["lineage"]["dataset"] == "digits-2026"
    assert data["callback_url"] == f"http://driftline.test/api/v1/actions/{data['action_id']}/outcome"

    application.outbox.report(data["action_id"], "running", {"run_id": "r1", "detail": {}})
    done = {"run_id": "r1", "detail": {"gate": {"passed": True}, "deployed_version": "2"}}
    application.outbox.report(data["action_id"], "succeeded", done)
    assert application.outbox.get(data["action_id"]).state == "succeeded"

    # The new version with its own baseline: health has to be shown twice before the episode ends.
    traffic.reference(version="2", shift=3.0)
    traffic.send(1, version="2", shift=3.0)
    loop.run_once(traffic.now)
    still_open = application.episodes.latest("digits")
    assert still_open is not None
    assert still_open.state == "open"
    traffic.send(2, version="2", shift=3.0)
    loop.run_once(traffic.now)
    resolved = application.episodes.latest("digits")
    assert resolved is not None
    assert resolved.state == "resolved"
    assert resolved.episode_id == episode.episode_id
    assert events_sent(receiver) == ["episode.opened", "episode.resolved"]
    assert len(pipeline.deliveries) == 1


def test_drift_without_harm_notifies_and_does_not_retrain(
    application: Application, traffic: Traffic, receiver: Receiver, pipeline: Receiver
) -> None:
    loop = ControlLoop(application)
    traffic.reference()
    traffic.send(30)
    traffic.send(2, shift=2.0)
    loop.run_once(traffic.now)
    episode = application.episodes.latest("digits")
    assert episode is not None
    assert episode.kind == "drift"
    assert pipeline.deliveries == []
    # When it turns out to be harmful, the same episode worsens and asks for a retrain.
    traffic.send(3, shift=2.0, accuracy=0.5)
    loop.run_once(traffic.now)
    assert events_sent(receiver) == ["episode.opened", "episode.worsened"]
    assert len(pipeline.deliveries) == 1
    latest = application.episodes.latest("digits")
    assert latest is not None
    assert latest.episode_id == episode.episode_id


def test_drift_that_goes_by_itself_resolves(application: Application, traffic: Traffic) -> None:
    loop = ControlLoop(application)
    traffic.reference()
    traffic.send(30)
    traffic.send(3, shift=2.0)
    loop.run_once(traffic.now)
    opened = application.episodes.latest("digits")
    assert opened is not None
    traffic.send(8)
    loop.run_once(traffic.now)
    closed = application.episodes.latest("digits")
    assert closed is not None
    assert (closed.episode_id, closed.state) == (opened.episode_id, "resolved")
    traffic.send(5)
    loop.run_once(traffic.now)
    last = application.episodes.latest("digits")
    assert last is not None
    assert last.episode_id == opened.episode_id, "the same drift must not open a second episode"


def test_too_few_samples_is_said_and_never_healthy(application: Application, traffic: Traffic) -> None:
    traffic.reference()
    start = traffic.begin
    events = [
        Event("digits", "1", "a", start, f"few-{i}", "", "ok", 1.0, 1.0, traffic.row(9.0), ["1"])
        for i in range(10)
    ]
    insert_events(application.store, events, token="few")
    traffic.window = 1
    ControlLoop(application).run_once(traffic.now)
    rows = application.store.query("SELECT status, reason FROM windows FINAL")
    assert [row["status"] for row in rows] == ["insufficient_data"]
    assert rows[0]["reason"] == "10 effective samples, 50 needed for a decision"


def test_a_window_without_baseline_says_so(application: Application, traffic: Traffic) -> None:
    traffic.send(1)
    ControlLoop(application).run_once(traffic.now)
    rows = application.store.query("SELECT status, reason FROM windows FINAL")
    assert [row["status"] for row in rows] == ["no_baseline"]
    assert rows[0]["reason"].startswith("no baseline: collecting")


def test_a_field_the_baseline_lacks_says_so_and_the_others_go_on(
    application: Application, traffic: Traffic
) -> None:
    traffic.reference()
    grown = CONTRACT.model_copy(
        update={"fields": (*CONTRACT.fields, ContractField(name="added", kind="numeric"))}
    )
    application.contracts.register(grown)
    traffic.send(1)
    ControlLoop(application).run_once(traffic.now)
    rows = application.store.query("SELECT field, change, status, reason FROM findings FINAL")
    statuses = {(row["field"], row["change"]): row["status"] for row in rows}
    assert statuses["added", "distribution"] == "insufficient_data"
    assert statuses["added", "schema"] == "watch"
    assert statuses["brightness", "distribution"] == "ok"
    assert any("has no such field" in row["reason"] for row in rows)


def test_late_events_change_their_window(application: Application, traffic: Traffic) -> None:
    loop = ControlLoop(application)
    traffic.reference()
    traffic.send(3)
    loop.run_once(traffic.now)
    late = Event("digits", "1", "a", traffic.begin, "late", "", "ok", 1.0, 1.0, traffic.row(0.0), ["1"])
    insert_events(application.store, [late], token="late")
    loop.run_once(traffic.now + timedelta(seconds=30))
    rows = application.store.query("SELECT rows FROM windows FINAL ORDER BY window_start")
    assert [row["rows"] for row in rows] == [ROWS + 1, ROWS, ROWS]


def test_one_broken_model_does_not_stop_the_others(application: Application, traffic: Traffic) -> None:
    broken = CONTRACT.model_copy(update={"model": "aaa-broken"})
    application.contracts.register(broken)
    application.store.insert_rows(
        "baselines",
        [
            {
                "baseline_id": "bad", "model": "aaa-broken", "version": "", "name": "bad", "source": "",
                "created_at": datetime.now(UTC), "field": "brightness", "kind": "numeric", "edges": [0.0],
                "categories": [], "top": 0, "complete": 1, "counts": [1.0], "rows": 1, "weight_sum": 1.0,
                "effective_rows": 1.0, "mean": 0.0, "std": 1.0, "minimum": 0.0, "maximum": 1.0,
                "labelled": 0.0, "correct": 0.0,
            }
        ],
    )  # fmt: skip
    event = Event("aaa-broken", "1", "a", traffic.begin, "e", "", "ok", 1.0, 1.0, traffic.row(1.0), ["1"])
    insert_events(application.store, [event], token="broken")
    traffic.reference()
    traffic.send(1)
    ControlLoop(application).run_once(traffic.now)
    rows = application.store.query("SELECT model, status FROM windows FINAL ORDER BY model")
    assert {row["model"]: row["status"] for row in rows}["digits"] == "ok"
    assert {row["model"]: row["status"] for row in rows}["aaa-broken"] == "failed"
