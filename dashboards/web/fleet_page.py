"""The fleet page: which models to show, and the links that change that."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlencode

from dashboards.web.costs import CostFigure, CostSource
from driftline.readmodel.fleet import FleetPage, FleetQuery, FleetSort, fleet
from driftline.settings import Settings
from driftline.store import Store

PAGE_ROWS = 50

COLUMNS: tuple[tuple[FleetSort | None, str, str], ...] = (
    ("model", "Model", "text"),
    ("status", "Status", "text"),
    (None, "Why", "text"),
    (None, "Version", "text"),
    ("traffic", "Predictions", "number"),
    ("quality", "Quality", "number"),
    (None, "Cost / 1,000", "number"),
    ("since", "Since", "text"),
)
"""Sort key (``None``: not sortable), heading and alignment of each column."""


@dataclass(frozen=True)
class FleetView:
    """Everything the fleet's template shows."""

    query: FleetQuery
    page: FleetPage
    costs: dict[str, CostFigure]

    def link(self, **changes: Any) -> str:
        """The page's address with some of the query changed; defaults are left out of it."""
        wanted = asdict(replace(self.query, **changes))
        defaults = asdict(FleetQuery(limit=PAGE_ROWS))
        del wanted["limit"]
        chosen = {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in wanted.items()
            if value != defaults[name]
        }
        return "/?" + urlencode(chosen) if chosen else "/"

    def sort_link(self, sort: FleetSort) -> str:
        """Sort by a column; the column that is sorted by already turns round."""
        turn = sort == self.query.sort and not self.query.descending
        first = sort in ("traffic", "since") and sort != self.query.sort
        return self.link(sort=sort, descending=turn or first, offset=0)

    def sorted_as(self, sort: FleetSort | None) -> str:
        """Value of ``aria-sort``."""
        if sort is None or sort != self.query.sort:
            return "none"
        return "descending" if self.query.descending else "ascending"

    @property
    def last_shown(self) -> int:
        return min(self.query.offset + self.query.limit, self.page.total)

    @property
    def everything(self) -> int:
        """Models that match the search and team, of any status."""
        return sum(self.page.counts.values())

    @property
    def narrowed(self) -> bool:
        """Whether a search or filter hides models."""
        return bool(self.query.search or self.query.team or self.query.status)


def fleet_view(store: Store, settings: Settings, costs: CostSource, query: FleetQuery) -> FleetView:
    """Read one page of the fleet with the costs of the models on it."""
    page = fleet(store, settings, query)
    return FleetView(query, page, dict(costs.latest([entry.model for entry in page.items])))
