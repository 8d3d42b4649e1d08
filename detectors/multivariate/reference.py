"""What rows of a baseline looked like together: a bounded sample and the correlations of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.multivariate.normal_scores import correlations
from detectors.multivariate.sampled_rows import MOST_ROWS, SampledRows, read_rows
from detectors.profiles.layout import ColumnLayout
from driftline.contracts import Contract
from driftline.store import Store, load_sql

CORRELATION_ROWS = 10_000
"""Rows that correlations are taken from: as many as a baseline counts for at most elsewhere."""


class LaidOutColumn(Protocol):
    """A baseline's column, as far as this room looks at it."""

    @property
    def layout(self) -> ColumnLayout: ...


class LaidOutBaseline(Protocol):
    """A baseline, as far as this room looks at it."""

    @property
    def baseline_id(self) -> str: ...

    @property
    def columns(self) -> Mapping[str, LaidOutColumn]: ...


@dataclass(frozen=True, slots=True)
class Reference:
    """Rows of a baseline.

    Attributes
    ----------
    sample
        At most 2,000 rows of all columns, numeric columns first.
    numeric
        How many of the columns are numeric.
    correlations
        Of every pair of numeric columns, upper triangle row by row; NaN: unknown.
    correlation_rows
        Effective rows behind them, at most 10,000.
    """

    baseline_id: str
    sample: SampledRows
    numeric: int
    correlations: NDArray[np.float64]
    correlation_rows: float

    def correlations_of(self, columns: Sequence[str]) -> NDArray[np.float64]:
        """Correlations of the pairs of some numeric columns, upper triangle row by row."""
        full = np.zeros((self.numeric, self.numeric))
        upper = np.triu_indices(self.numeric, 1)
        full[upper] = self.correlations
        full.T[upper] = self.correlations
        places = [self.sample.columns.index(name) for name in columns]
        chosen: NDArray[np.float64] = full[np.ix_(places, places)][np.triu_indices(len(places), 1)]
        return chosen


def reference_of(baseline_id: str, rows: SampledRows, layouts: Mapping[str, ColumnLayout]) -> Reference:
    """A reference from up to 10,000 rows: all of them for the correlations, 2,000 kept.

    The kept rows are spread evenly over the time that the rows cover.
    """
    numeric = [name for name in rows.columns if layouts[name].kind == "numeric"]
    found, _ = correlations(rows.only(numeric).slots, rows.weights)
    if len(rows) > MOST_ROWS:
        kept = rows.taken(np.linspace(0, len(rows) - 1, MOST_ROWS).astype(np.intp))
    else:
        kept = rows
    return Reference(baseline_id, kept, len(numeric), found, rows.effective)


def make_reference(
    store: Store,
    contract: Contract,
    baseline: LaidOutBaseline,
    *,
    model: str,
    versions: Sequence[str],
    since: datetime,
    until: datetime,
) -> Reference | None:
    """Sample the events that a baseline was made of and store the sample with it.

    Parameters
    ----------
    model
        Whose events: the contract's model, or the stand-in that holds a file's rows.

    Returns
    -------
    Reference or None
        None when the range holds fewer than two events: there is nothing to compare with.
    """
    layouts = {name: column.layout for name, column in baseline.columns.items()}
    rows = read_rows(
        store,
        contract,
        layouts,
        model=model,
        versions=versions,
        since=since,
        until=until,
        most_rows=CORRELATION_ROWS,
    )
    if len(rows) < 2:
        return None
    reference = reference_of(baseline.baseline_id, rows, layouts)
    save_reference(store, contract.model, reference)
    return reference


def save_reference(store: Store, model: str, reference: Reference) -> None:
    """Store a reference; saving it again replaces it."""
    sample = reference.sample
    store.insert_rows(
        "baseline_samples",
        [
            {
                "baseline_id": reference.baseline_id,
                "model": model,
                "columns": list(sample.columns),
                "rows": len(sample),
                "slots": sample.slots.T.tobytes(),
                "weights": sample.weights.astype("<f4").tobytes(),
                "correlations": reference.correlations.astype("<f4").tobytes(),
                "correlation_rows": reference.correlation_rows,
            }
        ],
    )


def load_reference(
    store: Store, model: str, baseline_id: str, layouts: Mapping[str, ColumnLayout]
) -> Reference | None:
    """The reference of a baseline, or ``None`` when none was stored with it."""
    found = store.query(load_sql(__file__, "reference"), {"model": model, "baseline_id": baseline_id})
    if not found:
        return None
    row = found[0]
    columns = tuple(row["columns"])
    slots = np.frombuffer(bytes.fromhex(row["slots"]), dtype=np.uint8).reshape(len(columns), row["rows"]).T
    weights = np.frombuffer(bytes.fromhex(row["weights"]), dtype="<f4").astype(np.float64)
    known = np.frombuffer(bytes.fromhex(row["correlations"]), dtype="<f4").astype(np.float64)
    numeric = sum(layouts[name].kind == "numeric" for name in columns if name in layouts)
    sample = SampledRows(columns, np.ascontiguousarray(slots), weights)
    return Reference(baseline_id, sample, numeric, known, row["correlation_rows"])
