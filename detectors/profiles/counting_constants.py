"""The constants of a counting query: what all its requests ask, side by side in flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Any

import numpy as np

from detectors.profiles.counting_plan import CountingPlan
from detectors.profiles.layout import OTHER_GROUPS


@dataclass(frozen=True, slots=True)
class CountRequest:
    """Which events of a model are counted, and how.

    Attributes
    ----------
    versions
        Versions to count; empty for all of them.
    apart
        Count each version on its own; otherwise all together, reported as version ``""``.
    since, until
        Half-open range of event times.
    """

    plan: CountingPlan
    since: datetime
    until: datetime
    versions: tuple[str, ...] = ()
    apart: bool = True


@dataclass(slots=True)
class Batch:
    """Requests that one query answers: no event may belong to two of them."""

    requests: list[CountRequest] = field(default_factory=list)
    fields: int = 0
    _any: set[str] = field(default_factory=set)
    _pairs: set[tuple[str, str]] = field(default_factory=set)
    _models: set[str] = field(default_factory=set)

    def takes(self, request: CountRequest) -> bool:
        """Whether this request asks for other events than those already in the batch."""
        model = request.plan.model
        if not request.versions:
            return model not in self._models
        return model not in self._any and not any((model, each) in self._pairs for each in request.versions)

    def add(self, request: CountRequest, fields: int) -> None:
        """Answer this request too."""
        model = request.plan.model
        self.requests.append(request)
        self.fields += fields
        self._models.add(model)
        if request.versions:
            self._pairs.update((model, version) for version in request.versions)
        else:
            self._any.add(model)


def query_constants(requests: Sequence[CountRequest]) -> dict[str, tuple[str, Any]]:
    """The constants that ``counting.sql`` describes, with their ClickHouse types."""
    plans = [request.plan for request in requests]
    number_width = [plan.edges.shape[0] for plan in plans]
    text_width = [len(plan.categories) for plan in plans]
    categories = [each for plan in plans for each in plan.categories]
    numbered = list(enumerate(requests, start=1))
    pairs = [(r.plan.model, version, number) for number, r in numbered for version in r.versions]
    whole = [(r.plan.model, number) for number, r in numbered if not r.versions]
    segments = [
        (value, number, code)
        for number, r in numbered
        for code, value in enumerate(r.plan.segment_values, start=1)
    ]
    edges = np.concatenate([np.zeros(0), *(plan.edges.ravel() for plan in plans)])
    return {
        # An event of no request stands at 0: its range is empty.
        "begins": ("Array(Int64)", [0, *(_milliseconds(r.since) for r in requests)]),
        "ends": ("Array(Int64)", [0, *(_milliseconds(r.until) for r in requests)]),
        "apart": ("Array(UInt8)", [0, *(int(r.apart) for r in requests)]),
        "number_base": ("Array(UInt32)", [0, *_starts(number_width)]),
        "number_width": ("Array(UInt32)", [0, *number_width]),
        "text_base": ("Array(UInt32)", [0, *_starts(text_width)]),
        "text_width": ("Array(UInt32)", [0, *text_width]),
        "segment_slot": ("Array(UInt32)", [1, *(plan.segment_slot + 1 for plan in plans)]),
        "pair_models": ("Array(String)", [model for model, _, _ in pairs]),
        "pair_versions": ("Array(String)", [version for _, version, _ in pairs]),
        "pair_requests": ("Array(UInt32)", [number for _, _, number in pairs]),
        "any_models": ("Array(String)", [model for model, _ in whole]),
        "any_requests": ("Array(UInt32)", [number for _, number in whole]),
        "edges": ("Array(Float64)", edges.tolist()),
        "names": ("Array(String)", [name for each in categories for name in each.names]),
        "name_slots": ("Array(UInt32)", [slot for slot, each in enumerate(categories) for _ in each.names]),
        "name_counts": ("Array(UInt8)", [place for each in categories for place in each.places]),
        "other_counts": (
            "Array(UInt8)",
            [each.other + each.grouped * group for each in categories for group in range(OTHER_GROUPS)],
        ),
        "segment_names": ("Array(String)", [value for value, _, _ in segments]),
        "segment_requests": ("Array(UInt32)", [number for _, number, _ in segments]),
        "segment_codes": ("Array(UInt32)", [code for _, _, code in segments]),
    }


def _starts(widths: list[int]) -> list[int]:
    return [0, *accumulate(widths)][: len(widths)]


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
