"""Rows of a stage as they are compared: one a trace, with what the stages before it answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from detectors.stages.basis import Values
from detectors.stages.outcomes import Floats
from driftline.contracts import Contract, Role
from driftline.store import Store, load_sql

MOST_ROWS = 5_000

LEAST_JOINED = 0.5
"""Share of a stage's rows that must have the stages before it, so that only these are looked at."""


@dataclass(frozen=True, slots=True)
class StageRows:
    """Sampled traces of one stage in the order of time.

    Attributes
    ----------
    traces
        Trace ids, shape ``(n,)``.
    times
        Of the requests, Unix milliseconds.
    values
        By column; numbers with NaN, categories with U+0000 where missing.
    """

    traces: NDArray[np.str_]
    times: NDArray[np.int64]
    weights: Floats
    failed: NDArray[np.bool_]
    latency_ms: Floats
    values: Mapping[str, Values]

    def __len__(self) -> int:
        return len(self.times)

    def taken(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> StageRows:
        """The chosen rows."""
        return StageRows(
            self.traces[chosen],
            self.times[chosen],
            self.weights[chosen],
            self.failed[chosen],
            self.latency_ms[chosen],
            {name: values[chosen] for name, values in self.values.items()},
        )

    def only(self, names: Sequence[str]) -> dict[str, Values]:
        """The values of some columns."""
        return {name: self.values[name] for name in names}


def read_stage_rows(store: Store, contract: Contract, since: datetime, until: datetime) -> StageRows:
    """At most 5,000 traces of a stage in ``[since, until)``, one event of each."""
    width, texts = contract.width("numeric"), contract.width("categorical")
    found = store.query(
        load_sql(__file__, "stage_rows"),
        {
            "model": contract.model,
            "since": since,
            "until": until,
            "most_rows": MOST_ROWS,
            "width": width,
            "texts": texts,
        },
    )[0]
    n = len(found["times"])
    numbers = np.asarray(found["numbers"], dtype=np.float64).reshape(n, width)
    cells = np.asarray(found["texts"], dtype=np.str_).reshape(n, texts)
    values: dict[str, Values] = {}
    for column in contract.columns():
        values[column.name] = (
            numbers[:, column.slot].copy() if column.kind == "numeric" else cells[:, column.slot]
        )
    return StageRows(
        np.asarray(found["traces"], dtype=np.str_),
        np.asarray(found["times"], dtype=np.int64),
        np.asarray(found["weights"], dtype=np.float64),
        np.asarray(found["failed"], dtype=np.bool_),
        np.asarray(found["latencies"], dtype=np.float64),
        values,
    )


def columns_of_role(contract: Contract, *roles: Role) -> list[str]:
    """Names of the columns that have one of these roles."""
    return [column.name for column in contract.columns() if column.role in roles]


def joined(rows: StageRows, others: Mapping[str, tuple[StageRows, Sequence[str]]]) -> StageRows:
    """Rows whose trace the other stages have too, with chosen columns of these added as ``stage: column``.

    Parameters
    ----------
    others
        By stage: its rows and which columns to add.
    """
    chosen = np.ones(len(rows), dtype=np.bool_)
    places = {}
    for stage, (other, _) in others.items():
        order = {trace: place for place, trace in enumerate(other.traces.tolist())}
        found = np.array([order.get(trace, -1) for trace in rows.traces.tolist()], dtype=np.intp)
        places[stage] = found
        chosen &= found >= 0
    kept = rows.taken(chosen)
    added = {
        f"{stage}: {name}": other.values[name][places[stage][chosen]]
        for stage, (other, names) in others.items()
        for name in names
    }
    return StageRows(
        kept.traces, kept.times, kept.weights, kept.failed, kept.latency_ms, {**kept.values, **added}
    )
