"""What descriptors compare with: learned from the first rows of a field, kept as compact JSON text.

A learner takes rows until it is ``ready`` and then builds a reference; how many rows that takes is the
caller's choice. A reference never changes: everything measured against it stays comparable.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from collector.descriptors.tokens import batches, segment

MOST_TOKENS = 20_000
MOST_CANDIDATES = 200_000
MOST_DIMENSIONS = 65_536
ROWS_TO_LEARN = 1000

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tokens that a field's texts were made of.

    Attributes
    ----------
    hashes
        ``(k,)`` ascending 32-bit hashes (:func:`collector.descriptors.tokens.segment`), k <= 20,000. Words
        can be guessed from them, as from any unkeyed hash: redact a field before it is learned from.
    rows
        Texts learned from.
    """

    hashes: NDArray[np.uint32]
    rows: int

    def knows(self, hashes: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Which of the hashes are in it; a token that is not passes with a chance of k / 2^32.

        >>> learner = VocabularyLearner(rows=1)
        >>> learner.add(["Hello world"])
        >>> learner.build().knows(segment(["hello there"]).hashes).tolist()
        [True, False]
        """
        if not len(self.hashes):
            return np.zeros(len(hashes), dtype=np.bool_)
        place = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return np.asarray(self.hashes[place] == hashes)

    def to_json(self) -> str:
        """JSON text of at most 110 KB."""
        return _to_json("vocabulary", self.rows, self.hashes.astype("<u4").tobytes())


@dataclass(frozen=True, slots=True)
class Centroid:
    """The mean direction of a field's vectors.

    Attributes
    ----------
    direction
        ``(d,)`` mean of the unit vectors, d <= 65,536; its length, 0..1, says how concentrated they were
        (Mardia and Jupp, "Directional Statistics", 2000, section 9.2.1).
    rows
        Vectors learned from.
    """

    direction: NDArray[np.float32]
    rows: int

    def to_json(self) -> str:
        """JSON text of 6 bytes a dimension, at most 350 KB."""
        return _to_json("centroid", self.rows, self.direction.astype("<f4").tobytes())


Reference = Vocabulary | Centroid
Built_co = TypeVar("Built_co", covariant=True)
Values_contra = TypeVar("Values_contra", contravariant=True)


class ReferenceLearner(Protocol[Values_contra, Built_co]):
    """Learns one reference from the first rows of a field."""

    def add(self, values: Values_contra) -> None:
        """Take a stack of rows into account; rows that cannot be measured are passed over."""

    @property
    def ready(self) -> bool:
        """Enough rows have been seen."""

    def build(self) -> Built_co:
        """The reference of the rows seen so far; ``ValueError`` before the first."""


class VocabularyLearner:
    """Learns the most frequent tokens (:class:`Vocabulary`) in bounded memory.

    At most 20,000 tokens are kept, the more frequent first, then the smaller hash. While learning, at most
    200,000 are counted; beyond that those seen least are forgotten (as in Manku and Motwani's lossy
    counting, 2002), so a rare token of an extremely varied sample may be missing.

    Parameters
    ----------
    rows
        Texts with at least one token that make it ready.
    """

    def __init__(self, rows: int = ROWS_TO_LEARN) -> None:
        self._wanted = rows
        self._seen = 0
        self._hashes = np.zeros(0, dtype=np.uint32)
        self._counts = np.zeros(0, dtype=np.int64)

    def add(self, values: Sequence[str | None]) -> None:
        """Count the tokens of each text (its first 8,192 characters)."""
        texts = [text for text in values if text is not None]
        for start, end in batches(texts):
            segmented = segment(texts[start:end])
            self._seen += len(np.unique(segmented.row_of_token))
            hashes, index = np.unique(np.concatenate([self._hashes, segmented.hashes]), return_inverse=True)
            weights = np.concatenate([self._counts, np.ones(len(segmented.hashes), dtype=np.int64)])
            counts = np.bincount(index, weights=weights, minlength=len(hashes)).astype(np.int64)
            self._hashes, self._counts = _most_frequent(hashes, counts, MOST_CANDIDATES)

    @property
    def ready(self) -> bool:
        """Enough rows have been seen."""
        return self._seen >= self._wanted

    def build(self) -> Vocabulary:
        """The vocabulary of the rows seen so far; ``ValueError`` before the first."""
        if not self._seen:
            raise ValueError("no text with a token has been seen yet")
        hashes, _ = _most_frequent(self._hashes, self._counts, MOST_TOKENS)
        return Vocabulary(hashes=hashes, rows=self._seen)


class CentroidLearner:
    """Learns a mean direction (:class:`Centroid`).

    The first vector sets the dimension; vectors of another, of more than 65,536 elements, without length
    or with an element that is not finite are passed over.

    Parameters
    ----------
    rows
        Usable vectors that make it ready.
    """

    def __init__(self, rows: int = ROWS_TO_LEARN) -> None:
        self._wanted = rows
        self._seen = 0
        self._sum: NDArray[np.float64] | None = None

    def add(self, values: NDArray[Any]) -> None:
        """Take the vectors of an ``(n, ...)`` stack into account."""
        if not values.size:
            return
        vectors = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
        dimension = vectors.shape[1]
        if dimension > MOST_DIMENSIONS or (self._sum is not None and dimension != len(self._sum)):
            return
        units = unit_vectors(vectors)
        units = units[~np.isnan(units[:, 0])]
        if len(units):
            self._seen += len(units)
            self._sum = units.sum(axis=0) + (0.0 if self._sum is None else self._sum)

    @property
    def ready(self) -> bool:
        """Enough rows have been seen."""
        return self._seen >= self._wanted

    def build(self) -> Centroid:
        """The centroid of the rows seen so far; ``ValueError`` before the first."""
        if self._sum is None:
            raise ValueError("no vector with a length has been seen yet")
        return Centroid(direction=(self._sum / self._seen).astype(np.float32), rows=self._seen)


def unit_vectors(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows divided by their Euclidean length; NaN for one without length or that is not finite.

    >>> unit_vectors(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [nan, nan]]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        # By the largest element first: squares of huge or tiny elements would leave a float's range.
        scaled = vectors / np.abs(vectors).max(axis=1, keepdims=True, initial=0.0)
        units = scaled / np.sqrt((scaled * scaled).sum(axis=1, keepdims=True))
    usable = np.isfinite(units).all(axis=1, keepdims=True)
    return np.where(usable, units, np.nan)


def parse_reference(text: str) -> Reference:
    """Read what ``to_json`` wrote; ``ValueError`` for anything else.

    >>> parse_reference(Centroid(np.array([0.5, 0.0], dtype=np.float32), rows=7).to_json())
    Centroid(direction=array([0.5, 0. ], dtype=float32), rows=7)
    """
    values = json.loads(text)
    try:
        kind, version, rows = values["kind"], values["format"], values["rows"]
        content = base64.b64decode(values["values"], validate=True)
    except (KeyError, TypeError, binascii.Error) as error:
        raise ValueError(f"this is no reference: {error!r}") from error
    if version != _FORMAT or not isinstance(rows, int) or len(content) % 4:
        raise ValueError(f"format {version!r} with rows {rows!r} and {len(content)} bytes cannot be read")
    if kind == "vocabulary":
        return Vocabulary(hashes=np.unique(np.frombuffer(content, "<u4")).astype(np.uint32), rows=rows)
    if kind == "centroid":
        return Centroid(direction=np.frombuffer(content, "<f4").astype(np.float32), rows=rows)
    raise ValueError(f"{kind!r} is no kind of reference; kinds are vocabulary and centroid")


def _to_json(kind: str, rows: int, content: bytes) -> str:
    values = base64.b64encode(content).decode("ascii")
    return json.dumps({"kind": kind, "format": _FORMAT, "rows": rows, "values": values})


def _most_frequent(
    hashes: NDArray[np.uint32], counts: NDArray[np.int64], most: int
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """At most that many of the hashes, ascending, with their counts."""
    if len(hashes) <= most:
        return hashes, counts
    keep = np.sort(np.lexsort((hashes, -counts))[:most])
    return hashes[keep], counts[keep]
