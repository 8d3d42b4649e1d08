"""Gaps in what was copied of HTTP/2: nothing is misread, and every request that they touched is counted."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from h2.settings import SettingCodes
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.exchange import BodyBudget
from collector.worker.connection import TappedConnection
from tests.unit.collector.http2_pair import PATH, Http2Pair, Record

SEEDS = st.integers(0, 2**32).map(random.Random)


class Tap:
    """Shows a connection chunks, and leaves some out."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.budget = BodyBudget(1_000_000)
        self.connection = TappedConnection(record, self.budget)
        self._missing: list[tuple[bool, int]] = []
        self.gaps = 0

    def show(self, asked: bool, data: bytes) -> None:
        self._announce()
        (self.connection.request_bytes if asked else self.connection.response_bytes)(1.0, data)

    def leave_out(self, asked: bool, data: bytes) -> None:
        self._missing.append((asked, len(data)))

    def restart(self) -> None:
        """The worker died: a new one knows nothing of the connection."""
        self.budget = BodyBudget(1_000_000)
        self.connection = TappedConnection(self.record, self.budget)
        self._missing.append((False, 0))

    def close(self) -> None:
        self._announce()
        self.connection.closed(2.0)
        assert self.budget.take(1_000_000)

    def _announce(self) -> None:
        if self._missing:
            self.gaps += 1
            asked = sum(size for from_client, size in self._missing if from_client)
            replied = sum(size for from_client, size in self._missing if not from_client)
            self.connection.gap(1, answered=not self._missing[-1][0], asked=asked, replied=replied)
            self._missing.clear()


def talk(dice: random.Random, calls: int) -> Http2Pair:
    """Calls whose bodies say their path, several at once, with headers that churn the tables."""
    pair = Http2Pair()
    pair.call(b"/first\n", b"/first\n", "/first")
    open_: list[tuple[int, bytes]] = []
    for _ in range(calls):
        if dice.random() < 0.05:
            size = dice.choice([0, 64, 200, 4096, 1 << 16])
            (dice.choice([pair.client, pair.server])).update_settings({SettingCodes.HEADER_TABLE_SIZE: size})
            pair.pump()
            # Both sides write a header block before the next change, as h2 tells all changes one by one.
            pair.call(b"/settings\n", b"/settings\n", "/settings")
        path = f"/model-{dice.randrange(6)}/" + "x" * dice.choice([0, 5, 100])
        headers = [(f"x-{dice.randrange(4)}", str(dice.randrange(3)) * dice.choice([1, 60]))]
        body = path.encode() + b"\n" + dice.randbytes(dice.choice([0, 10, 300, 20_000]))
        open_.append((pair.ask(body, path, headers), body))
        pair.pump()
        while open_ and dice.random() < 0.7:
            stream, body = open_.pop(dice.randrange(len(open_)))
            pair.reply(stream, body, [("grpc-status", "0"), ("x-model", body.split(b"\n")[0].decode())])
            pair.pump()
    for stream, body in open_:
        pair.reply(stream, body, [("grpc-status", "0")])
        pair.pump()
    return pair


def calls_of(pair: Http2Pair) -> int:
    """How many requests were made: clients number their streams 1, 3, 5..."""
    return (pair.client.get_next_available_stream_id() - 1) // 2


def assert_true(record: Record) -> None:
    """No exchange that was yielded has parts of another."""
    for path, asked, status, replied in record.pairs:
        assert asked == replied
        assert (asked.split(b"\n")[0].decode(), status) == (path, 200)


@settings(deadline=None)
@given(SEEDS, st.floats(0.0, 0.4), st.booleans(), st.booleans())
def test_random_gaps_never_yield_a_wrong_exchange(
    dice: random.Random, share: float, restarts: bool, split: bool
) -> None:
    pair, record = talk(dice, 15), Record()
    calls = calls_of(pair)
    tap = Tap(record)
    losing = False
    for asked, data in pair.flights:
        cuts = [0, *sorted(dice.randrange(len(data)) for _ in range(3 * split)), len(data)]
        for start, end in pairwise(cuts):
            if start == end:
                continue
            losing = dice.random() < (0.7 if losing else share)
            (tap.leave_out if losing else tap.show)(asked, data[start:end])
            if restarts and dice.random() < 0.02:
                tap.restart()
    tap.close()
    assert_true(record)
    assert len(record.pairs) <= calls
    if not restarts:
        assert (
            len(record.pairs) + len(record.unanswered_) + record.unparsable_ + record.missed_
            <= calls + tap.gaps
        )


@settings(deadline=None)
@given(SEEDS, st.integers(2, 40), st.integers(1, 30))
def test_one_gap_costs_what_it_touched_and_is_counted(dice: random.Random, start: int, length: int) -> None:
    pair = talk(dice, 15)
    last = len(pair.flights)
    # New header fields only: what follows the gap needs nothing from before it.
    for end in (pair.client, pair.server):
        end.encoder.header_table_size = 0
    for n in range(5):
        pair.call(b"/end\n%d" % n, b"/end\n%d" % n, "/end")
    record = Record()
    tap = Tap(record)
    for number, (asked, data) in enumerate(pair.flights):
        (tap.leave_out if start <= number < min(last, start + length) else tap.show)(asked, data)
    tap.close()
    assert_true(record)
    assert [path for path, *_ in record.pairs][-3:] == ["/end"] * 3
    assert record.unparsable_ == 0
    assert len(record.pairs) + len(record.unanswered_) + record.missed_ == calls_of(pair)


@settings(deadline=None)
@given(SEEDS, st.integers(1, 30))
def test_corrupted_bytes_are_survived_and_return_their_memory(dice: random.Random, faults: int) -> None:
    flights = talk(dice, 10).flights
    for _ in range(faults):
        at = dice.randrange(len(flights))
        asked, data = flights[at]
        place = dice.randrange(min(len(data), 60))
        flights[at] = (asked, data[:place] + dice.randbytes(dice.randrange(3)) + data[place + 1 :])
    tap = Tap(Record())
    for asked, data in flights:
        if data:
            tap.show(asked, data)
    tap.close()


def test_a_gap_inside_a_body_costs_that_body_alone() -> None:
    pair, record = Http2Pair(), Record()
    tap = Tap(record)
    pair.call(b"/a\n1", b"/a\n1", "/a")
    streams = [pair.ask(f"/{name}\n".encode() + b"." * 9000, f"/{name}") for name in "bc"]
    pair.pump()
    for stream, name in zip(streams, "bc", strict=True):
        pair.reply(stream, f"/{name}\n".encode() + b"." * 9000)
    pair.pump()
    pair.call(b"/a\n2", b"/a\n2", "/a")
    for asked, data in pair.flights:
        if asked and len(data) > 18_000:
            for start, piece in ((0, data[:4000]), (4000, data[4000:8000]), (8000, data[8000:])):
                (tap.leave_out if start == 4000 else tap.show)(asked, piece)
        else:
            tap.show(asked, data)
    tap.close()
    assert [path for path, *_ in record.pairs] == ["/a", "/c", "/a"]
    assert record.missed_ == 1
    assert_true(record)


def test_a_loss_on_one_side_leaves_the_other_readable() -> None:
    pair, record = Http2Pair(), Record()
    tap = Tap(record)
    for n in range(6):
        pair.call(b"/a\n%d" % n, b"/a\n%d" % n, "/a")
    replies = 0
    for asked, data in pair.flights:
        replies += not asked and b"\n2" in data
        if not asked and b"\n2" in data:
            tap.leave_out(asked, data)
        else:
            tap.show(asked, data)
    tap.close()
    assert replies == 1
    # The requests are read throughout; answers that need lost entries are not guessed at.
    assert [request.target for request in record.asked] == ["/a"] * 6
    assert [asked for _, asked, _, _ in record.pairs[:2]] == [b"/a\n0", b"/a\n1"]
    assert len(record.pairs) + record.missed_ == 6
    assert_true(record)


@pytest.mark.parametrize("restart", [False, True])
def test_headers_that_need_what_was_lost_are_counted_as_missed(restart: bool) -> None:
    pair, record = Http2Pair(), Record()
    tap = Tap(record)
    for n in range(3):
        pair.call(b"ask", b"answer", f"/{n}")
    before = len(pair.flights)
    pair.call(b"ask", b"answer", "/lost")
    lost = len(pair.flights)
    for _ in range(4):
        pair.call(b"ask", b"answer", "/lost")  # all of it is indexed by now
    for number, (asked, data) in enumerate(pair.flights):
        if number == before and restart:
            tap.restart()
        (tap.leave_out if before <= number < lost else tap.show)(asked, data)
    tap.close()
    assert [path for path, *_ in record.pairs] == ["/0", "/1", "/2"]
    # A new worker does not know how many there were before it.
    assert record.missed_ == 5
    assert record.unanswered_ == []


def test_a_connection_seen_from_the_middle_is_read_as_soon_as_it_can_be() -> None:
    pair, record = Http2Pair(), Record()
    tap = Tap(record)
    pair.call(b"ask", b"answer", PATH)
    for asked, data in pair.flights:
        tap.leave_out(asked, data)
    pair.flights.clear()
    for end in (pair.client, pair.server):
        end.encoder.header_table_size = 0  # the tables are emptied, so nothing lost is needed
    pair.call(b"ask", b"answer", "/seen")
    for asked, data in pair.flights:
        tap.show(asked, data)
    tap.close()
    assert record.pairs == [("/seen", b"ask", 200, b"answer")]
