"""The peers' tests, written in a few lines, agree with SciPy on the same rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, kstwobign, wasserstein_distance

from bench.simulation import peers
from bench.simulation.kinds import KINDS
from bench.simulation.latent import CELLS
from bench.simulation.month import build_month


@pytest.mark.parametrize("kind", ["iid", "heavy"])
def test_alarms_are_those_of_scipy(kind: str) -> None:
    month = build_month(KINDS[kind], "file", 0, windows=12, keep_rows=True)
    raised = peers.peers(month)
    for i in (0, 1, 4, 20, 22):
        rows = month.raw[i]
        reference = rows.reference[rows.reference < CELLS]
        bounds = np.cumsum(month.rows)[:-1]
        for t, cells in enumerate(np.split(rows.month, bounds)):
            window = cells[cells < CELLS]
            ours = {name: bool(alarms[i, t]) for name, alarms in raised.items()}
            values, past = rows.field.values[window], rows.field.values[reference]
            if rows.field.kind == "numeric":
                every = np.unique(np.concatenate([values, past]))
                gap = np.abs(
                    np.searchsorted(np.sort(values), every, side="right") / values.size
                    - np.searchsorted(np.sort(past), every, side="right") / past.size
                ).max()
                p = kstwobign.sf(gap * np.sqrt(values.size * past.size / (values.size + past.size)))
                distance = wasserstein_distance(values, past) / past.std()
            else:
                table = np.stack([np.bincount(side.astype(int), minlength=200) for side in (values, past)])
                table = table[:, table.sum(axis=0) > 0]
                p = chi2_contingency(table, correction=False).pvalue
                distance = jensenshannon(table[0], table[1], base=2)
            assert ours[peers.KS_WINDOW] == (p < 0.05 / 25)
            assert ours[peers.DISTANCE] == (distance >= 0.1)


def test_what_changed_grossly_is_flagged_by_all() -> None:
    from bench.simulation.changes import Change

    month = build_month(
        KINDS["iid"], "file", 0, windows=4, change=Change("s", "shift", 2.0, 1), change_at=2, keep_rows=True
    )
    for alarms in peers.peers(month).values():
        assert alarms[:20, 2:].all()
