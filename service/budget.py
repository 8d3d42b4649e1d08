"""The false-alarm budget of a model as it is now: its contract, baseline and usual traffic."""

from __future__ import annotations

from detectors.baselines.stored import load_baselines
from detectors.budget_report import budget_report
from detectors.watched import Watched
from driftline.contract_store import ContractStore
from driftline.errors import NotFound
from driftline.readmodel.budget import Budget
from driftline.settings import Settings
from driftline.store import Store, load_sql

RECENT_WINDOWS = 168


def model_budget(
    store: Store, settings: Settings, model: str, version: str = "", window_rows: float | None = None
) -> Budget:
    """Spell out a model's budget.

    Parameters
    ----------
    version
        Version; empty for the one of the newest window.
    window_rows
        Effective rows of a window; those of its usual window when ``None``, 1,000 when it has none yet.

    Raises
    ------
    NotFound
        The model is unknown, or has no baseline.
    """
    contracts = ContractStore(store)
    contract = contracts.required(model)
    usual = store.query(
        load_sql(__file__, "usual_windows"), {"model": model, "version": version, "windows": RECENT_WINDOWS}
    )
    known = version or (usual[0]["version"] if usual else "")
    baselines = load_baselines(store, model)
    baseline = baselines.get(known) or baselines.get("")
    if baseline is None:
        raise NotFound(f"model {model!r} has no baseline: make one with `driftline baseline {model}`")
    fleet = len(contracts.all_latest()) if settings.budget.scope == "fleet" else 1
    rows = window_rows or (usual[0]["effective_rows"] if usual else 0.0) or 1000.0
    return budget_report(Watched.of(contract, known, baseline, settings, fleet), settings, fleet, rows)
