"""The outbox against a real receiver: one id over retries and crashes, outcomes that come early."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from alerting.outbox import Action, Outbox, held, released
from driftline.errors import Conflict, NotFound
from driftline.ids import ActionId, EpisodeId
from driftline.outbound import displayed_target
from driftline.settings import Settings
from driftline.store import Store
from driftline.webhooks import WebhookSender
from service.dispatch import Dispatcher
from service.metrics import Metrics
from service.targets import SettingsTargets
from tests.receiver import Receiver, webhook_receiver

KEY = SecretStr("whsec_" + "c2VjcmV0LWZvci10ZXN0cy1vbmx5LTMy")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with webhook_receiver() as running:
        yield running


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return Outbox(store)


@pytest.fixture
def dispatcher(outbox: Outbox, settings: Settings, receiver: Receiver) -> Dispatcher:
    tuned = settings.model_copy(update={"notify_urls": (receiver.url,), "pipeline_url": receiver.url})
    return Dispatcher(outbox, SettingsTargets(tuned, WebhookSender(KEY, timeout_seconds=2)), Metrics())


def action(receiver: Receiver, kind: str = "retrain", name: str = "ac-1") -> Action:
    now = datetime.now(UTC)
    return Action(
        action_id=ActionId(name),
        episode_id=EpisodeId("ep-1"),
        model="digits",
        kind=kind,
        event="retrain.requested" if kind == "retrain" else "episode.opened",
        target=displayed_target(receiver.url),
        state="pending",
        attempt=0,
        at=now,
        next_attempt_at=now,
        payload='{"a":1}',
    )


def test_a_retry_keeps_its_id_and_body(outbox: Outbox, dispatcher: Dispatcher, receiver: Receiver) -> None:
    receiver.answers = [503, 200]
    outbox.enqueue(action(receiver))
    assert dispatcher.send_due() == 0
    waiting = outbox.get("ac-1")
    assert (waiting.state, waiting.attempt, waiting.error_reason) == ("retrying", 1, "server_error")
    assert dispatcher.send_due() == 0, "not before its time"
    assert dispatcher.send_due(waiting.next_attempt_at) == 1
    assert outbox.get("ac-1").state == "sent"
    ids = {delivery.headers["webhook-id"] for delivery in receiver.deliveries}
    assert ids == {"ac-1"}
    assert {delivery.raw for delivery in receiver.deliveries} == {b'{"a":1}'}


def test_a_crash_between_sending_and_noting_sends_the_same_id_again(
    outbox: Outbox, dispatcher: Dispatcher, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.enqueue(action(receiver))

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Outbox, "delivered", crash)
        with pytest.raises(KeyboardInterrupt):
            dispatcher.send_due()
    assert outbox.get("ac-1").state == "sending"
    dispatcher.send_due()
    assert [delivery.headers["webhook-id"] for delivery in receiver.deliveries] == ["ac-1", "ac-1"]
    assert outbox.get("ac-1").state == "sent"


def test_retry_after_is_honoured(outbox: Outbox, dispatcher: Dispatcher, receiver: Receiver) -> None:
    receiver.answers, receiver.headers = [429], {"retry-after": "120"}
    outbox.enqueue(action(receiver))
    dispatcher.send_due()
    pause = outbox.get("ac-1").next_attempt_at - datetime.now(UTC)
    assert timedelta(seconds=100) < pause <= timedelta(seconds=120)


@pytest.mark.parametrize(("status", "reason"), [(400, "rejected"), (410, "gone"), (302, "redirected")])
def test_what_cannot_succeed_is_not_tried_again(
    outbox: Outbox, dispatcher: Dispatcher, receiver: Receiver, status: int, reason: str
) -> None:
    receiver.answers = [status]
    outbox.enqueue(action(receiver, "notify"))
    dispatcher.send_due()
    dead = outbox.get("ac-1")
    assert (dead.state, dead.error_reason) == ("dead", reason)
    assert str(status) in dead.error
    dispatcher.send_due(datetime.now(UTC) + timedelta(days=2))
    assert len(receiver.deliveries) == 1


def test_it_gives_up_after_the_last_retry(outbox: Outbox, dispatcher: Dispatcher, receiver: Receiver) -> None:
    receiver.answers = [500] * 20
    outbox.enqueue(action(receiver, "notify"))
    for _ in range(12):
        dispatcher.send_due(datetime.now(UTC) + timedelta(days=400))
    assert outbox.get("ac-1").state == "dead"
    assert len(receiver.deliveries) == 10, "the first attempt and nine retries"


def test_one_dead_target_does_not_hold_up_another(
    outbox: Outbox, dispatcher: Dispatcher, receiver: Receiver
) -> None:
    receiver.answers = [400, 200]
    outbox.enqueue(action(receiver, "notify", "ac-1"))
    outbox.enqueue(action(receiver, "notify", "ac-2"))
    assert dispatcher.send_due() == 1
    assert {outbox.get("ac-1").state, outbox.get("ac-2").state} == {"dead", "succeeded"}


def test_an_address_that_left_the_settings_is_not_called(
    outbox: Outbox, settings: Settings, receiver: Receiver
) -> None:
    outbox.enqueue(action(receiver, "notify"))
    Dispatcher(outbox, SettingsTargets(settings, WebhookSender(KEY, timeout_seconds=2)), Metrics()).send_due()
    assert outbox.get("ac-1").state == "dead"
    assert receiver.deliveries == []


def test_an_outcome_that_overtakes_the_answer_is_kept(
    outbox: Outbox, dispatcher: Dispatcher, receiver: Receiver
) -> None:
    waiting = action(receiver)
    outbox.enqueue(waiting)
    outbox.report("ac-1", "succeeded", {"run_id": "r"})
    outbox.delivered(waiting, "sent")
    assert outbox.get("ac-1").state == "succeeded"
    assert outbox.get("ac-1").outcome == {"run_id": "r"}


def test_reports_are_idempotent_and_ordered(outbox: Outbox, receiver: Receiver) -> None:
    outbox.enqueue(action(receiver))
    outbox.report("ac-1", "running", {"run_id": "r"})
    outbox.report("ac-1", "failed", {"detail": {"gate": {"passed": False}}})
    outbox.report("ac-1", "failed", {"detail": {"gate": {"passed": False}}})
    outbox.report("ac-1", "running", {"run_id": "r"})
    last = outbox.get("ac-1")
    assert last.state == "failed"
    assert last.outcome == {"run_id": "r", "detail": {"gate": {"passed": False}}}
    with pytest.raises(Conflict, match="already failed: it cannot become succeeded"):
        outbox.report("ac-1", "succeeded", {})


def test_only_known_retrains_have_an_outcome(outbox: Outbox, receiver: Receiver) -> None:
    with pytest.raises(NotFound, match="'ac-9' is unknown"):
        outbox.report("ac-9", "running", {})
    outbox.enqueue(action(receiver, "notify"))
    with pytest.raises(Conflict, match="it has no outcome"):
        outbox.report("ac-1", "running", {})


def test_what_is_dead_can_be_redone_under_its_old_id(
    outbox: Outbox, dispatcher: Dispatcher, receiver: Receiver
) -> None:
    receiver.answers = [400, 200]
    outbox.enqueue(action(receiver))
    dispatcher.send_due()
    assert outbox.get("ac-1").state == "dead"
    again = outbox.redo("ac-1")
    assert (again.state, again.attempt, again.error_reason) == ("retrying", 0, "rejected")
    with pytest.raises(Conflict, match="is retrying: only what is dead"):
        outbox.redo("ac-1")
    assert dispatcher.send_due() == 1
    assert outbox.get("ac-1").state == "sent"
    assert {one.headers["webhook-id"] for one in receiver.deliveries} == {"ac-1"}
    outbox.report("ac-1", "succeeded", {})
    assert outbox.get("ac-1").state == "succeeded"


def test_a_lane_is_told_in_order_and_others_do_not_wait(
    outbox: Outbox, dispatcher: Dispatcher, receiver: Receiver
) -> None:
    receiver.answers = [503, 200, 200, 200]
    first, second = action(receiver, "notify", "ac-1"), action(receiver, "notify", "ac-2")
    other = replace(action(receiver, "notify", "ac-3"), model="faces")
    outbox.enqueue(first, second, other)
    assert dispatcher.send_due() == 1
    assert [outbox.get(name).state for name in ("ac-1", "ac-2", "ac-3")] == [
        "retrying",
        "pending",
        "succeeded",
    ]
    assert dispatcher.send_due(outbox.get("ac-1").next_attempt_at) == 2
    assert [one.headers["webhook-id"] for one in receiver.deliveries] == ["ac-1", "ac-3", "ac-1", "ac-2"]


def test_who_may_no_longer_send_stops_at_once(outbox: Outbox, settings: Settings, receiver: Receiver) -> None:
    tuned = settings.model_copy(update={"notify_urls": (receiver.url,)})
    answers = iter([True, False])
    dispatcher = Dispatcher(
        outbox,
        SettingsTargets(tuned, WebhookSender(KEY, timeout_seconds=2)),
        Metrics(),
        may_send=lambda: next(answers),
    )
    for i in range(3):
        outbox.enqueue(replace(action(receiver, "notify", f"ac-{i}"), model=f"m-{i}"))
    assert dispatcher.send_due() == 1
    assert len(receiver.deliveries) == 1


def test_what_is_held_is_not_sent_and_its_reason_is_written_once(
    store: Store, outbox: Outbox, dispatcher: Dispatcher, receiver: Receiver
) -> None:
    waits = held(action(receiver), "cooldown", "until noon")
    outbox.enqueue(waits)
    assert held(waits, "cooldown", "until noon") is waits
    assert dispatcher.send_due() == 0
    outbox.enqueue(released(outbox.get("ac-1")))
    assert dispatcher.send_due() == 1
    assert (outbox.get("ac-1").state, outbox.get("ac-1").reason) == ("sent", "")
    assert store.scalar("SELECT count() FROM actions WHERE state = 'held'") == 1
