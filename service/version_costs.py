"""What a thousand predictions of two versions cost: use is measured by instance, and instances serve them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from costs.per_model import InstanceCost, model_costs
from costs.prices import usd_per_1000
from driftline.readmodel.version_parity import CostGain
from driftline.settings import Settings
from driftline.store import Store, load_sql


def cost_gain(
    store: Store, settings: Settings, model: str, a: str, b: str, since: datetime, until: datetime
) -> CostGain:
    """Cost of both versions from the instances that served one version only.

    What an instance used while it served several cannot be divided between them.
    """
    rows = store.query(
        load_sql(__file__, "version_instances"), {"model": model, "since": since, "until": until}
    )
    served = {row["instance"]: tuple(row["versions"]) for row in rows}
    found = model_costs(store, settings, model, since, until)
    instances = found[0].instances if found else ()
    of_a, of_b = (_of_version(instances, served, version) for version in (a, b))
    reasons = [
        _reason(instances, served, version) for version, cost in ((a, of_a), (b, of_b)) if cost is None
    ]
    return CostGain(
        a_usd_per_1000=of_a,
        b_usd_per_1000=of_b,
        ratio=of_b / of_a if of_a and of_b is not None else None,
        reason="; ".join(reasons),
    )


def _of_version(
    instances: Sequence[InstanceCost], served: Mapping[str, tuple[str, ...]], version: str
) -> float | None:
    mine = [
        one
        for one in instances
        if served.get(one.instance) == (version,) and one.total_usd is not None and one.predictions
    ]
    return usd_per_1000(sum(one.total_usd or 0.0 for one in mine), sum(one.predictions for one in mine))


def _reason(instances: Sequence[InstanceCost], served: Mapping[str, tuple[str, ...]], version: str) -> str:
    mine = [one for one in instances if version in served.get(one.instance, ())]
    if any(one.total_usd is not None for one in mine) and all(
        len(served[one.instance]) > 1 for one in mine if one.total_usd is not None
    ):
        return f"instances of {version!r} served other versions too"
    return f"no use was measured of {version!r}: run `driftline node` beside it"
