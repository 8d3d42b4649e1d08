"""What windows of unchanged data look like: learned live, or from the history of a baseline."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.score_set import ScoreSet
from detectors.evidence.season import Season
from detectors.evidence.wander import MODELS, Wander

Floats = NDArray[np.float32]

CORNERS = 2
_HEADER = struct.Struct("<2sBBHHIf")
_MAGIC = b"n1"


@dataclass(frozen=True, slots=True)
class Noise:
    """Noise of the score means of F fields.

    The variance of the mean of windows with n_t rows is the larger of two readings of the history,
    ``b_i sum n_t^2 / N^2 + d_i v / N`` with N rows in all: as much of it as the history allows lies between
    windows (b), or within them (d, the design effect). They agree for windows like those of the history.

    Attributes
    ----------
    window_seconds
        Length of the windows it was learned from.
    history
        Windows of history, shape ``(F,)``; 0: none, the noise is learned live from the differences of
        successive windows, and the other arrays say nothing.
    between, design
        b and d of both readings, shape ``(F, S, 2)``.
    white
        Variance of one window's mean in the history, seasons taken out, shape ``(F, S)``.
    freedom
        Degrees of freedom of the variance, shape ``(F, S)``.
    tail
        Excess kurtosis of one window's mean beyond what its counts and chance explain, shape ``(F, S)``.
    level
        Mean over the history's windows less the baseline's, where a season is kept, shape ``(F, S)``.
    reference_rows
        Rows that the baseline's mean is worth, shape ``(F, S)``.
    seasons, wanders
        Of the fields that have one, by field.
    """

    window_seconds: int
    history: NDArray[np.int32]
    between: Floats
    design: Floats
    white: Floats
    freedom: Floats
    tail: Floats
    level: Floats
    reference_rows: Floats
    seasons: dict[int, Season] = field(default_factory=dict)
    wanders: dict[int, Wander] = field(default_factory=dict)

    @classmethod
    def live(cls, scores: ScoreSet, window_seconds: int = 0) -> Noise:
        """Nothing is known yet: baselines without an order in time."""
        shape = scores.base.shape
        pair = (*shape, CORNERS)
        zero = np.zeros(shape, dtype=np.float32)
        return cls(
            window_seconds,
            np.zeros(shape[0], dtype=np.int32),
            np.zeros(pair, dtype=np.float32),
            np.ones(pair, dtype=np.float32),
            zero,
            zero.copy(),
            zero.copy(),
            zero.copy(),
            zero.copy(),
        )

    def select(self, fields: NDArray[np.intp] | slice) -> Noise:
        """The noise of some of the fields."""
        chosen = np.arange(self.history.size)[fields]
        return replace(
            self,
            **{name: getattr(self, name)[chosen] for name in ("history", *_ARRAYS)},
            seasons={at: self.seasons[f] for at, f in enumerate(chosen.tolist()) if f in self.seasons},
            wanders={at: self.wanders[f] for at, f in enumerate(chosen.tolist()) if f in self.wanders},
        )

    @classmethod
    def joined(cls, noises: Sequence[Noise]) -> Noise:
        """The noise of several stacks of fields, one after another; lengths of windows have to agree."""
        seconds = {one.window_seconds for one in noises if one.history.any()}
        if len(seconds) > 1 or not noises:
            raise ValueError(f"noise of windows of one length expected, got {sorted(seconds)} seconds")
        seasons: dict[int, Season] = {}
        wanders: dict[int, Wander] = {}
        start = 0
        for one in noises:
            seasons |= {start + field: season for field, season in one.seasons.items()}
            wanders |= {start + field: wander for field, wander in one.wanders.items()}
            start += one.history.size
        return cls(
            seconds.pop() if seconds else 0,
            **{
                name: np.concatenate([getattr(one, name) for one in noises]) for name in ("history", *_ARRAYS)
            },
            seasons=seasons,
            wanders=wanders,
        )

    def season_strength(self, f: int, scores: ScoreSet) -> float:
        """Standard deviation of the course of the score with the strongest one, in those of a row; or 0."""
        if f not in self.seasons:
            return 0.0
        power = 2 * (np.abs(self.seasons[f].coefficients) ** 2).sum(-1)
        return float(np.sqrt((power / scores.variance[f])[scores.live[f]].max()))

    def wander_strength(self, f: int, scores: ScoreSet) -> float:
        """The same of the wandering level, under the likeliest model."""
        if f not in self.wanders:
            return 0.0
        wander = self.wanders[f]
        every, best = np.arange(scores.size), np.argmin(wander.penalty, axis=-1)
        level = wander.variance[every, best] * MODELS[wander.models[every, best], 1]
        return float(np.sqrt((level / scores.variance[f])[wander.used].max()))

    def describe(self, f: int) -> str:
        """What is known about a field's noise, in words."""
        if not self.history[f]:
            return "learned live from the differences of windows: no daily or weekly cycle, no slow wander"
        parts = [f"learned from {self.history[f]} windows"]
        if f in self.seasons:
            parts.append(f"a regular course of {self.seasons[f].lines.size} lines a week")
        if f in self.wanders:
            parts.append(f"slow wander in {int(self.wanders[f].used.sum())} scores")
        return ", ".join(parts)

    def pack(self, f: int) -> bytes:
        """One field's noise for ``baselines.noise``; empty when it is learned live."""
        if not self.history[f]:
            return b""
        season, wander = self.seasons.get(f), self.wanders.get(f)
        size = self.white.shape[1]
        lines = season.lines.size if season else 0
        models = wander.models.shape[1] if wander else 0
        header = _HEADER.pack(_MAGIC, size, 0, lines, models, self.window_seconds, float(self.history[f]))
        parts = [header, *(getattr(self, name)[f].astype("<f4").tobytes() for name in _ARRAYS)]
        if season:
            parts += [season.lines.astype("<i4").tobytes(), season.coefficients.astype("<c8").tobytes()]
        if wander:
            parts += [
                wander.models.tobytes(),
                wander.variance.astype("<f4").tobytes(),
                wander.penalty.astype("<f4").tobytes(),
            ]
        return b"".join(parts)

    @classmethod
    def unpack(cls, packed: Sequence[bytes], scores: ScoreSet) -> Noise:
        """The noise of F fields from what :meth:`pack` made of each; empty: learned live.

        Raises
        ------
        ValueError
            Something else, or made for other scores.
        """
        noise = cls.live(scores)
        if len(packed) != scores.fields:
            raise ValueError(f"noise of {scores.fields} fields expected, got {len(packed)}")
        seconds = 0
        for f, data in enumerate(packed):
            if data:
                seconds = noise._read(f, data)
        return replace(noise, window_seconds=seconds)

    def _read(self, f: int, data: bytes) -> int:
        size = self.white.shape[1]
        if len(data) < _HEADER.size or data[:2] != _MAGIC:
            raise ValueError("not a noise model")
        _, scores, _, lines, models, seconds, history = _HEADER.unpack_from(data)
        expected = _HEADER.size + 4 * size * (2 * CORNERS + len(_ARRAYS) - 2)
        expected += lines * (4 + 8 * size) + 9 * models * size
        if scores != size or len(data) != expected:
            raise ValueError(
                f"noise of {size} scores in {expected} bytes expected, got {scores} in {len(data)}"
            )
        at = _HEADER.size
        for name in _ARRAYS:
            target = getattr(self, name)[f]
            target[...] = np.frombuffer(data, "<f4", target.size, at).reshape(target.shape)
            at += 4 * target.size
        self.history[f] = int(history)
        if lines:
            kept = np.frombuffer(data, "<i4", lines, at).astype(np.int32)
            at += 4 * lines
            course = np.frombuffer(data, "<c8", size * lines, at).reshape(size, lines)
            self.seasons[f] = Season(kept, course.astype(np.complex64))
            at += 8 * size * lines
        if models:
            index = np.frombuffer(data, np.uint8, size * models, at).reshape(size, models).copy()
            if (index >= len(MODELS)).any():
                raise ValueError("unknown wander model")
            at += size * models
            figures = np.frombuffer(data, "<f4", 2 * size * models, at).reshape(2, size, models)
            self.wanders[f] = Wander(index, figures[0].astype(np.float32), figures[1].astype(np.float32))
        return int(seconds)


_ARRAYS = ("between", "design", "white", "freedom", "tail", "level", "reference_rows")
