"""Labelled rows with their losses and columns, out of the store."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np

from detectors.multivariate.sampled_rows import slots_of
from detectors.performance.attribution.rows import LossRows
from detectors.performance.attribution.text_losses import text_losses
from detectors.performance.decay.loss import Loss
from detectors.performance.labels.recipe import join_recipe
from detectors.profiles.layout import ColumnLayout
from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.store import Store, load_sql

MOST_ROWS: Final = 20_000
_ENDLESS: Final = 1e300


def loss_rows(
    store: Store,
    contract: Contract,
    loss: Loss,
    layouts: Mapping[str, ColumnLayout],
    since: datetime,
    until: datetime,
    *,
    versions: Sequence[str] = (),
    model: str = "",
    most_rows: int = MOST_ROWS,
) -> LossRows:
    """At most 20,000 labelled events of ``[since, until)`` with their losses.

    Parameters
    ----------
    loss
        Of one event, from :func:`~detectors.performance.decay.loss.loss_of`; not clipped when its bound is
        still to be learned.
    layouts
        Bins by column name, the baseline's; columns without one are left out.
    versions
        All when empty.
    model
        Stand-in that holds a file's rows, in place of the contract's model.

    Raises
    ------
    InvalidInput
        The contract measures no quality.
    """
    recipe, quality = join_recipe(contract), contract.quality_or_default()
    if recipe is None or quality is None:
        raise InvalidInput(
            f"the contract of {contract.model!r} measures no quality: name a prediction or a quality section"
        )
    per_event = loss.kind == "event"
    width, texts = contract.width("numeric"), contract.width("categorical")
    query = load_sql(__file__, "loss_rows")
    query = query.replace("@loss", "0." if per_event else loss.expression)
    query = query.replace("@counted", "1" if per_event else loss.counted)
    found = store.query(
        query,
        {
            **loss.params,
            "loss_bound": _ENDLESS if math.isnan(loss.bound) else loss.bound,
            "model": model or contract.model,
            "recipe": recipe.recipe,
            "name": loss.name,
            "since": since,
            "until": until,
            "versions": list(versions),
            "most_rows": most_rows,
            "width": width,
            "texts": texts,
        },
    )[0]
    losses, weights = (np.asarray(found[name], dtype=np.float64) for name in ("losses", "weights"))
    if per_event:
        losses, factors = text_losses(quality, loss.metric, found["truths"], found["predictions"])
        weights = weights * factors
    rows = LossRows(
        np.nan_to_num(losses),
        np.where(weights > 0, weights, 1.0),
        _bins(contract, layouts, found, len(weights)),
        {name: layout for name, layout in layouts.items() if contract.column(name) is not None},
        {
            name: np.asarray([segments[place] for segments in found["segments"]], dtype=np.str_)
            for place, name in enumerate(recipe.segments)
        },
        int(found["total"]),
    )
    return rows.taken(np.isfinite(losses) & (weights > 0))


def _bins(
    contract: Contract, layouts: Mapping[str, ColumnLayout], found: Mapping[str, Any], rows: int
) -> dict[str, Any]:
    width, texts = contract.width("numeric"), contract.width("categorical")
    numbers = np.asarray(found["numbers"], dtype=np.float64).reshape(rows, width)
    cells: list[str] = found["cells"]
    return {
        column.name: slots_of(
            layouts[column.name],
            numbers[:, column.slot] if column.kind == "numeric" else cells[column.slot :: texts],
        )
        for column in contract.columns()
        if column.name in layouts
    }
