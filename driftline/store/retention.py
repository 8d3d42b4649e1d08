"""How long rows are kept: the settings, brought to tables that exist already.

Only ``driftline serve`` does this. Collectors and commands open the store with settings of their own, and one
that knows nothing of a long retention must not shorten it.
"""

from __future__ import annotations

from dataclasses import dataclass

from driftline.logs import get_logger
from driftline.settings import Settings
from driftline.store.client import Store
from driftline.store.sql import load_sql, quote_identifier

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KeptTable:
    """A table, the time of its rows that counts, and the days after which they are deleted."""

    name: str
    column: str
    days: int


def kept_tables(settings: Settings) -> tuple[KeptTable, ...]:
    """Tables whose retention is a setting."""
    return (
        KeptTable("inference_events", "ts", settings.event_ttl_days),
        KeptTable("payloads", "ts", settings.event_ttl_days),
        KeptTable("labels", "received_at", settings.label_ttl_days),
        KeptTable("profiles", "window_start", settings.profile_ttl_days),
    )


def apply_retention(store: Store, settings: Settings) -> list[str]:
    """Give the tables of a migrated store the retention of the settings; return those that had another.

    Rows that are too old by then go with the next merges, not at once.
    """
    tables = kept_tables(settings)
    names = [table.name for table in tables]
    rows = store.query(load_sql(__file__, "retention_now"), {"tables": names})
    now = {str(row["name"]): int(row["days"]) for row in rows}
    changed = [table for table in tables if now[table.name] != table.days]
    for table in changed:
        statement = load_sql(__file__, "retention_set").replace("{table}", quote_identifier(table.name))
        statement = statement.replace("{column}", quote_identifier(table.column))
        store.command(statement.replace("{days}", str(table.days)))
        _log.info("retention changed", table=table.name, days=table.days, before=now[table.name])
    return [table.name for table in changed]
