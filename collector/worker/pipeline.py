"""From an exchange to events: identify, screen, decode, batch. Every loss is counted by its reason."""

from __future__ import annotations

import re
import time
from uuid import uuid4

from collector.codecs.codec import Body, Route
from collector.codecs.decoded import Inference, clean_text
from collector.codecs.routes import find_route, route_by_content
from collector.coverage import CoverageLedger, Source
from collector.exchange import NOBODY, Exchange, Identity, Request
from collector.inference import infer_contract
from collector.reasons import DropReason, Tap, Undecodable
from collector.sampling import Sampler
from collector.worker.batches import Batches
from collector.worker.contract_book import ContractBook
from collector.worker.pending import PendingSamples, Sample
from driftline.contracts import MODEL_NAME
from driftline.errors import InvalidContract
from driftline.events import EventStatus
from driftline.logs import get_logger
from driftline.payload_mapping import PayloadMapping

_log = get_logger(__name__)

INFER_AFTER_SAMPLES = 100
INFER_AFTER_SECONDS = 30.0
AHEAD_SECONDS = 3600.0
"""A request dated further ahead of this machine's clock is taken to have come now."""
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")


class Pipeline:
    """What every tap hands its exchanges to; runs in the worker's loop and never waits for the store.

    Parameters
    ----------
    instance
        Name of the model instance where a tap knows no better.
    sampler, ledger, book, batches
        The other stages.
    mappings
        How bodies are read that no codec knows.
    retention_days
        A request dated before that is taken to have come now: the table would delete it at once.
    """

    def __init__(
        self,
        instance: str,
        sampler: Sampler,
        ledger: CoverageLedger,
        book: ContractBook,
        batches: Batches,
        mappings: tuple[PayloadMapping, ...] = (),
        pending: PendingSamples | None = None,
        retention_days: int = 30,
    ) -> None:
        self._instance = instance
        self._sampler = sampler
        self._ledger = ledger
        self._book = book
        self._batches = batches
        self._mappings = mappings
        self._pending = pending or PendingSamples()
        self._retention_seconds = retention_days * 86400.0
        self._versions: dict[str, str] = {}
        self._misdated: set[str] = set()

    def wants(self, request: Request) -> bool:
        """Only inference requests for models with a sound name are looked at."""
        route = self._route(request)
        return route is not None and (not route.model or MODEL_NAME.fullmatch(route.model) is not None)

    def missed(self, like: Request | None, requests: int) -> None:
        """Requests that were forwarded but not copied; each counts as one row."""
        if like is not None:
            self._lost_like(like, requests, "tap_overflow")

    def unparsable(self, request: Request | None) -> None:
        """The bytes around a request are not HTTP."""
        if request is not None:
            self._lost_like(request, 1, "malformed_http")

    def unanswered(self, request: Request) -> None:
        """The connection ended before the answer: a request that is complete is kept without one."""
        if request.ended_at is None:
            self._lost_like(request, 1, "no_response")
        else:
            self.exchange(Exchange(request, None))

    def lost(self, identity: Identity, rows: int, reason: DropReason, tap: Tap) -> None:
        """A tap lost rows of a model that it knows by name; others are not ours to count."""
        if self._known(identity.model):
            self._ledger.dropped(self._source(identity, identity.model, "", tap), rows, reason)

    def exchange(self, exchange: Exchange) -> None:
        """Take a paired record; its events are batched, or wait for the model's contract."""
        request, response = exchange.request, exchange.response
        identity = exchange.identity
        route = self._route(request) if request is not None else None
        if route is None:
            if not identity.model:
                return
            route = route_by_content(identity.model, self._mappings)
        failed = response is not None and response.failed
        model = route.model or identity.model
        try:
            asked = Body(request.body(), request.headers) if request is not None else None
            # The body of an error is no answer of the model's protocol.
            answered = None if response is None or failed else Body(response.body(), response.headers)
            if not model:
                model = route.codec.glance(asked, answered).model
            if MODEL_NAME.fullmatch(model) is None or (failed and not self._known(model)):
                return  # what only ever fails is no model of this server
            self._versions.setdefault(model, "")
            if request is not None:
                request.model = model
            trace_id = identity.trace_id or _trace_id(request)
            draw = self._sampler.screen(model, trace_id, failed=failed)
            if draw is None:
                glance = route.codec.glance(asked, answered)
                source = self._source(identity, model, glance.version or route.version, exchange.tap)
                self._ledger.unsampled(source, max(1, glance.rows))
                return
            inference = route.codec.decode(asked, answered)
        except Undecodable as error:
            model = model or (request.model if request is not None else "")
            if self._known(model):
                self._ledger.dropped(
                    self._source(identity, model, route.version, exchange.tap), 1, error.reason
                )
            return
        self._accept(
            Sample(
                source=self._source(identity, model, inference.version or route.version, exchange.tap),
                event_id=identity.event_id or _event_id(inference, request),
                trace_id=trace_id,
                at_ms=int(self._believed(model, exchange.epoch_seconds) * 1000.0),
                latency_ms=exchange.latency_ms,
                status=_status(exchange, failed=failed or bool(inference.error)),
                draw=draw,
                inference=inference,
                size=(len(asked.data) if asked else 0) + (len(answered.data) if answered else 0),
            )
        )

    def tick(self, *, final: bool = False) -> None:
        """Batch what waited for a contract that is known now; infer one where there is none.

        ``final`` infers from however little was seen, because the collector ends.
        """
        now = time.monotonic()
        for model, waiting in self._pending.models():
            contract = self._book.get(model)
            if contract is not None:
                for sample in self._pending.take(model):
                    self._batches.add(sample, contract)
                continue
            ready = len(waiting.samples) >= INFER_AFTER_SAMPLES or now - waiting.since >= INFER_AFTER_SECONDS
            if (
                (ready or final)
                and self._book.read_since(model, waiting.since)
                and not self._book.proposed(model)
            ):
                self._infer(model, [sample.inference for sample in waiting.samples if sample.status == "ok"])
        self._batches.flush()

    def waits(self) -> bool:
        """Whether samples wait for a contract."""
        return next(self._pending.models(), None) is not None

    def _infer(self, model: str, inferences: list[Inference]) -> None:
        try:
            self._book.propose(infer_contract(model, inferences))
        except InvalidContract as error:
            _log.warning("no contract can be inferred", model=model, error=error.message)
            for sample in self._pending.take(model):
                self._ledger.dropped(sample.source, sample.inference.rows, "no_contract")

    def _accept(self, sample: Sample) -> None:
        contract = self._book.get(sample.source.model)
        if contract is not None:
            self._batches.add(sample, contract)
            return
        now = time.monotonic()
        self._book.ask(sample.source.model)
        if not self._pending.add(sample, now):
            self._ledger.dropped(sample.source, sample.inference.rows, "no_contract")

    def _believed(self, model: str, at: float) -> float:
        """The time of a request, or now when it cannot be: taps take times from others, and clocks jump."""
        now = time.time()
        if now - self._retention_seconds <= at <= now + AHEAD_SECONDS:
            return at
        if model not in self._misdated:
            self._misdated.add(model)
            _log.warning(
                "requests are dated by their arrival: their own time cannot be", model=model, time=at
            )
        return now

    def _route(self, request: Request) -> Route | None:
        return find_route(
            request.method, request.target, request.headers.get("content-type", ""), self._mappings
        )

    def _known(self, model: str) -> bool:
        return model in self._versions or self._book.get(model) is not None

    def _source(self, identity: Identity, model: str, version: str, tap: Tap) -> Source:
        """Version of the answer or the path, else of the tap, else the last one this model answered with."""
        version = version or identity.version
        if version:
            self._versions[model] = version
        else:
            version = self._versions.setdefault(model, "")
        return Source(model, version, identity.instance or self._instance, tap)

    def _lost_like(self, request: Request, rows: int, reason: DropReason) -> None:
        route = self._route(request)
        model = (route.model or request.model) if route is not None else ""
        if route is not None and self._known(model):
            self._ledger.dropped(self._source(NOBODY, model, route.version, "splice"), rows, reason)


def _status(exchange: Exchange, *, failed: bool) -> EventStatus:
    if exchange.response is None:
        return "no_response"
    if exchange.request is None:
        return "no_request"
    return "error" if failed else "ok"


def _event_id(inference: Inference, request: Request | None) -> str:
    if inference.request_id:
        return inference.request_id
    given = clean_text(request.headers.get("x-request-id", "").strip()) if request is not None else ""
    return given or str(uuid4())


def _trace_id(request: Request | None) -> str:
    traceparent = request.headers.get("traceparent") if request is not None else None
    match = _TRACEPARENT.fullmatch(traceparent.strip()) if traceparent else None
    return match[1] if match else ""
