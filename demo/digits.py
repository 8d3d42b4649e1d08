"""The documents of the story: scikit-learn's bundled scans of handwritten digits, split without overlap."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Self

import numpy as np
from numpy.typing import NDArray

from driftline.errors import DependencyMissing

MODEL = "digits-ocr"
CLASSES = tuple("0123456789")
IMAGE_SHAPE = (8, 8)

_SPLIT_SEED = 1
_SHARES = (("train", 0.34), ("holdout", 0.22), ("morning", 0.24), ("afternoon", 0.20))


@dataclass(frozen=True, slots=True)
class Documents:
    """Some digit scans.

    Attributes
    ----------
    images
        ``(n, 8, 8)`` grey levels, 0 (paper) to 1 (ink).
    labels
        ``(n,)`` digits 0..9.
    ids
        ``(n,)`` index of each scan in the data set: the document it is.
    """

    images: NDArray[np.float64]
    labels: NDArray[np.int64]
    ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: NDArray[np.int64]) -> Self:
        """The documents at ``index``, repeated as it repeats."""
        return type(self)(self.images[index], self.labels[index], self.ids[index])

    @classmethod
    def join(cls, parts: list[Self]) -> Self:
        """All documents of ``parts``, in order; none of none."""
        if not parts:
            return cls(np.empty((0, *IMAGE_SHAPE)), np.empty(0, np.int64), np.empty(0, np.int64))
        return cls(
            np.concatenate([part.images for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.ids for part in parts]),
        )


@dataclass(frozen=True, slots=True)
class Pools:
    """The data set in four parts without a common document, each with the same mix of digits.

    ``morning`` is what the scanner reads until a new model version is served and ``afternoon`` what it
    reads then, so that no version is ever judged on documents it was trained on.
    """

    train: Documents
    holdout: Documents
    morning: Documents
    afternoon: Documents


def require_scikit_learn() -> None:
    """Raise :class:`DependencyMissing` with the command to run when scikit-learn is not installed."""
    if find_spec("sklearn") is None:
        raise DependencyMissing(
            "the demo needs scikit-learn for its scans and its training; run: pip install 'driftline[demo]'"
        )


@cache
def load_pools() -> Pools:
    """Split the 1,797 scans, stratified by digit, the same way every time.

    Raises
    ------
    DependencyMissing
        scikit-learn, which carries the scans, is not installed.
    """
    require_scikit_learn()
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    everything = Documents(
        np.asarray(pixels, np.float64).reshape(-1, *IMAGE_SHAPE) / 16.0,
        np.asarray(labels, np.int64),
        np.arange(len(labels), dtype=np.int64),
    )
    parts: dict[str, list[NDArray[np.int64]]] = {name: [] for name, _ in _SHARES}
    rng = np.random.default_rng(_SPLIT_SEED)
    cuts = np.cumsum([share for _, share in _SHARES])[:-1]
    for digit in range(len(CLASSES)):
        of_digit = rng.permutation(np.flatnonzero(everything.labels == digit))
        pieces = np.split(of_digit, (cuts * len(of_digit)).round().astype(int))
        for (name, _), piece in zip(_SHARES, pieces, strict=True):
            parts[name].append(piece)
    return Pools(**{name: everything.take(np.sort(np.concatenate(piece))) for name, piece in parts.items()})
