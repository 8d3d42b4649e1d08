"""Page of two versions side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Protocol

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from starlette.responses import Response

from dashboards.web.formats import figure, percent, signed
from dashboards.web.pages import page_response
from driftline.quality_metrics import Metric, metric_of
from driftline.readmodel.version_comparison import RiskDifference, VersionComparison
from driftline.readmodel.version_parity import VersionParity

TONES: Final = {
    "better": "healthy",
    "not_worse": "healthy",
    "worse": "decaying",
    "undecided": "watch",
    "pass": "healthy",
    "fail": "decaying",
    "faster": "healthy",
    "slower": "decaying",
    "fewer": "healthy",
    "more": "decaying",
}
"""Colour of a verdict: that of the status that is as good or bad."""

router = APIRouter(include_in_schema=False)


class VersionSource(Protocol):
    """Compares versions; the service passes it in, this room does not know detectors."""

    def versions(self, model: str) -> Sequence[str]:
        """Versions that answered, the oldest first."""

    def comparison(self, model: str, champion: str, challenger: str) -> VersionComparison:
        """A challenger against the champion."""

    def parity(self, model: str, champion: str, challenger: str) -> VersionParity:
        """Whether both answer alike; needs traffic that both answered."""


@dataclass(frozen=True)
class VersionsView:
    """Everything the template shows.

    Attributes
    ----------
    found, parity
        ``None`` while there are no two versions, and without traffic that both answered.
    """

    model: str
    versions: tuple[str, ...]
    champion: str
    challenger: str
    found: VersionComparison | None
    parity: VersionParity | None

    @property
    def metric(self) -> Metric:
        return metric_of(self.found.metric if self.found else "")

    @property
    def reach(self) -> float:
        """Half the width of the drawn scale of differences, in the metric's unit."""
        if self.found is None or self.found.risk is None:
            return 1.0
        rows = (self.found.risk, *self.found.segments)
        # An interval that is still wide open must not shrink all others to a dot.
        ends = [abs(end) for one in rows for end in (one.difference, self.found.margin) if end is not None]
        of_whole = [abs(end) for end in (self.found.risk.lower, self.found.risk.upper) if end is not None]
        return 1.15 * max(*ends, *of_whole, 1e-9)

    def at(self, value: float | None) -> float:
        """Where a difference lies on the drawn scale, 0..100; left is better."""
        inside = max(-self.reach, min(self.reach, value or 0.0))
        return 50.0 + 50.0 * inside / self.reach

    def rows(self) -> tuple[RiskDifference, ...]:
        """The whole, then the segments, the worst first."""
        if self.found is None or self.found.risk is None:
            return ()
        return (
            self.found.risk,
            *sorted(self.found.segments, key=lambda one: -(one.lower if one.lower is not None else -1e9)),
        )

    def value(self, amount: float | None) -> str:
        """A value of the metric."""
        return percent(amount, 2) if self.metric.unit == "share" else figure(amount, 4)

    def difference(self, amount: float | None) -> str:
        """A difference of the metric; of shares in points."""
        if amount is None:
            return signed(None)
        return signed(100 * amount) if self.metric.unit == "share" else signed(amount, 4)


def mount_version_pages(app: FastAPI, source: VersionSource) -> None:
    """Add the page to ``app``, which has the other pages and their files."""
    app.state.version_source = source
    app.include_router(router)


def _source(request: Request) -> VersionSource:
    source: VersionSource = request.app.state.version_source
    return source


Source = Annotated[VersionSource, Depends(_source)]


@router.get("/models/{model}/versions")
def versions_page(
    request: Request,
    source: Source,
    model: str,
    champion: Annotated[str, Query(max_length=400)] = "",
    challenger: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """A challenger against the champion: the two newest versions when none are named."""
    view = _view(source, model, champion, challenger)
    return page_response(request, "versions.html", {"view": view, "tones": TONES})


def _view(source: VersionSource, model: str, champion: str, challenger: str) -> VersionsView:
    versions = tuple(source.versions(model))
    if not champion and not challenger and len(versions) > 1:
        champion, challenger = versions[-2:]
    if not champion or not challenger:
        return VersionsView(model, versions, champion, challenger, None, None)
    found = source.comparison(model, champion, challenger)
    shadowed = found.pairing != "unpaired"
    parity = source.parity(model, champion, challenger) if shadowed else None
    return VersionsView(model, versions, champion, challenger, found, parity)
