"""Routes by which people step in: approve, deny, acknowledge, silence, reset a breaker, redo."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from alerting.approvals import decide_by_person
from alerting.interventions import Intervention, Interventions, breaker_subject
from alerting.rules.document import PolicyKind
from alerting.rules.marks import Fault
from alerting.silences import Silence, Silences
from service.api.write import token_check
from service.application import Application

Kind = Annotated[PolicyKind, Path(description="Kind of action.")]


class WordIn(BaseModel):
    """Who says it, and why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"author": "ann", "reason": "seen, fixing upstream"}}
    )

    author: str = Field(min_length=1, max_length=200)
    reason: str = Field(default="", max_length=2000)


class SilenceIn(BaseModel):
    """Whom not to tell of what, until when; who says so, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "models": ["ocr-*"],
                "kinds": ["drift"],
                "author": "ann",
                "reason": "scanner migration",
                "until": "2026-12-01T06:00:00Z",
            }
        },
    )

    models: list[str] = Field(min_length=1, max_length=1000, description="Patterns, any of which matches.")
    teams: list[str] = Field(default=["*"], min_length=1, max_length=100)
    kinds: list[str] = Field(default=[], max_length=10, description="Kinds of episodes; all when empty.")
    author: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=2000)
    since: AwareDatetime | None = Field(default=None, description="Now when absent.")
    until: AwareDatetime


class WordOut(BaseModel):
    """What was kept."""

    kind: str
    subject: str
    author: str
    reason: str
    at: datetime


class SilenceOut(BaseModel):
    """A silence in its newest revision."""

    silence_id: str
    models: list[str]
    teams: list[str]
    kinds: list[str]
    author: str
    reason: str
    since: datetime
    until: datetime
    state: Literal["waiting", "active", "over"]


class FaultOut(BaseModel):
    """What is wrong in the file of rules, and where; line and column from 1."""

    line: int
    column: int
    path: str
    message: str


class RulesOut(BaseModel):
    """The rules in force, and the faults of a newer file that is not."""

    from_file: bool
    rules: list[str]
    targets: list[str]
    faults: list[FaultOut]


def interventions_router(application: Application) -> APIRouter:
    """Routes on one application; those that change something ask for the token when one is set."""
    router = APIRouter(tags=["changes"])
    guarded = [Depends(token_check(application))]
    words, silences = Interventions(application.store), Silences(application.store)

    def decide(kind: Literal["approve", "deny"], action_id: str, word: WordIn) -> WordOut:
        said = decide_by_person(application.store, kind, action_id, author=word.author, reason=word.reason)
        return _word_out(said)

    @router.post("/actions/{action_id}/approve", summary="Approve an action", dependencies=guarded)
    def post_approve(action_id: str, word: WordIn) -> WordOut:
        """Let an action start that waits for a person; other limits of its policy still hold."""
        return decide("approve", action_id, word)

    @router.post("/actions/{action_id}/deny", summary="Deny an action", dependencies=guarded)
    def post_deny(action_id: str, word: WordIn) -> WordOut:
        """An action that is denied never starts; a new episode may ask again."""
        return decide("deny", action_id, word)

    @router.post("/actions/{action_id}/redo", summary="Send a dead action again", dependencies=guarded)
    def post_redo(action_id: str) -> ActionStateOut:
        """Put an action that could not be delivered back into the outbox, under its old id."""
        action = application.outbox.redo(action_id)
        return ActionStateOut(action_id=action.action_id, state=action.state)

    @router.post("/episodes/{episode_id}/acknowledge", summary="Acknowledge an episode", dependencies=guarded)
    def post_acknowledge(episode_id: str, word: WordIn) -> WordOut:
        """Say that somebody looks after it."""
        episode = application.episodes.get(episode_id)
        return _word_out(
            words.say("acknowledge", episode_id, model=episode.model, author=word.author, reason=word.reason)
        )

    @router.post("/models/{model}/breakers/{kind}/reset", summary="Reset a breaker", dependencies=guarded)
    def post_reset(model: str, kind: Kind, word: WordIn) -> WordOut:
        """Failures before now no longer keep a model's actions of a kind from starting."""
        application.contracts.required(model)
        subject = breaker_subject(model, kind)
        return _word_out(
            words.say("reset_breaker", subject, model=model, author=word.author, reason=word.reason)
        )

    @router.get("/silences", summary="Silences that are not over")
    def get_silences() -> list[SilenceOut]:
        """Those that hold, and those that wait for their time; oldest first."""
        now = datetime.now(UTC)
        return [_silence_out(one, now) for one in silences.live(now)]

    @router.post("/silences", summary="Silence episodes", status_code=201, dependencies=guarded)
    def post_silence(silence: SilenceIn) -> SilenceOut:
        """For a while nobody is told of some episodes and nothing is started for them; all is recorded."""
        now = datetime.now(UTC)
        made = silences.add(
            models=silence.models,
            teams=silence.teams,
            kinds=silence.kinds,
            author=silence.author,
            reason=silence.reason,
            since=silence.since or now,
            until=silence.until,
        )
        return _silence_out(made, now)

    @router.post("/silences/{silence_id}/end", summary="End a silence", dependencies=guarded)
    def post_end(silence_id: str, word: WordIn) -> SilenceOut:
        """What it held up is told and started from now on, if it still holds."""
        return _silence_out(silences.end(silence_id, word.author), datetime.now(UTC))

    @router.get("/rules", summary="The rules in force")
    def get_rules() -> RulesOut:
        """Names of rules and targets; faults when the file was changed to something that cannot be read."""
        rules = application.rules.current()
        fault = application.rules.fault
        return RulesOut(
            from_file=application.rules.from_file,
            rules=[rule.name for rule in rules.file.rules],
            targets=sorted(rules.targets),
            faults=[_fault_out(one) for one in (fault.faults if fault else ())],
        )

    return router


class ActionStateOut(BaseModel):
    """Where an action is now."""

    action_id: str
    state: str


def _word_out(word: Intervention) -> WordOut:
    return WordOut(kind=word.kind, subject=word.subject, author=word.author, reason=word.reason, at=word.at)


def _silence_out(silence: Silence, now: datetime) -> SilenceOut:
    return SilenceOut(
        silence_id=silence.silence_id,
        models=list(silence.models),
        teams=list(silence.teams),
        kinds=list(silence.kinds),
        author=silence.author,
        reason=silence.reason,
        since=silence.since,
        until=silence.until,
        state="waiting" if now < silence.since else "active" if now < silence.until else "over",
    )


def _fault_out(fault: Fault) -> FaultOut:
    return FaultOut(line=fault.line, column=fault.column, path=fault.path, message=fault.message)
