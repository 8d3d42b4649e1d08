"""A process that offers events as fast as it is told to, until it is killed.

After every block it notes the numbers of its events in a log: they were accepted. Some of the events carry
the same id, as clients give them.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from collector.coverage import CoverageLedger
from collector.shipping import Shipper
from collector.spool import Spool, SpoolOptions
from collector.store_link import StoreLink
from driftline.logs import configure_logs
from tests.seeding.event_blocks import event_block

BLOCK = 256
STOP_SECONDS = 20.0


def produce(url: str, folder: Path, first: int, last: int, events_per_second: float) -> None:
    """Offer the events ``first`` to ``last``, then stop orderly; the log is ``folder``/accepted."""
    ledger = CoverageLedger()
    shipper = Shipper(
        StoreLink(url, "driftline", folder, 30),
        ledger,
        Spool(SpoolOptions(str(folder / "spool"), segment_events=4_000)),
        flush_seconds=0.1,
    )
    shipper.start()
    log = os.open(folder / "accepted", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    began = time.monotonic()
    for number in range(first, last, BLOCK):
        rows = min(BLOCK, last - number)
        ids = ["same" if row % 10 == 0 else f"{number + row:x}" for row in range(rows)]
        block = event_block(rows, first=number, model=f"m{number // BLOCK % 3}", event_ids=ids)
        shipper.offer(block)
        if any(fate != "kept" for _, fate in ledger.totals()):
            raise SystemExit(f"events were dropped: {ledger.totals()}")
        os.write(log, b"%d %d\n" % (number, rows))
        ahead = (number - first) / events_per_second - (time.monotonic() - began)
        if ahead > 0:
            time.sleep(ahead)
    shipper.stop(STOP_SECONDS)


if __name__ == "__main__":
    configure_logs("error", "json")
    arguments = json.loads(sys.argv[1])
    produce(
        arguments["url"],
        Path(arguments["folder"]),
        arguments["first"],
        arguments["last"],
        arguments["events_per_second"],
    )
