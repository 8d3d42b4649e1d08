"""Samples of one model gathered, mapped together, sampled row by row and handed to the shipper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from collector.coverage import CoverageLedger, Source
from collector.mapping import Mapped, Mapper
from collector.measuring import References
from collector.sampling import Sampler
from collector.worker.pending import Sample
from driftline.contracts import Contract
from driftline.events import EventBlock, RawPayload
from driftline.logs import get_logger

_log = get_logger(__name__)

BATCH_ROWS = 256
BATCH_BYTES = 4 * 1024 * 1024


class BlockSink(Protocol):
    """Takes finished blocks: the shipper."""

    def offer(self, block: EventBlock) -> None: ...


class Batches:
    """One growing batch a model and tap; a batch is mapped when it is full or when it is told to.

    Parameters
    ----------
    sampler, ledger, sink
        The neighbouring stages.
    references
        What descriptors of a model compare with.
    redaction_key
        Key of hashed fields.
    """

    def __init__(
        self,
        sampler: Sampler,
        ledger: CoverageLedger,
        sink: BlockSink,
        references: Callable[[str], References] | None = None,
        redaction_key: bytes = b"",
    ) -> None:
        self._sampler = sampler
        self._ledger = ledger
        self._sink = sink
        self._references = references
        self._redaction_key = redaction_key
        self._waiting: dict[tuple[str, str], list[Sample]] = {}
        self._rows: Counter[tuple[str, str]] = Counter()
        self._bytes: Counter[tuple[str, str]] = Counter()
        self._mappers: dict[str, Mapper] = {}
        self._contracts: dict[str, Contract] = {}
        self.mismatches: Counter[tuple[str, str, str]] = Counter()
        """Rows by model, field and what was wrong."""

    def add(self, sample: Sample, contract: Contract) -> None:
        """Add a sample of a model whose contract is known."""
        model = sample.source.model
        if self._contracts.get(model) is not contract:
            self.flush_model(model)
            self._contracts[model] = contract
            self._mappers[model] = self._mapper(contract)
        key = model, sample.source.tap
        self._waiting.setdefault(key, []).append(sample)
        self._rows[key] += sample.inference.rows
        self._bytes[key] += sample.size
        if self._rows[key] >= BATCH_ROWS or self._bytes[key] >= BATCH_BYTES:
            self._flush(key)

    def flush(self) -> None:
        """Map and hand over everything."""
        for key in list(self._waiting):
            self._flush(key)

    def flush_model(self, model: str) -> None:
        """Map and hand over what waits of one model."""
        for key in [key for key in self._waiting if key[0] == model]:
            self._flush(key)

    def _flush(self, key: tuple[str, str]) -> None:
        samples = self._waiting.pop(key)
        del self._rows[key], self._bytes[key]
        mapped = self._mappers[key[0]].map(
            [sample.inference for sample in samples],
            [sample.status for sample in samples],
            [sample.source.version for sample in samples],
        )
        self._hand_over(key, samples, mapped)

    def _hand_over(self, key: tuple[str, str], samples: Sequence[Sample], mapped: Mapped) -> None:
        rows = [(sample, row) for sample in samples for row in range(sample.inference.rows)]
        weights = self._sampler.keep(
            key[0],
            [sample.draw for sample, _ in rows],
            [sample.status == "error" for sample, _ in rows],
            mapped.predictions,
        )
        kept = np.flatnonzero(weights)
        numeric, categorical = mapped.numeric, mapped.categorical
        if len(kept) < len(rows):
            left_out: Counter[Source] = Counter(
                rows[index][0].source for index in np.flatnonzero(weights == 0)
            )
            for source, count in left_out.items():
                self._ledger.unsampled(source, count)
            if not len(kept):
                return
            weights, numeric = weights[kept], numeric[kept]
            categorical = [categorical[index] for index in kept.tolist()]
        chosen = [rows[index] for index in kept.tolist()] if len(kept) < len(rows) else rows
        event_ids = [
            f"{sample.event_id}/{row}" if sample.inference.rows > 1 else sample.event_id
            for sample, row in chosen
        ]
        self._sink.offer(
            EventBlock(
                model=key[0],
                tap=key[1],
                version=[sample.source.version for sample, _ in chosen],
                instance=[sample.source.instance for sample, _ in chosen],
                ts_ms=[sample.at_ms for sample, _ in chosen],
                event_id=event_ids,
                trace_id=[sample.trace_id for sample, _ in chosen],
                status=[sample.status for sample, _ in chosen],
                latency_ms=[sample.latency_ms for sample, _ in chosen],
                weight=weights.tolist(),
                numeric=numeric,
                categorical=categorical,
                payloads=[
                    RawPayload(
                        chosen[position][0].at_ms,
                        event_ids[position],
                        cell.field,
                        cell.datatype,
                        cell.shape,
                        cell.body,
                    )
                    for position, index in enumerate(kept.tolist())
                    for cell in mapped.raw.get(index, ())
                ]
                if mapped.raw
                else (),
            )
        )

    def _mapper(self, contract: Contract) -> Mapper:
        model = contract.model

        def on_mismatch(field: str, reason: str, rows: int) -> None:
            if (model, field, reason) not in self.mismatches:
                _log.warning("traffic does not match the contract", model=model, field=field, reason=reason)
            self.mismatches[model, field, reason] += rows

        if self._references is None:
            return Mapper(contract, on_mismatch, redaction_key=self._redaction_key)
        return Mapper(contract, on_mismatch, self._references(model), self._redaction_key)
