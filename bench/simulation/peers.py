"""What others do, in a few lines of NumPy and SciPy on the same rows: alarm or not, a field and window.

Each compares one window with the reference and takes rows as independent; weights are unknown to them. The
reference is a file's 10,000 rows, or ten windows spread over the history.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, kolmogorov

from bench.simulation.fields import Field
from bench.simulation.latent import CELLS, CODES, Cells, Vector
from bench.simulation.month import FieldRows, Month

Alarms = dict[str, NDArray[np.bool_]]

BINS = 10
REFERENCE_ROWS = 10_000
ALPHA = 0.05
FLOOR = 1e-4
"""Share that empty bins get in PSI, a usual choice."""

KS_WINDOW = "KS / chi-square, p < .05, Bonferroni over fields"
KS_MONTH = "KS / chi-square, p < .05, Bonferroni over fields and month"
CHI_WINDOW = "chi-square on 10 bins, Bonferroni over fields"
CHI_MONTH = "chi-square on 10 bins, Bonferroni over fields and month"
PSI = "PSI > .2"
CHUNKS = "JS mean + 3 sd over reference chunks"
DISTANCE = "Wasserstein / sd or JS distance >= .1"
PROCEDURES = (KS_WINDOW, KS_MONTH, CHI_WINDOW, CHI_MONTH, PSI, CHUNKS, DISTANCE)


@dataclass(frozen=True)
class _Counts:
    """One field: counts of the reference, shape (1, B) or (chunks, B), and of every window, (T, B)."""

    reference: Vector
    chunks: Vector
    windows: Vector


def peers(month: Month) -> Alarms:
    """Alarms of every procedure, shape (F, T); windows without rows raise none."""
    alarms: Alarms = {name: np.zeros((len(month.raw), month.rows.size), dtype=bool) for name in PROCEDURES}
    for i, rows in enumerate(month.raw):
        for name, raised in _of_field(rows, month.rows, len(month.raw)):
            alarms[name][i] = raised & (month.rows > 0)
    return alarms


def _of_field(
    rows: FieldRows, sizes: NDArray[np.int64], fields: int
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    reference = _ten_blocks(rows.reference[rows.reference < CELLS])
    window_of_row = np.repeat(np.arange(sizes.size), sizes)
    valid = (rows.month < CELLS) | (rows.month == CODES - 1)
    fine = np.bincount(window_of_row[valid] * CODES + rows.month[valid], minlength=sizes.size * CODES)
    fine = fine.reshape(sizes.size, CODES)
    n = np.maximum(fine.sum(axis=1), 1).astype(np.float64)
    counts = _binned(rows.field, reference, fine)
    month = fields * sizes.size
    p_chi = _chi_square(counts)
    if rows.field.kind == "numeric":
        own, theirs = np.cumsum(np.bincount(reference, minlength=CELLS)), np.cumsum(fine[:, :CELLS], axis=1)
        # Cells with one value are one step of the distribution.
        steps = np.append(np.flatnonzero(np.diff(rows.field.values)), CELLS - 1)
        gap = np.abs(theirs[:, steps] / n[:, None] - own[steps] / reference.size)
        p = kolmogorov(np.sqrt(n * reference.size / (n + reference.size)) * gap.max(axis=1))
        widths = np.diff(rows.field.values[np.append(steps, CELLS - 1)])
        spread = max(0.001, float(rows.field.values[reference].std()))
        distance = (gap * widths).sum(axis=1) / spread
    else:
        p, distance = p_chi, _jensen_shannon(counts.windows, counts.reference)
    yield KS_WINDOW, p < ALPHA / fields
    yield KS_MONTH, p < ALPHA / month
    yield CHI_WINDOW, p_chi < ALPHA / fields
    yield CHI_MONTH, p_chi < ALPHA / month
    shares = np.maximum(counts.windows / n[:, None], FLOOR)
    base = np.maximum(counts.reference / counts.reference.sum(), FLOOR)
    yield PSI, ((shares - base) * np.log(shares / base)).sum(axis=1) > 0.2
    past = _jensen_shannon(counts.chunks, counts.reference)
    yield CHUNKS, _jensen_shannon(counts.windows, counts.reference) > past.mean() + 3 * past.std()
    yield DISTANCE, distance >= 0.1


def _ten_blocks(rows: Cells) -> Cells:
    """Ten stretches of 1,000 rows spread over a history: as many rows as a file, in chunks of one window."""
    block = REFERENCE_ROWS // 10
    if rows.size <= REFERENCE_ROWS:
        return rows
    return np.concatenate([rows[i * rows.size // 10 :][:block] for i in range(10)])


def _binned(field: Field, reference: Cells, fine: NDArray[np.int64]) -> _Counts:
    """Ten equal-mass bins of the reference, or every category; unseen ones apart."""
    place = np.zeros(CODES, dtype=np.int64)
    if field.kind == "numeric":
        cuts = np.unique(np.quantile(field.values[reference], np.arange(1, BINS) / BINS))
        place[:CELLS] = np.searchsorted(cuts, field.values, side="right")
    else:
        place[:CELLS] = field.categories()
    place[CELLS:] = place[:CELLS].max() + 1
    bins = int(place.max()) + 1
    chunk = np.arange(reference.size) * 10 // reference.size
    chunks = np.bincount(chunk * bins + place[reference], minlength=10 * bins).reshape(10, bins)
    windows = np.zeros((fine.shape[0], bins))
    for b in range(bins):
        windows[:, b] = fine[:, place == b].sum(axis=1)
    return _Counts(chunks.sum(axis=0).astype(np.float64), chunks.astype(np.float64), windows)


def _chi_square(counts: _Counts) -> Vector:
    """P-value of Pearson's two-sample test over bins that either side fills."""
    a, b = counts.windows, counts.reference[None, :]
    n, m = np.maximum(a.sum(axis=1, keepdims=True), 1), b.sum()
    pooled = a + b
    live = pooled > 0
    terms = np.where(live, (a * np.sqrt(m / n) - b * np.sqrt(n / m)) ** 2 / np.where(live, pooled, 1), 0.0)
    return np.asarray(chdtrc(np.maximum(live.sum(axis=1) - 1, 1), terms.sum(axis=1)))


def _jensen_shannon(counts: Vector, reference: Vector) -> Vector:
    """Jensen-Shannon distance in base 2 of every row of counts."""
    p = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    q = reference / reference.sum()
    middle = (p + q) / 2
    safe = np.where(middle > 0, middle, 1.0)

    def half(shares: Vector) -> Vector:
        return np.asarray((shares * np.log2(np.where(shares > 0, shares / safe, 1.0))).sum(axis=1))

    return np.sqrt(np.maximum(half(p) + half(np.broadcast_to(q, p.shape)), 0) / 2)
