"""A short run of every fuzz target, the same every time; ``make fuzz`` is the long one."""

from __future__ import annotations

import pytest

from tests.fuzz.codec_targets import packed, unpacked
from tests.fuzz.loop import run_mutations
from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS

RUNS = 1500


@pytest.mark.parametrize("name", TARGETS)
def test_changed_messages_are_survived(name: str) -> None:
    assert run_mutations(TARGETS[name], runs=RUNS, seed=20261123) == RUNS


@pytest.mark.parametrize("name", SEEDS)
def test_the_seeds_are_what_the_targets_read(name: str) -> None:
    for pair in SEEDS[name]:
        for body, read in zip(pair, unpacked(packed(pair)), strict=True):
            assert (body is None) == (read is None)
            assert body is None or read is None or body.data == read.data
