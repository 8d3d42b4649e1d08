"""Routes of the gate: may this candidate be deployed?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response, StreamingResponse

from dashboards.web.gate_pages import gate_report_html
from detectors.gate.evaluation_rows import DEFAULT_ROWS, MOST_ROWS
from driftline.errors import InvalidInput
from driftline.readmodel.gates import GateAnswer, GateReport, gate_reports
from service.api.write import token_check
from service.api.write_interventions import WordIn, WordOut
from service.application import Application

MOST_ANSWERS = 100_000


class AnswersIn(BaseModel):
    """What a candidate answered to evaluation rows."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "answers": [
                    {"event_id": "batch-1/7", "prediction": "7", "scores": {"7": 0.94}},
                    {"event_id": "batch-1/8", "prediction": "3"},
                ]
            }
        },
    )

    answers: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_ANSWERS)


class AnswersOut(BaseModel):
    """What became of a delivery; what cannot be an answer is refused, the others are stored."""

    stored: int
    refused: int
    faults: list[str]


class FlaggerIn(BaseModel):
    """What Flagger posts to a webhook; its metadata have to name the model and the candidate."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "example": {
                "name": "ocr-1",
                "namespace": "serving",
                "phase": "Progressing",
                "checksum": "85d557f47b",
                "metadata": {"model": "ocr-1", "version": "8"},
            }
        },
    )

    name: str = ""
    namespace: str = ""
    phase: str = ""
    metadata: dict[str, str] = Field(default_factory=dict)


def gate_router(application: Application) -> APIRouter:
    """Routes on one application; those that change something ask for the token when one is set."""
    router = APIRouter(tags=["gate"])
    guarded = [Depends(token_check(application))]
    gates = application.gates

    @router.get("/gates/{model}", summary="Reports about a model's candidates")
    def get_reports(model: str, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> list[GateReport]:
        """All reports, the newest first."""
        application.contracts.required(model)
        return gate_reports(application.store, model, most=limit)

    @router.get(
        "/gates/{model}/rows",
        summary="Evaluation rows",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/x-ndjson": {}}, "description": "One JSON object a line."}},
    )
    def get_rows(
        model: str,
        champion: Annotated[str, Query(description="Version in service; the busiest when empty.")] = "",
        candidate: Annotated[str, Query(description="Not to be taken for the version in service.")] = "",
        since: datetime | None = None,
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = DEFAULT_ROWS,
    ) -> Response:
        """Stored events with a truth, for a candidate to answer; neither truth nor answer is told."""
        rows = gates.rows(model, champion, candidate, _utc(since), limit)

        def lines() -> Iterator[bytes]:
            for row in rows:
                yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    @router.get("/gates/{model}/{version}", summary="May a candidate be deployed?")
    def get_gate(
        model: str,
        version: str,
        champion: Annotated[str, Query(description="Version in service; the busiest when empty.")] = "",
        fresh: Annotated[bool, Query(description="Look even if that was done a moment ago.")] = False,
    ) -> GateAnswer:
        """Judged on what is stored now, at most once a minute; `allowed` is what a pipeline asks for."""
        return gates.answer(model, version, champion, fresh=fresh)

    @router.get("/gates/{model}/{version}/report", summary="The report as a page of its own")
    def get_report(model: str, version: str, champion: str = "") -> Response:
        """One HTML file without anything to load: for a build's artefacts."""
        answer = gates.answer(model, version, champion)
        return Response(gate_report_html(answer), media_type="text/html; charset=utf-8")

    @router.post("/gates/{model}/{version}/answers", summary="Hand in answers", dependencies=guarded)
    def post_answers(model: str, version: str, delivery: AnswersIn) -> AnswersOut:
        """Store what a candidate said to evaluation rows; of an event answered again the newest counts."""
        receipt = gates.record(model, version, delivery.answers)
        return AnswersOut(stored=receipt.stored, refused=receipt.refused, faults=list(receipt.faults))

    @router.post("/gates/{model}/{version}/override", summary="Let a candidate through", dependencies=guarded)
    def post_override(model: str, version: str, word: WordIn) -> WordOut:
        """Whatever the gate says; needs a name and a reason, which are kept."""
        said = gates.override(model, version, author=word.author, reason=word.reason)
        return WordOut(**_fields(said))

    @router.post(
        "/gates/{model}/{version}/override/withdraw", summary="Take an override back", dependencies=guarded
    )
    def post_withdraw(model: str, version: str, word: WordIn) -> WordOut:
        """What the gate says counts again."""
        said = gates.withdraw(model, version, author=word.author, reason=word.reason)
        return WordOut(**_fields(said))

    @router.post("/gates/flagger", summary="Flagger's webhook")
    def post_flagger(asked: FlaggerIn) -> Response:
        """200 lets a canary go on, 412 halts it."""
        model, version = asked.metadata.get("model", ""), asked.metadata.get("version", "")
        if not model or not version:
            raise InvalidInput("metadata of the Flagger webhook have to name `model` and `version`")
        answer = gates.answer(model, version)
        body = {
            "allowed": answer.allowed,
            "verdict": answer.verdict,
            "words": list(answer.report.words),
            "report_url": answer.report_url,
        }
        return JSONResponse(body, status_code=200 if answer.allowed else 412)

    return router


def _fields(said: Any) -> dict[str, Any]:
    return {name: getattr(said, name) for name in ("kind", "subject", "author", "reason", "at")}


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
