"""One segment to ClickHouse: its events, their raw payloads, then the count of both fates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from collector.coverage import Source
from collector.reasons import DropReason
from collector.shipping.insert_once import insert_once
from collector.shipping.refusal import refuses_data
from collector.shipping.tables import COVERAGE, EVENTS, PAYLOADS, Columns, Table
from collector.spool.coverage_rows import coverage_rows
from collector.spool.event_record import block_sources
from collector.spool.segment import Segment
from collector.spool.table_record import merged
from driftline.errors import StoreQueryFailed
from driftline.events import EventBlock, event_columns
from driftline.logs import get_logger
from driftline.store import Store

_log = get_logger(__name__)


@dataclass(slots=True)
class Delivered:
    """What became of the events of a segment, by source."""

    kept: Counter[Source] = field(default_factory=Counter)
    dropped: dict[DropReason, Counter[Source]] = field(default_factory=dict)


def deliver(store: Store, segment: Segment, *, piecemeal: bool) -> Delivered:
    """Store everything that is in ``segment``, once, and say what became of it.

    Coverage comes last: it says ``kept`` of what is stored, whenever the attempts before were cut short.

    Parameters
    ----------
    piecemeal
        ClickHouse refused the data often enough: send the blocks one by one, and give up those that it
        refuses again.

    Raises
    ------
    StoreError
        Not all of it is stored, or it is not known; the same call later goes on from there.
    OSError, UnreadableSegment
        The segment cannot be read.
    """
    contents = segment.read()
    uncertain, segment.uncertain = segment.uncertain, True
    token = segment.uuid.hex
    delivered = Delivered(kept=+contents.accepted)
    if contents.corrupt:
        delivered.dropped["spool_corrupt"] = contents.corrupt
    if piecemeal:
        rejected = _insert_one_by_one(store, contents.blocks, token)
        if rejected:
            delivered.kept -= rejected
            delivered.dropped["rejected"] = rejected
    elif contents.blocks:
        columns = event_columns(contents.blocks)
        contents.blocks.clear()  # not twice in memory
        insert_once(store, EVENTS, columns, f"{token}.events", uncertain=uncertain)
        del columns
    coverage = [coverage_rows(segment.created, delivered.dropped, delivered.kept), *contents.coverage]
    for table, name, records in ((PAYLOADS, "payloads", contents.payloads), (COVERAGE, "coverage", coverage)):
        if not records:
            continue
        if piecemeal:
            _insert_or_give_up(store, table, merged(records), f"{token}.{name}")
        else:
            insert_once(store, table, merged(records), f"{token}.{name}", uncertain=uncertain)
    return delivered


def _insert_one_by_one(store: Store, blocks: Sequence[EventBlock], token: str) -> Counter[Source]:
    """Rows that are refused, by source."""
    rejected: Counter[Source] = Counter()
    for number, block in enumerate(blocks):
        if not _insert_or_give_up(store, EVENTS, event_columns([block]), f"{token}.events.{number}"):
            rejected.update(dict(block_sources(block)))
    return rejected


def _insert_or_give_up(store: Store, table: Table, columns: Columns, token: str) -> bool:
    try:
        insert_once(store, table, columns, token, uncertain=True)
    except StoreQueryFailed as error:
        if not refuses_data(error):
            raise
        _log.error("ClickHouse refuses data, it is given up", table=table.name, error=error.message)
        return False
    return True
