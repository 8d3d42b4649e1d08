"""Random numbers that every collector of every release draws alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GAMMA = np.uint64(0x9E3779B97F4A7C15)


def splitmix64(seed: int, count: int) -> NDArray[np.uint64]:
    """The first ``count`` outputs of SplitMix64 started at ``seed``.

    Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014), with the constants of
    the reference implementation. Spelt out because NumPy does not promise equal streams across releases.

    >>> [hex(value) for value in splitmix64(0, 2).tolist()]
    ['0xe220a8397b1dcdaf', '0x6e789e6aa1b965f4']
    """
    state = np.uint64(seed % (1 << 64)) + np.arange(1, count + 1, dtype=np.uint64) * _GAMMA
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(state ^ (state >> np.uint64(31)))
