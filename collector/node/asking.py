"""Asks every source in a thread of its own: one that hangs never holds up the round, nor is asked twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from collector.node.reading import FailureReason, Reading, Round, Source, SourceFailed
from driftline.logs import get_logger

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking a source: a reading, or why there is none.

    Attributes
    ----------
    seconds
        How long it took.
    """

    source: str
    reading: Reading | None
    reason: FailureReason | None = None
    message: str = ""
    seconds: float = 0.0


class _Asked:
    """One source and the thread that may still wait for it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._thread: threading.Thread | None = None
        self._answer: Answer | None = None

    def ask(self, this: Round) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        self._answer = None
        # A daemon: an NVML call that never returns must not keep the agent from stopping.
        self._thread = threading.Thread(
            target=self._run, args=(this,), name=f"node-{self.source.name}", daemon=True
        )
        self._thread.start()

    def answer(self, this: Round, *, fresh: bool) -> Answer:
        name = self.source.name
        if not fresh:
            return Answer(name, None, "busy", "it still has not answered an earlier question")
        assert self._thread is not None
        self._thread.join(max(0.0, this.deadline - time.monotonic()))
        if self._answer is None:
            return Answer(name, None, "timeout", "it did not answer in time")
        return self._answer

    @property
    def busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _run(self, this: Round) -> None:
        name = self.source.name
        began = time.monotonic()
        try:
            answer = Answer(name, self.source.read(this), seconds=time.monotonic() - began)
        except SourceFailed as error:
            answer = Answer(name, None, error.reason, error.message, time.monotonic() - began)
        except Exception as error:  # noqa: BLE001 - a defect in one reader must not end the agent
            _log.exception("a source cannot be read", source=name)
            answer = Answer(name, None, "unreadable", f"{type(error).__name__}: {error}")
        self._answer = answer


class Panel:
    """The sources of this node, asked together.

    Parameters
    ----------
    sources
        The most believed first; answers keep this order.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self._asked = [_Asked(source) for source in sources]
        self._reported: dict[str, str] = {}

    def ask(self, this: Round) -> list[Answer]:
        """Every source's answer, at the latest when the round's deadline has passed."""
        free = [not asked.busy for asked in self._asked]
        for asked in self._asked:
            asked.ask(this)
        answers = [asked.answer(this, fresh=fresh) for asked, fresh in zip(self._asked, free, strict=True)]
        for answer in answers:
            self._report(answer)
        return answers

    def close(self) -> None:
        """Release the sources; one that still waits is left to the end of the process."""
        for asked in self._asked:
            if not asked.busy:
                asked.source.close()

    def _report(self, answer: Answer) -> None:
        """Log what a source does differently from the round before."""
        before, now = self._reported.get(answer.source, ""), answer.reason or ""
        if now == before:
            return
        self._reported[answer.source] = now
        if answer.reason is not None:
            _log.warning(
                "a source gives nothing", source=answer.source, reason=answer.reason, error=answer.message
            )
        else:
            _log.info("a source answers again", source=answer.source)
