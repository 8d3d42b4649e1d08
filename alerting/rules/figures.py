"""The figures of an episode that rules may put a bound on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FIGURES: Final[Mapping[str, str]] = {
    "effect": "largest change of a field, in standard units",
    "evidence": "strongest evidence of a field, in standard deviations",
    "fields": "how many fields changed",
    "quality_drop": "how far quality fell below the baseline's, in the metric's own unit",
    "labelled": "labelled rows behind the quality",
    "rows": "rows behind the quality",
    "missing": "largest rise of a field's missing share",
    "unseen": "largest rise of a field's share of unseen categories",
    "coverage": "share of the traffic that was captured",
    "cost_usd_per_hour": "cost of the model in USD an hour",
    "idle_share": "share of what the model holds that it does not use",
    "lost_events": "events that a collector dropped",
}
"""Name, and meaning with unit. A rule that bounds a figure does not match an episode that lacks it."""
