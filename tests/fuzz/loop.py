"""Fuzzing without coverage: seeded changes of sound inputs."""

from __future__ import annotations

import random

from tests.fuzz.mutation import mutated_bytes
from tests.fuzz.targets import Target


class Finding(AssertionError):
    """An input that a target does not survive."""


def run_mutations(target: Target, *, runs: int, seed: int) -> int:
    """Run a target on its seeds and on changes of them; returns the runs, raises :class:`Finding`."""
    source = random.Random(seed)
    done = 0
    for data in target.seeds[:runs]:
        _run(target, data)
        done += 1
    while done < runs:
        data, other = source.choice(target.seeds), source.choice(target.seeds)
        for _ in range(source.randint(1, 3)):
            data = mutated_bytes(data, source.getrandbits(32), other)
        _run(target, data)
        done += 1
    return done


def _run(target: Target, data: bytes) -> None:
    try:
        target.run(data)
    # Any exception is what fuzzing looks for.
    except Exception as error:
        raise Finding(f"{type(error).__name__}: {error}; input {data.hex()}") from error
