"""What waits starts, is held or is suppressed: by policies, silences and people's words; on a real store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerting.episode import Episode, EpisodeKind, episode_id
from alerting.interventions import InterventionKind, Interventions, breaker_subject
from alerting.outbox import Action, Outbox
from alerting.policies.admitting import Candidate
from alerting.required import RequiredAction
from alerting.rules.document import RuleFile
from alerting.silences import Silences
from driftline.contracts import Contract, parse_contract
from driftline.errors import Conflict, InvalidInput, NotFound
from driftline.settings import Settings
from driftline.store import Store
from service.admission import Admission
from service.application import Application
from service.metrics import Metrics

NOW = datetime.now(UTC).replace(microsecond=0)


def contract(model: str, team: str = "ocr", **lineage: str) -> Contract:
    known = lineage or {"dataset": "d", "method": "m"}
    fields = [{"name": "amount", "kind": "numeric"}]
    return parse_contract({"model": model, "team": team, "fields": fields, "lineage": known})


def candidate(model: str, kind: str = "retrain", *, minute: int = 0, **evidence: Any) -> Candidate:
    opened = NOW - timedelta(minutes=30 - minute)
    episode = Episode(
        episode_id=episode_id(model, opened),
        model=model,
        kind=EPISODE_KIND,
        opened_kind=EPISODE_KIND,
        state="open",
        opened_at=opened,
        updated_at=opened,
        resolved_at=None,
        first_window=opened,
        last_window=opened,
        version="1",
        fields=("amount",),
        summary="",
        evidence={"versions": [evidence]},
    )
    required = RequiredAction(episode, "notify" if kind == "notify" else "retrain", f"{kind}.requested", "t")
    action = Action(
        action_id=required.action_id,
        episode_id=episode.episode_id,
        model=model,
        kind=kind,
        event=required.event,
        target="t",
        state="pending",
        attempt=0,
        at=opened,
        next_attempt_at=opened,
        payload="{}",
        wanted_at=opened,
    )
    return Candidate(action, required, new=True)


EPISODE_KIND: EpisodeKind = "decay"


class Bench:
    """An admission with its store; candidates are looked at as the control loop would."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.outbox = Outbox(store)
        self.admission = Admission(store, self.outbox, Metrics(), Application(store, settings, "").gates)
        self.known: set[str] = set()

    def look(
        self,
        *candidates: Candidate,
        contracts: dict[str, Contract] | None = None,
        now: datetime = NOW,
        **policy: Any,
    ) -> list[tuple[str, str]]:
        """State and reason of each candidate after one look."""
        rules = RuleFile.model_validate({"policies": {"retrain": policy}})
        waiting = []
        for one in candidates:
            if one.action.action_id not in self.known:
                waiting.append(one)
            elif (stored := self.outbox.get(one.action.action_id)).state == "held":
                waiting.append(replace(one, action=stored, new=False))
            self.known.add(one.action.action_id)
        every = contracts or {one.action.model: contract(one.action.model) for one in candidates}
        self.admission.run(waiting, rules, every, now)
        found = [self.outbox.get(one.action.action_id) for one in candidates]
        return [(one.state, one.reason) for one in found]

    def say(self, kind: InterventionKind, subject: str) -> None:
        Interventions(self.store).say(kind, subject, model="m", author="ann", reason="")


@pytest.fixture
def bench(store: Store, settings: Settings) -> Bench:
    return Bench(store, settings)


def test_no_more_run_than_the_cap_and_teams_take_turns(bench: Bench) -> None:
    many = [candidate(f"ocr-{i}", minute=i) for i in range(6)]
    late = candidate("asr-1", minute=20)
    contracts = {one.action.model: contract(one.action.model) for one in many}
    contracts["asr-1"] = contract("asr-1", "asr")
    found = bench.look(*many, late, contracts=contracts, at_most=3)
    assert found == [("pending", ""), ("pending", "")] + [("held", "cap")] * 4 + [("pending", "")]
    # A place becomes free: the next of the team that has fewest gets it.
    bench.outbox.report(many[0].action.action_id, "succeeded", {})
    again = bench.look(*many, late, contracts=contracts, at_most=3, now=NOW + timedelta(minutes=1))
    assert again[2] == ("pending", "")
    assert [state for state, _ in again].count("pending") == 3


def test_a_model_cools_down_after_its_run(bench: Bench) -> None:
    first, second = candidate("m", minute=0), candidate("m", minute=9)
    assert bench.look(first) == [("pending", "")]
    bench.outbox.report(first.action.action_id, "succeeded", {})
    assert bench.look(second, cooldown="1h") == [("held", "cooldown")]
    later = datetime.now(UTC) + timedelta(hours=1)
    assert bench.look(second, cooldown="1h", now=later) == [("pending", "")]


def test_the_breaker_opens_after_failures_and_closes_when_it_is_reset(bench: Bench) -> None:
    def look(one: Candidate) -> list[tuple[str, str]]:
        return bench.look(one, cooldown="0", breaker=2, now=datetime.now(UTC))

    for minute in (0, 1):
        one = candidate("m", minute=minute)
        assert look(one) == [("pending", "")]
        bench.outbox.report(one.action.action_id, "failed", {})
    third = candidate("m", minute=2)
    assert look(third) == [("held", "breaker")]
    assert bench.outbox.get(third.action.action_id).reason_text.endswith("(2 failures in a row)")
    bench.say("reset_breaker", breaker_subject("m", "retrain"))
    assert look(third) == [("pending", "")]


def test_a_person_approves_or_denies(bench: Bench) -> None:
    good, bad = candidate("good"), candidate("bad")
    assert bench.look(good, bad, approval=True) == [("held", "approval")] * 2
    bench.say("approve", good.action.action_id)
    bench.say("deny", bad.action.action_id)
    assert bench.look(good, bad, approval=True) == [("pending", ""), ("suppressed", "denied")]
    slow = candidate("slow")
    assert bench.look(slow, approval=True, approval_expires="1h") == [("held", "approval")]
    late = datetime.now(UTC) + timedelta(minutes=61)
    assert bench.look(slow, approval=True, approval_expires="1h", now=late) == [
        ("suppressed", "approval_expired")
    ]


def test_broken_data_and_unknown_lineage_hold_a_retrain_until_they_are_mended(bench: Bench) -> None:
    broken = candidate("m", fields=[{"field": "amount", "change": "missing", "effect": 0.4}])
    assert bench.look(broken) == [("held", "broken_data")]
    mended = replace(broken, required=candidate("m").required)
    bare = {"m": contract("m", dataset="d")}
    assert bench.look(mended, contracts=bare) == [("held", "no_lineage")]
    assert bench.outbox.get(broken.action.action_id).reason_text.endswith("(missing: method)")
    assert bench.look(mended) == [("pending", "")]


def test_a_decay_that_costs_less_than_a_retrain_waits(bench: Bench) -> None:
    small = candidate("m", performance={"value": 0.93, "baseline_value": 0.95, "labelled": 900})
    worth = {"action_usd": 50, "usd_per_point_per_thousand": 1}
    assert bench.look(small, worth=worth) == [("held", "not_worth_it")]
    assert "0.00 USD in 7 days, the action 50.00 USD" in bench.outbox.get(small.action.action_id).reason_text


def test_shadow_mode_records_and_starts_nothing(bench: Bench) -> None:
    assert bench.look(candidate("a"), candidate("b"), mode="shadow") == [("suppressed", "shadow")] * 2


def test_a_silence_holds_messages_and_actions_until_it_ends(bench: Bench) -> None:
    silences = Silences(bench.store)
    silence = silences.add(
        models=["ocr-*"], author="ann", reason="migration", since=NOW, until=NOW + timedelta(hours=2)
    )
    told, done = candidate("ocr-1", "notify"), candidate("ocr-1")
    other = candidate("asr-1", "notify")
    assert bench.look(told, done, other) == [("held", "silenced"), ("held", "silenced"), ("pending", "")]
    silences.end(silence.silence_id, "bob")
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert bench.look(told, done, now=later) == [("pending", ""), ("pending", "")]
    with pytest.raises(Conflict, match="was over"):
        silences.end(silence.silence_id, "bob")
    with pytest.raises(NotFound):
        silences.end("si-unknown", "bob")


def test_nobody_hears_of_the_end_of_what_was_silenced(bench: Bench) -> None:
    Silences(bench.store).add(
        models=["*"], author="ann", reason="test", since=NOW, until=NOW + timedelta(hours=2)
    )
    told = candidate("m", "notify")
    assert bench.look(told) == [("held", "silenced")]
    over = replace(told.required.episode, state="resolved", resolved_at=NOW)
    gone = replace(told, required=replace(told.required, episode=over))
    assert bench.look(gone) == [("suppressed", "resolved")]


def test_a_run_that_tells_no_outcome_has_failed(bench: Bench) -> None:
    one = candidate("m")
    bench.look(one)
    bench.outbox.delivered(bench.outbox.get(one.action.action_id), "sent")
    rules = RuleFile.model_validate({"policies": {"retrain": {"outcome_within": "2h"}}})
    bench.admission.expire(rules, datetime.now(UTC) + timedelta(hours=1))
    assert bench.outbox.get(one.action.action_id).state == "sent"
    bench.admission.expire(rules, datetime.now(UTC) + timedelta(hours=2))
    failed = bench.outbox.get(one.action.action_id)
    assert (failed.state, failed.outcome) == ("failed", {"detail": {"reason": "no outcome within 2:00:00"}})


@pytest.mark.parametrize("change", [{"author": " "}, {"reason": ""}, {"models": []}, {"until": NOW}])
def test_a_silence_needs_a_name_a_reason_and_an_end(store: Store, change: dict[str, Any]) -> None:
    values: dict[str, Any] = {
        "models": ["*"], "author": "ann", "reason": "x", "since": NOW, "until": NOW + timedelta(hours=1)
    }  # fmt: skip
    with pytest.raises(InvalidInput):
        Silences(store).add(**(values | change))


def test_a_word_needs_a_name(store: Store) -> None:
    with pytest.raises(InvalidInput, match="author"):
        Interventions(store).say("approve", "ac-1", model="m", author="", reason="")
