"""The people who read some of the scans: their labels arrive seconds later, by the API."""

from __future__ import annotations

import heapq
import threading
import time
from datetime import UTC, datetime
from itertools import count

import numpy as np
from numpy.typing import NDArray

from demo.api import DriftlineApi
from demo.digits import MODEL
from demo.labelled_pool import LabelledCapture, LabelledPool
from driftline.errors import PermanentDelivery, RetryableDelivery
from driftline.logs import get_logger

DELIVERY_SECONDS = 0.5
_log = get_logger(__name__)


class Annotators:
    """Label a share of the captures after a random delay, in a thread of their own.

    Parameters
    ----------
    api
        Where labels are posted.
    pool
        Where labelled captures are kept for training.
    share
        Probability that a capture is labelled, 0..1.
    delay_seconds
        Shortest and longest time it takes.
    rng
        Chooses captures and delays.
    """

    def __init__(
        self,
        api: DriftlineApi,
        pool: LabelledPool,
        share: float,
        delay_seconds: tuple[float, float],
        rng: np.random.Generator,
    ) -> None:
        self._api = api
        self._pool = pool
        self._share = share
        self._delay = delay_seconds
        self._rng = rng
        self._order = count()
        self._waiting: list[tuple[float, int, str, LabelledCapture]] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="annotators", daemon=True)
        self.delivered = 0

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Deliver no more; labels not due yet are forgotten, as people go home."""
        self._stop.set()
        self._thread.join()

    def see(
        self,
        event_ids: list[str],
        images: NDArray[np.float64],
        labels: NDArray[np.int64],
        documents: NDArray[np.int64],
    ) -> None:
        """Take notice of captures that the model has just read, all of length ``n``."""
        now, captured_at = time.monotonic(), datetime.now(UTC)
        chosen = np.flatnonzero(self._rng.random(len(event_ids)) < self._share)
        delays = self._rng.uniform(*self._delay, len(chosen))
        with self._lock:
            for row, delay in zip(chosen.tolist(), delays.tolist(), strict=True):
                capture = LabelledCapture(images[row], int(labels[row]), int(documents[row]), captured_at)
                heapq.heappush(self._waiting, (now + delay, next(self._order), event_ids[row], capture))

    def _work(self) -> None:
        while not self._stop.wait(DELIVERY_SECONDS):
            due = self._take_due(time.monotonic())
            if not due:
                continue
            try:
                self._api.post_labels(
                    MODEL,
                    [{"event_id": event_id, "label": str(capture.label)} for _, _, event_id, capture in due],
                )
            except RetryableDelivery as error:
                _log.warning("labels wait for the service", labels=len(due), error=error.message)
                with self._lock:
                    for item in due:
                        heapq.heappush(self._waiting, item)
                continue
            except PermanentDelivery as error:
                _log.error("labels refused", labels=len(due), error=error.message)
                continue
            self._pool.add([capture for *_, capture in due])
            self.delivered += len(due)

    def _take_due(self, now: float) -> list[tuple[float, int, str, LabelledCapture]]:
        due = []
        with self._lock:
            while self._waiting and self._waiting[0][0] <= now:
                due.append(heapq.heappop(self._waiting))
        return due
