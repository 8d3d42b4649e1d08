"""What is wrong with a field of a baseline, in words: what its owner can do something about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.baselines.baseline import BaselineColumn
from detectors.baselines.category_names import look_alikes
from detectors.baselines.layouts import LaidOut
from detectors.profiles.layout import KNOWN_CATEGORIES

MOSTLY_MISSING = 0.9
RARE_SHARE = 0.05
"""Share of rows with a category seen once above which new categories come in nearly every window."""

STEADY_WINDOWS = 12
SHOWN_PAIRS = 5


NO_WINDOWS: NDArray[np.float64] = np.zeros(0)


def trouble(
    column: BaselineColumn, laid_out: LaidOut, means: NDArray[np.float64] = NO_WINDOWS
) -> tuple[str, ...]:
    """Everything that makes one field of a baseline blind or noisy; empty when nothing does.

    Parameters
    ----------
    column
        The field in the baseline.
    laid_out
        What was seen while it was laid out.
    means
        Means of its windows in its unit, oldest first, when they have an order in time; NaN: none.
    """
    total = float(column.counts.sum())
    missing = float(column.counts[-1]) / total if total > 0 else 1.0
    if missing >= 1:
        return ("every value is missing: only a change of that will be seen",)
    found = []
    if missing > MOSTLY_MISSING:
        found.append(f"{missing:.1%} of its values are missing")
    found += _numeric(laid_out, means) if column.layout.kind == "numeric" else _categorical(column, laid_out)
    return tuple(found)


def _numeric(laid_out: LaidOut, means: NDArray[np.float64]) -> list[str]:
    layout, found = laid_out.layout, []
    if laid_out.infinite_rows:
        found.append(
            f"{laid_out.infinite_rows:,} values are infinite: they count in the outermost bins, "
            "and mean and spread are those of the others"
        )
    if not layout.edges:
        found.append("no value is finite: only missing values will be seen to change")
    elif layout.minimum == layout.maximum:
        found.append(f"constant ({layout.minimum:.6g}): any other value will be out of its range")
    elif _always_moves_on(means):
        found.append(
            "its mean moved on from every window to the next, as a timestamp's or a running id's does: "
            "it will drift for ever, so leave it out of the contract or send its age instead"
        )
    return found


def _always_moves_on(means: NDArray[np.float64]) -> bool:
    """Whether the mean rises, or falls, from each window to the next."""
    steps = np.diff(means[np.isfinite(means)])
    return steps.size >= STEADY_WINDOWS and bool(np.all(steps > 0) or np.all(steps < 0))


def _categorical(column: BaselineColumn, laid_out: LaidOut) -> list[str]:
    found = []
    if laid_out.distinct == 1:
        found.append(f"constant ({laid_out.layout.categories[0]!r}): any other value will be unseen")
    if laid_out.distinct > KNOWN_CATEGORIES:
        found.append(
            f"{laid_out.distinct:,} categories: the {KNOWN_CATEGORIES:,} most frequent are known, "
            "so new ones cannot be told from rare ones"
        )
    rare = laid_out.singletons / column.rows if column.rows else 0.0
    if rare > RARE_SHARE:
        found.append(
            f"{rare:.1%} of its rows hold a category that was seen once: about as many of any window's "
            "rows will hold a new one, so watch a coarser field instead"
        )
    pairs = look_alikes(laid_out.layout.categories)
    if pairs:
        shown = "; ".join(" and ".join(map(repr, group)) for group in pairs[:SHOWN_PAIRS])
        more = f"; {len(pairs) - SHOWN_PAIRS} more" if len(pairs) > SHOWN_PAIRS else ""
        found.append(f"categories that differ in case, spaces or Unicode form only: {shown}{more}")
    return found
