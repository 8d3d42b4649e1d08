"""From an exchange to events: sample, decode, map, ship. Every loss is counted by its reason."""

from __future__ import annotations

import re
import time
from collections import Counter
from datetime import UTC, datetime
from uuid import uuid4

from collector.codecs import v2_json
from collector.codecs.decoded import Inference
from collector.coverage import CoverageLedger
from collector.inference import infer_contract
from collector.mapping import Mapper
from collector.reasons import DropReason, Undecodable
from collector.sampling import Sampler
from collector.shipping import Shipper
from collector.worker.contract_book import ContractBook
from collector.worker.message import Exchange, Request
from collector.worker.pending import PendingSamples, Sample
from driftline.contracts import MODEL_NAME
from driftline.errors import InvalidContract
from driftline.events import Event
from driftline.logs import get_logger

_log = get_logger(__name__)

INFER_AFTER_SAMPLES = 100
INFER_AFTER_SECONDS = 30.0
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")


class Pipeline:
    """The worker's part of the flow; runs in its parsing thread and never waits for the store.

    Parameters
    ----------
    instance
        Name of the model instance.
    sampler, ledger, shipper, book
        The other stages.
    """

    def __init__(
        self,
        instance: str,
        sampler: Sampler,
        ledger: CoverageLedger,
        shipper: Shipper,
        book: ContractBook,
        pending: PendingSamples | None = None,
    ) -> None:
        self._instance = instance
        self._sampler = sampler
        self._ledger = ledger
        self._shipper = shipper
        self._book = book
        self._pending = pending or PendingSamples()
        self._mappers: dict[str, Mapper] = {}
        self._versions: dict[str, str] = {}
        self.mismatches: Counter[tuple[str, str, str]] = Counter()

    def wants(self, request: Request) -> bool:
        """Only inference requests for models with a sound name are looked at."""
        route = v2_json.route(request.method, request.target)
        return route is not None and MODEL_NAME.fullmatch(route.model) is not None

    def missed(self, like: Request | None, requests: int) -> None:
        """Requests that were forwarded but not copied; each counts as one row."""
        if like is not None:
            self._drop(like, requests, "tap_overflow")

    def unanswered(self, request: Request) -> None:
        """The connection ended before the answer."""
        self._drop(request, 1, "no_response")

    def unparsable(self, request: Request | None) -> None:
        """The bytes around a request are no HTTP."""
        if request is not None:
            self._drop(request, 1, "malformed_http")

    def exchange(self, exchange: Exchange) -> None:
        """Sample and decode an exchange; its events are shipped or wait for the model's contract."""
        request, response = exchange.request, exchange.response
        route = v2_json.route(request.method, request.target)
        assert route is not None
        if response.status >= 400 and not self._known(route.model):
            return  # what only ever fails is no model of this server
        self._versions.setdefault(route.model, "")
        weight = self._sampler.draw(route.model)
        try:
            if "inference-header-content-length" in {*request.headers, *response.headers}:
                raise Undecodable("binary_tensors")
            asked, answered = request.body(), response.body()
            if weight is None:
                rows, version = v2_json.glance(asked, answered)
                self._ledger.unsampled(route.model, self._version(route, version), rows)
                return
            failed = response.status >= 400
            inference = v2_json.decode(asked, None if failed else answered)
        except Undecodable as error:
            self._drop(request, 1, error.reason)
            return
        self._accept(
            Sample(
                model=route.model,
                version=self._version(route, inference.version),
                event_id=self._event_id(inference, request),
                trace_id=_trace_id(request.headers.get("traceparent", "")),
                at=_wall_clock(request.began_at),
                latency_ms=exchange.latency_ms,
                weight=weight,
                status="error" if failed else "ok",
                inference=inference,
                size=len(asked) + len(answered),
            )
        )

    def tick(self, *, final: bool = False) -> None:
        """Map what waited for a contract that is known now; infer one where there is none.

        ``final`` infers from however little was seen, because the collector ends.
        """
        now = time.monotonic()
        for model, waiting in self._pending.models():
            if self._book.get(model) is not None:
                for sample in self._pending.take(model):
                    self._ship(sample)
                continue
            ready = len(waiting.samples) >= INFER_AFTER_SAMPLES or now - waiting.since >= INFER_AFTER_SECONDS
            if (ready or final) and self._book.read_since(waiting.since) and not self._book.proposed(model):
                self._infer(model, [sample.inference for sample in waiting.samples if sample.status == "ok"])

    def waits(self) -> bool:
        """Whether samples wait for a contract."""
        return next(self._pending.models(), None) is not None

    def _infer(self, model: str, inferences: list[Inference]) -> None:
        try:
            self._book.propose(infer_contract(model, inferences))
        except InvalidContract as error:
            _log.warning("no contract can be inferred", model=model, error=error.message)
            for sample in self._pending.take(model):
                self._ledger.dropped(model, sample.version, sample.inference.rows, "no_contract")

    def _accept(self, sample: Sample) -> None:
        if self._book.get(sample.model) is not None:
            self._ship(sample)
            return
        now = time.monotonic()
        if not self._book.read_since(now - 1.0):
            self._book.ask()
        if not self._pending.add(sample, now):
            self._ledger.dropped(sample.model, sample.version, sample.inference.rows, "no_contract")

    def _ship(self, sample: Sample) -> None:
        mapper = self._mapper(sample.model)
        numeric, categorical = mapper.map(sample.inference, failed=sample.status == "error")
        several = sample.inference.rows > 1
        self._shipper.offer(
            [
                Event(
                    model=sample.model,
                    version=sample.version,
                    instance=self._instance,
                    ts=sample.at,
                    event_id=f"{sample.event_id}/{row}" if several else sample.event_id,
                    trace_id=sample.trace_id,
                    status=sample.status,
                    latency_ms=sample.latency_ms,
                    weight=sample.weight,
                    numeric=numeric[row],
                    categorical=categorical[row],
                )
                for row in range(sample.inference.rows)
            ]
        )

    def _mapper(self, model: str) -> Mapper:
        contract = self._book.get(model)
        mapper = self._mappers.get(model)
        if mapper is not None and (contract is None or mapper.contract is contract):
            return mapper
        assert contract is not None

        def on_mismatch(field: str, reason: str, rows: int) -> None:
            self._mismatch(model, field, reason, rows)

        self._mappers[model] = Mapper(contract, on_mismatch)
        return self._mappers[model]

    def _mismatch(self, model: str, field: str, reason: str, rows: int) -> None:
        if (model, field, reason) not in self.mismatches:
            _log.warning("traffic does not match the contract", model=model, field=field, reason=reason)
        self.mismatches[model, field, reason] += rows

    def _known(self, model: str) -> bool:
        return model in self._versions or self._book.get(model) is not None

    def _version(self, route: v2_json.Route, answered: str) -> str:
        """Version of the response, else of the path, else the last one this model answered with."""
        version = answered or route.version
        if version:
            self._versions[route.model] = version
        return version or self._versions.setdefault(route.model, "")

    def _drop(self, request: Request, rows: int, reason: DropReason) -> None:
        route = v2_json.route(request.method, request.target)
        if route is not None and self._known(route.model):
            self._ledger.dropped(route.model, self._version(route, ""), rows, reason)

    def _event_id(self, inference: Inference, request: Request) -> str:
        given = inference.request_id or v2_json.clean_text(request.headers.get("x-request-id", "").strip())
        return given or str(uuid4())


def _wall_clock(at: float) -> datetime:
    """A monotonic time of this machine as wall-clock time."""
    return datetime.fromtimestamp(time.time() - (time.monotonic() - at), UTC)


def _trace_id(traceparent: str) -> str:
    match = _TRACEPARENT.fullmatch(traceparent.strip())
    return match[1] if match else ""
