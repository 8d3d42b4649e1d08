"""What carries a model's drift: its windows from the store, attributed by the detectors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from detectors.explanation.attribution import attribution_of
from detectors.explanation.near_names import not_found
from driftline.contract_store import ContractStore
from driftline.errors import NotFound
from driftline.readmodel.attribution import ModelAttribution, WindowAttribution
from driftline.readmodel.health import model_facts
from driftline.readmodel.ranges import EVERYTHING
from driftline.readmodel.window_evidence import window_evidence
from driftline.readmodel.windows import windows
from driftline.settings import Settings
from driftline.store import Store


def model_attribution(
    store: Store, settings: Settings, model: str, version: str = "", at: datetime | None = None
) -> ModelAttribution:
    """Attribute one window of a model's versions.

    Parameters
    ----------
    version
        Empty for the versions that serve, or, when none of them has been compared, the last that was.
    at
        A moment in the window; ``None`` for the newest window of each version that could be judged.

    Raises
    ------
    NotFound
        No such model, version or window; the message lists close ones.
    """
    contracts = ContractStore(store)
    if contracts.latest(model) is None:
        raise not_found(
            "model",
            model,
            (one.model for one in contracts.all_latest()),
            "register a contract with `driftline register`, or let a collector infer one from its traffic",
        )
    if version:
        found = attributed(store, model, [version], at)
    elif at is not None:
        found = attributed(store, model, (), at)
    else:
        found = attributed(store, model, model_facts(store, settings, model).versions)
        found = found or attributed(store, model, ())[:1]
    if not found:
        raise _nothing(store, model, version, at)
    return ModelAttribution(model=model, windows=tuple(found))


def attributed(
    store: Store, model: str, versions: Sequence[str], at: datetime | None = None
) -> list[WindowAttribution]:
    """One window of each of these versions, or of all when none is named; newest first."""
    return [attribution_of(window) for window in window_evidence(store, model, versions, at)]


def _nothing(store: Store, model: str, version: str, at: datetime | None) -> NotFound:
    compared = [one for one in windows(store, model, EVERYTHING) if one.status != "no_baseline"]
    if not compared:
        return NotFound(
            f"{model!r} has not been compared yet: it needs a baseline (`driftline baseline {model}`) and a "
            "window that has closed"
        )
    versions = {one.version for one in compared}
    if version and version not in versions:
        return not_found(f"version of {model!r} that was compared", version, versions)
    mine = [one for one in compared if not version or one.version == version]
    first, last = mine[-1].window_start, mine[0].window_start
    asked = "" if at is None else f" at {at:%Y-%m-%d %H:%M:%S} UTC"
    return NotFound(
        f"{model!r} has no compared window{asked}; "
        f"its windows begin between {first:%Y-%m-%d %H:%M:%S} and {last:%Y-%m-%d %H:%M:%S} UTC"
    )
