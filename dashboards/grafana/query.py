"""Queries of the ClickHouse data source plugin, for which the SDK has no module."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef

from driftline.store import load_sql

DATASOURCE_TYPE = "grafana-clickhouse-datasource"
PLUGIN_VERSION = "4.20.0"
_QUERIES = Path(__file__).parent / "queries"
DATASOURCE = DataSourceRef(type_val=DATASOURCE_TYPE, uid="${datasource}")


class Format(IntEnum):
    """What the plugin makes of the rows."""

    TIME_SERIES = 0
    TABLE = 1


class ClickHouseQuery(Dataquery):
    """One query of a panel."""

    def __init__(self, sql: str, format_: Format, ref_id: str = "A") -> None:
        self.sql = sql
        self.format = format_
        self.ref_id = ref_id

    def to_json(self) -> dict[str, Any]:
        """The query as the plugin reads it."""
        return {
            "datasource": DATASOURCE.to_json(),
            "editorType": "sql",
            "format": int(self.format),
            "pluginVersion": PLUGIN_VERSION,
            "queryType": "timeseries" if self.format == Format.TIME_SERIES else "table",
            "rawSql": self.sql,
            "refId": self.ref_id,
        }


class QueryOf(Builder[ClickHouseQuery]):
    """Builder of a query from its file in ``queries/``, as the panels' builders want it."""

    def __init__(self, name: str, format_: Format) -> None:
        self._query = ClickHouseQuery(query_text(name), format_)

    def build(self) -> ClickHouseQuery:
        """The query."""
        return self._query


def query_text(name: str) -> str:
    """Text of a query with its macros; they are expanded by the plugin."""
    return load_sql(str(_QUERIES / name), name)
