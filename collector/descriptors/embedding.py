"""Ten numbers that change when vectors move: their length, their angle to the baseline, eight directions."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.descriptors.fixed_random import splitmix64
from collector.descriptors.reference import MOST_DIMENSIONS, Centroid, unit_vectors

PROJECTIONS = 8
ELEMENTS_AT_ONCE = 1 << 18


def measure_embeddings(
    matrix: NDArray[Any], reference: Centroid | None = None
) -> dict[str, NDArray[np.float64]]:
    """All embedding columns by name, one value a vector.

    Parameters
    ----------
    matrix
        ``(n, d)``; further axes are flattened.
    reference
        Centroid of the baseline; without one, or with one of another dimension, ``cosine`` is NaN.

    Returns
    -------
    dict
        Each of shape ``(n,)``, NaN where an element is not finite:

        - ``norm``: Euclidean length, 0 or more, in the vector's unit;
        - ``cosine``: cosine of the angle to the centroid, -1..1; NaN for a vector without length;
        - ``projection_0`` to ``projection_7``: inner products of the vector, divided by its length, with
          the fixed :func:`directions` of its dimension, within ±sqrt(d); NaN without length. Over random
          directions their mean square is 1 whatever the dimension, so that values of models of different
          dimensions can be compared (Achlioptas, "Database-friendly random projections", 2003, without
          its factor 1 / sqrt(k)).

    Raises
    ------
    ValueError
        ``matrix`` has fewer than two axes, no element a row, or more than 65,536.

    >>> found = measure_embeddings(np.array([[3.0, 4.0]]), Centroid(np.float32([0.5, 0.0]), rows=9))
    >>> found["norm"].tolist(), found["cosine"].round(6).tolist()
    ([5.0], [0.6])
    >>> sorted({round(abs(float(found[f"projection_{i}"][0])), 6) for i in range(8)})  # 4/5 ± 3/5
    [0.2, 1.4]
    """
    dimension = int(np.prod(matrix.shape[1:])) if matrix.ndim > 1 else 0
    if not 0 < dimension <= MOST_DIMENSIONS:
        raise ValueError(f"shape {matrix.shape} is not (rows, 1 to {MOST_DIMENSIONS} dimensions)")
    signs = directions(dimension)
    baseline = None
    if reference is not None and len(reference.direction) == dimension:
        baseline = unit_vectors(reference.direction.astype(np.float64)[None])[0]
    norms, cosines = np.full((2, len(matrix)), np.nan)
    projections = np.full((PROJECTIONS, len(matrix)), np.nan)
    step = max(1, ELEMENTS_AT_ONCE // dimension)
    for start in range(0, len(matrix), step):
        rows = slice(start, start + step)
        vectors = np.asarray(matrix[rows], dtype=np.float64).reshape(-1, dimension)
        units = unit_vectors(vectors)
        norms[rows] = _norms(vectors)
        projections[:, rows] = signs @ units.T
        if baseline is not None:
            cosines[rows] = np.clip(units @ baseline, -1.0, 1.0)
    named = {f"projection_{index}": values for index, values in enumerate(projections)}
    return {"norm": norms, "cosine": cosines, **named}


@lru_cache(maxsize=4)
def directions(dimension: int) -> NDArray[np.float64]:
    """``(8, d)`` random signs ±1 that depend on the dimension alone: bits of SplitMix64 seeded by it.

    >>> bool((directions(5) == directions(5)).all()), directions(300).shape
    (True, (8, 300))
    """
    bits = splitmix64(dimension, PROJECTIONS * dimension) >> np.uint64(63)
    signs = np.where(bits == 1, 1.0, -1.0).reshape(PROJECTIONS, dimension)
    signs.flags.writeable = False
    return signs


def _norms(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore", invalid="ignore"):
        norms = np.linalg.norm(vectors, axis=1)
    return np.where(np.isfinite(norms), norms, np.nan)
