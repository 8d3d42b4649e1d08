"""Estimates of a stored window."""

from __future__ import annotations

from datetime import datetime

from detectors.performance.estimates.estimate import Estimate
from detectors.performance.estimates.fitting import FittedEstimators
from detectors.performance.estimates.reference import MOST_ROWS, event_arrays
from detectors.performance.estimates.rows import ScoredRows
from driftline.contracts import Contract
from driftline.store import Store, load_sql


def estimate_window(
    store: Store,
    contract: Contract,
    fitted: FittedEstimators,
    version: str,
    start: datetime,
    end: datetime,
    *,
    most_rows: int = MOST_ROWS,
) -> list[Estimate]:
    """Figures of the events of one version in ``[start, end)``, from a sample of at most ``most_rows``."""
    return fitted.estimate(window_rows(store, contract, fitted, version, start, end, most_rows=most_rows))


def window_rows(
    store: Store,
    contract: Contract,
    fitted: FittedEstimators,
    version: str,
    start: datetime,
    end: datetime,
    *,
    most_rows: int = MOST_ROWS,
) -> ScoredRows:
    """The sampled events as rows of the reference's layout."""
    row = store.query(
        load_sql(__file__, "window"),
        {
            "model": contract.model,
            "versions": [version],
            "since": start,
            "until": end,
            "most_rows": most_rows,
            "width": contract.width("numeric"),
            "texts": contract.width("categorical"),
        },
    )[0]
    return fitted.reference.layout.rows(contract, event_arrays(contract, row, int(row["total"])))
