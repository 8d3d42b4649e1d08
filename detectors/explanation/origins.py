"""Where a change comes from: how much of it each version, instance and segment carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftline.readmodel.explanation import Origin

SHOWN_OF_A_KIND = 10


def origins(baseline_counts: NDArray[np.float64], rows: Sequence[Mapping[str, Any]]) -> tuple[Origin, ...]:
    """Split the change of a field over the groups of a window.

    .. math:: c_g = \\frac{\\sum_j \\operatorname{sign}(q_j - p_j) \\, w_g (q_{gj} - p_j)}
                         {\\sum_j |q_j - p_j|}

    with baseline shares p, shares q of the window, q_g of the group and its part w_g of the window's
    weight. Since :math:`q = \\sum_g w_g q_g`, the c_g of a kind sum to 1. A group may carry less than
    nothing: it moved against the others.

    Parameters
    ----------
    baseline_counts
        Weighted counts over the layout's slots.
    rows
        ``origin`` (kind), ``name``, ``bin``, ``rows`` and ``weight``; any order.

    Examples
    --------
    Two instances of equal weight; only the second left the baseline, so it carries everything.

    >>> def row(name, bin, weight):
    ...     return dict(origin="instance", name=name, bin=bin, rows=weight, weight=weight)
    >>> rows = [row("a", 0, 5), row("a", 1, 5), row("b", 0, 0), row("b", 1, 10)]
    >>> found = origins(np.array([50.0, 50.0]), rows)
    >>> [(one.name, one.share, one.carried) for one in found]
    [('b', 0.5, 1.0), ('a', 0.5, 0.0)]
    """
    p = baseline_counts / baseline_counts.sum()
    counts: dict[str, dict[str, NDArray[np.float64]]] = {}
    sizes: dict[tuple[str, str], int] = {}
    for row in rows:
        kind, name = row["origin"], row["name"]
        mine = counts.setdefault(kind, {}).setdefault(name, np.zeros(p.size))
        mine[row["bin"]] += row["weight"]
        sizes[kind, name] = sizes.get((kind, name), 0) + int(row["rows"])
    found: list[Origin] = []
    for kind, groups in counts.items():
        total = sum(float(group.sum()) for group in groups.values())
        q = np.sum(list(groups.values()), axis=0) / total
        moved = float(np.abs(q - p).sum())
        of_kind = []
        for name, group in groups.items():
            share = float(group.sum()) / total
            part = float(np.sign(q - p) @ (group / total - share * p))
            of_kind.append(
                Origin(
                    kind=kind,
                    name=name,
                    rows=sizes[kind, name],
                    share=share,
                    carried=part / moved if moved > 0 else None,
                )
            )
        of_kind.sort(key=lambda one: (-(one.carried or 0.0), -one.rows, one.name))
        found += of_kind[:SHOWN_OF_A_KIND]
    return tuple(found)
