"""The monitor: what it decides about traffic, and that doing it again or after a crash is harmless."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from detectors.evaluated_window import EvaluatedWindow
from detectors.findings import save_findings
from detectors.monitor import Monitor
from detectors.reference_rows import baseline_from_rows
from driftline.contracts import Contract, parse_contract
from driftline.errors import StoreUnavailable
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.detectors.traffic import normal, send, window

CONTRACT = parse_contract(
    {
        "model": "m",
        "fields": [
            {"name": "x", "kind": "numeric"},
            {"name": "c", "kind": "categorical"},
            {"name": "void", "kind": "numeric"},
        ],
    }
)
ROWS = 200
TABLES = ("profiles", "findings", "windows")


@pytest.fixture
def tuned(settings: Settings) -> Settings:
    return settings.model_copy(update={"window_seconds": 60, "allowed_lateness_seconds": 1.0})


def reference(store: Store, shift: float = 0.0, contract: Contract = CONTRACT, version: str = "") -> None:
    n = 5000
    categories = np.random.default_rng(1).choice(["a", "b", "d"], n, p=[0.5, 0.3, 0.2])
    baseline_from_rows(
        store,
        contract,
        [{"x": normal(0, n, shift), "c": categories.tolist()}],
        name="reference",
        source="test",
        version=version,
    )


def traffic(store: Store, first: int, last: int, *, shift: float = 0.0, version: str = "1") -> None:
    for number in range(first, last):
        rng = np.random.default_rng([number, 77])
        send(
            store,
            CONTRACT,
            {
                "x": (rng.normal(size=ROWS) + shift).tolist(),
                "c": rng.choice(["a", "b", "d"], ROWS, p=[0.5, 0.3, 0.2]).tolist(),
            },
            start=window(number),
            version=version,
        )


def evaluate(store: Store, settings: Settings, windows: int) -> list[EvaluatedWindow]:
    now = window(windows) + timedelta(seconds=5)
    return Monitor(store, settings).evaluate(CONTRACT, now)


def stored(store: Store, table: str) -> list[dict[str, Any]]:
    columns = {
        "profiles": "field, window_start, baseline_id, counts",
        "findings": "field, window_start, baseline_id, status, reason, floor",
        "windows": "version, window_start, baseline_id, status, rows, drifted_fields",
    }[table]
    return store.query(f"SELECT {columns} FROM {table} FINAL ORDER BY ALL")


def written(store: Store) -> list[int]:
    return [int(store.scalar(f"SELECT count() FROM {table}")) for table in TABLES]


def test_quiet_traffic_is_ok_and_a_shift_is_drift(store: Store, tuned: Settings) -> None:
    reference(store)
    traffic(store, 0, 60)
    traffic(store, 60, 64, shift=1.0)
    done = evaluate(store, tuned, 64)
    assert len(done) == 64
    assert all(not one.drifted for one in done[:60])
    assert [finding.column for finding in done[60].drifted] == ["x"]
    x = done[60].drifted[0]
    assert x.decision.direction == "location"
    assert x.decision.effect == pytest.approx(1.0, abs=0.25)
    assert x.statistics["psi"] > 0.25
    assert x.top_bins
    assert done[63].status == "drifted"
    void = [finding for one in done for finding in one.findings if finding.column == "void"]
    assert {(finding.change, finding.decision.status) for finding in void} == {
        ("distribution", "insufficient_data")
    }
    assert "0 rows with a value" in void[0].decision.reason


def test_evaluating_again_writes_nothing(store: Store, tuned: Settings) -> None:
    reference(store)
    traffic(store, 0, 5)
    assert len(evaluate(store, tuned, 5)) == 5
    before = written(store)
    assert evaluate(store, tuned, 5) == []
    assert written(store) == before


def test_windows_close_after_the_lateness(store: Store, tuned: Settings) -> None:
    reference(store)
    traffic(store, 0, 3)
    monitor = Monitor(store, tuned)
    closing = window(3) + timedelta(seconds=1)
    assert len(monitor.evaluate(CONTRACT, closing - timedelta(milliseconds=1))) == 2
    assert [one.start for one in monitor.evaluate(CONTRACT, closing)] == [window(2)]


def test_one_at_a_time_decides_what_all_at_once_does(store: Store, tuned: Settings) -> None:
    reference(store)
    traffic(store, 0, 15)
    traffic(store, 15, 18, shift=3.0)
    traffic(store, 18, 24)
    step_by_step = [one for count in range(1, 25) for one in evaluate(store, tuned, count)]
    findings = stored(store, "findings")
    for table in TABLES:
        store.command(f"TRUNCATE TABLE {table}")
    at_once = evaluate(store, tuned, 24)
    assert "drifted" in {one.status for one in at_once}
    assert [one.status for one in step_by_step] == [one.status for one in at_once]
    assert stored(store, "findings") == findings


def test_a_crash_before_the_windows_are_written_is_repaired(
    store: Store, tuned: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference(store)
    traffic(store, 0, 6)
    insert = Store.insert

    def dying(self: Store, table: str, columns: Any, *, token: str | None = None) -> int:
        if table == "windows":
            raise StoreUnavailable("the server went away")
        return insert(self, table, columns, token=token)

    monkeypatch.setattr(Store, "insert", dying)
    with pytest.raises(StoreUnavailable):
        evaluate(store, tuned, 6)
    monkeypatch.undo()
    assert stored(store, "windows") == []
    findings = stored(store, "findings")
    assert len(findings) == 18
    assert len(evaluate(store, tuned, 6)) == 6
    assert stored(store, "findings") == findings
    assert len(stored(store, "windows")) == 6
    assert evaluate(store, tuned, 6) == []


def test_late_events_revise_their_window_and_those_after_it(store: Store, tuned: Settings) -> None:
    reference(store)
    traffic(store, 0, 8)
    evaluate(store, tuned, 8)
    send(
        store,
        CONTRACT,
        {"x": normal(5, 50), "c": ["a"] * 50},
        start=window(4),
        ids=[f"late {i}" for i in range(50)],
    )
    again = evaluate(store, tuned, 8)
    assert [one.start for one in again] == [window(number) for number in range(4, 8)]
    assert again[0].rows == ROWS + 50
    assert evaluate(store, tuned, 8) == []


def test_a_new_baseline_judges_the_lookback_again(store: Store, tuned: Settings) -> None:
    reference(store)
    traffic(store, 0, 30)
    traffic(store, 30, 34, shift=1.5)
    assert evaluate(store, tuned, 34)[-1].status == "drifted"
    first = {row["baseline_id"] for row in stored(store, "windows")}
    reference(store, shift=1.5)
    again = evaluate(store, tuned, 34)
    assert len(again) == 34
    assert again[-1].status != "drifted"
    assert again[29].status == "drifted"
    rows = stored(store, "windows")
    assert len(rows) == 34
    assert not first & {row["baseline_id"] for row in rows}
    assert not first & {row["baseline_id"] for row in stored(store, "findings")}


def test_a_version_is_compared_with_its_own_baseline(store: Store, tuned: Settings) -> None:
    reference(store)
    reference(store, shift=3.0, version="2")
    for version, shift in [("1", 0.0), ("2", 3.0)]:
        traffic(store, 0, 6, version=version, shift=shift)
    done = evaluate(store, tuned, 6)
    assert len(done) == 12
    assert {one.version for one in done} == {"1", "2"}
    assert all(one.status == "ok" for one in done)
    assert len({row["baseline_id"] for row in stored(store, "windows")}) == 2


def test_without_a_baseline_windows_say_so_until_there_is_one(store: Store, tuned: Settings) -> None:
    traffic(store, 0, 3)
    done = evaluate(store, tuned, 3)
    assert [one.status for one in done] == ["no_baseline"] * 3
    assert "driftline baseline" in done[0].reason
    assert evaluate(store, tuned, 3) == []
    reference(store)
    assert [one.status for one in evaluate(store, tuned, 3)] == ["ok"] * 3


def test_small_windows_are_insufficient(store: Store, tuned: Settings) -> None:
    reference(store)
    send(store, CONTRACT, {"x": normal(1, 20)})
    done = evaluate(store, tuned, 1)
    assert done[0].status == "insufficient_data"
    assert done[0].reason == "20 effective samples, 100 needed for a decision"


def test_nothing_to_do_is_nothing(store: Store, tuned: Settings) -> None:
    assert evaluate(store, tuned, 5) == []
    reference(store)
    assert evaluate(store, tuned, 5) == []


def test_recovery_starts_the_evidence_anew(store: Store, tuned: Settings) -> None:
    reference(store)
    traffic(store, 0, 40)
    traffic(store, 40, 46, shift=1.5)
    traffic(store, 46, 60)
    done = evaluate(store, tuned, 60)
    statuses = [one.status for one in done]
    assert set(statuses[40:46]) == {"drifted"}
    last = max(number for number, status in enumerate(statuses) if status == "drifted")
    assert 46 <= last <= 50
    floors = {finding.floor for finding in done[-1].findings if finding.column == "x"}
    assert min(floors) >= window(46)


def test_weights_make_a_thinned_stream_the_full_one(store: Store, tuned: Settings) -> None:
    """High values are kept ten times more rarely; unweighted this would be a large shift."""
    reference(store)
    for number in range(30):
        rng = np.random.default_rng([number, 78])
        full = rng.normal(size=2000)
        probability = np.where(full > 0, 0.1, 1.0)
        kept = rng.random(2000) < probability
        send(
            store,
            CONTRACT,
            {
                "x": full[kept].tolist(),
                "c": ["a", "b"] * (int(kept.sum()) // 2) + ["d"] * (int(kept.sum()) % 2),
            },
            start=window(number),
            weights=(1 / probability[kept]).tolist(),
        )
    done = evaluate(store, tuned, 30)
    x = [finding for one in done for finding in one.findings if finding.column == "x"]
    assert {finding.decision.status for finding in x} == {"ok"}
    assert x[0].effective_rows < x[0].rows < 2000
    means = [row["mean"] for row in store.query("SELECT mean FROM profiles FINAL WHERE field = 'x'")]
    assert float(np.mean(means)) == pytest.approx(0, abs=0.05)


def test_a_field_that_cannot_be_judged_fails_alone_with_its_reason(store: Store, tuned: Settings) -> None:
    reference(store)
    # A baseline whose counts were lost.
    store.command(
        "INSERT INTO baselines SELECT * REPLACE ("
        "'bl-broken' AS baseline_id, created_at + 1 AS created_at, "
        "if(field = 'c', arrayMap(count -> 0., counts), counts) AS counts) FROM baselines"
    )
    traffic(store, 0, 2)
    done = evaluate(store, tuned, 2)
    statuses = {finding.column: finding.decision for finding in done[0].findings}
    assert statuses["c"].status == "failed"
    assert "could not be judged" in statuses["c"].reason
    assert statuses["x"].status == "ok"
    assert done[0].status == "ok"


def test_the_id_of_a_finding_is_that_of_what_it_is_about(store: Store, tuned: Settings) -> None:
    reference(store)
    traffic(store, 0, 2)
    done = evaluate(store, tuned, 2)
    ids = {finding.finding_id for one in done for finding in one.findings}
    assert len(ids) == 6
    save_findings(store, done[0].findings)
    assert len(stored(store, "findings")) == 6
    judged = [finding for finding in done[0].findings if finding.column != "void"]
    assert not any(math.isnan(finding.decision.threshold) for finding in judged)
