"""Works through units in one or several processes, appending every result to a file."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

from bench.simulation.records import Record, Unit, append, done, load, procedure_version, record_of
from bench.simulation.units import simulate


def run(units: list[Unit], out: Path, *, processes: int = 1, minutes: float = float("inf")) -> int:
    """Do what the file does not hold yet; return how many units were done.

    Parameters
    ----------
    minutes
        No unit is begun after that long.
    """
    already = done(load(out), procedure_version())
    todo = [unit for unit in units if unit not in already]
    until = time.monotonic() + 60 * minutes
    count = 0
    for record in _alone(todo, until) if processes == 1 else _together(todo, processes, until):
        append(out, record)
        count += 1
    return count


def _alone(todo: list[Unit], until: float) -> Iterator[Record]:
    for unit in todo:
        if time.monotonic() > until:
            return
        yield record_of(unit, simulate(unit))


def _together(todo: list[Unit], processes: int, until: float) -> Iterator[Record]:
    waiting = iter(todo)
    # Spawned, not forked: a fork of a process with threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        running: set[Future[Record]] = set()
        while True:
            while len(running) < 2 * processes and time.monotonic() <= until:
                unit = next(waiting, None)
                if unit is None:
                    break
                running.add(pool.submit(_one, unit))
            if not running:
                return
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()


def _one(unit: Unit) -> Record:
    return record_of(unit, simulate(unit))
