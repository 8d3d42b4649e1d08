"""Every query of the Grafana dashboard runs on real ClickHouse, with the plugin's macros expanded."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboards.grafana.build import build_dashboard
from driftline.events import Event, insert_events
from driftline.store import Store
from driftline.store.sql import quote_string
from tests.seeding.fleet import seed_fleet
from tests.seeding.story import MODEL, Stage, seed_digits

_INTERVAL_SECONDS = 60


def expand(sql: str, since: datetime, until: datetime) -> str:
    """The macros as grafana-clickhouse-datasource 4.20 expands them."""
    start, end = (f"toDateTime({int(moment.timestamp())})" for moment in (since, until))
    sql = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 >= {start} AND \1 <= {end}", sql)
    sql = re.sub(
        r"\$__timeInterval\((\w+)\)",
        rf"toStartOfInterval(toDateTime(\1), INTERVAL {_INTERVAL_SECONDS} second)",
        sql,
    )
    sql = sql.replace("$__fromTime", start).replace("$__toTime", end)
    sql = sql.replace("$__interval_s", str(_INTERVAL_SECONDS))
    sql = sql.replace("${model:singlequote}", quote_string(MODEL))
    assert "$" not in sql, f"a macro is left: {sql}"
    return sql


def queries() -> dict[str, tuple[str, str]]:
    """Panel title to its type and SQL; the annotation and the variable as well."""
    board = build_dashboard()
    found = {
        panel["title"]: (panel["type"], target["rawSql"])
        for panel in board["panels"]
        for target in panel.get("targets", [])
    }
    found["annotation"] = ("annotation", board["annotations"]["list"][0]["target"]["rawSql"])
    found["variable"] = ("variable", board["templating"]["list"][1]["query"])
    return found


QUERIES = queries()


@pytest.fixture
def now(store: Store) -> datetime:
    moment = datetime.now(UTC)
    seed_digits(store, Stage.RECOVERED, moment)
    seed_fleet(store, moment)
    at = moment - timedelta(minutes=3)
    events = [
        Event(MODEL, "2", "i", at, f"e{index}", "", "ok", float(index), 2.5, [0.5] * 7, ["3"])
        for index in range(20)
    ]
    insert_events(store, events, token="grafana")
    return moment


@pytest.mark.parametrize("title", QUERIES)
def test_the_query_runs_and_finds_the_story(store: Store, now: datetime, title: str) -> None:
    kind, sql = QUERIES[title]
    rows = store.query(expand(sql, now - timedelta(hours=1), now))
    assert rows, title
    check(kind, rows)


@pytest.mark.parametrize("title", QUERIES)
def test_the_query_runs_on_an_empty_database(store: Store, title: str) -> None:
    now = datetime.now(UTC)
    kind, sql = QUERIES[title]
    rows = store.query(expand(sql, now - timedelta(hours=1), now))
    assert len(rows) == (1 if kind == "stat" else 0)


def check(kind: str, rows: list[dict[str, Any]]) -> None:
    """What the plugin needs of the rows of a panel of that kind."""
    first = rows[0]
    if kind == "timeseries":
        assert isinstance(first["time"], datetime)
        assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
        assert any(isinstance(value, int | float) for value in first.values())
    elif kind == "stat":
        assert len(rows) == len(first) == 1
        assert isinstance(next(iter(first.values())), int | float)
    elif kind == "annotation":
        assert set(first) == {"time", "timeEnd", "text", "tags"}
        assert first["time"] < first["timeEnd"]
    elif kind == "variable":
        assert MODEL in [row["model"] for row in rows]
    else:
        assert kind == "table"
