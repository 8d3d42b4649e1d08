"""Deciding again from stored profiles says what the monitor said, and nothing is counted for it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from detectors.baselines.book import BaselineBook
from detectors.files.table import open_table
from driftline.contract_store import ContractStore
from driftline.settings import Settings
from driftline.store import Store
from service.replay.baseline import baseline_of_part
from service.replay.deciding import decide_again, evaluate
from service.replay.progress import Silent
from service.replay.reference import Part
from service.replay.rows import Roles, contract_of_history, load_timed_rows
from tests.integration.service.histories import at, history, write


def test_the_same_settings_decide_the_same(
    tmp_path: Path, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = open_table(write(tmp_path / "h.parquet", history(110, drift=(60, 66), shift=1.5)))
    roles = Roles("at", segments=("country",))
    store.command("ALTER TABLE inference_events REMOVE TTL")
    contract = ContractStore(store).register(contract_of_history(table, roles, "replay"))
    load_timed_rows(store, contract, table, roles)
    baseline_of_part(store, contract, settings, Part(at(0), at(48)), at(110))
    windows = evaluate(store, contract, settings, at(48), at(110), Silent())
    assert len(windows) == 62
    assert {"drifted", "ok"} <= {window.status for window in windows}
    assert any(finding.segment for window in windows for finding in window.findings)

    store.command("TRUNCATE TABLE inference_events")
    book = BaselineBook(store)
    book.refresh()
    packed = book.packed(contract.model, "")
    assert packed is not None
    again = decide_again(store, contract, settings, packed.unpacked(), windows, Silent())
    assert [(one.start, one.status, one.reason, one.rows) for one in again] == [
        (one.start, one.status, one.reason, one.rows) for one in windows
    ]
    for before, after in zip(windows, again, strict=True):
        told = {(f.column, f.segment, f.change): (f.decision.status, f.floor) for f in before.findings}
        assert {(f.column, f.segment, f.change): (f.decision.status, f.floor) for f in after.findings} == told

    blunt = settings.model_copy(update={"drift_tolerance": 5.0})
    quiet = decide_again(store, contract, blunt, packed.unpacked(), windows, Silent())
    assert "drifted" not in {window.status for window in quiet}
    assert decide_again(store, contract, blunt, packed.unpacked(), [], Silent()) == []


def test_a_year_of_days_is_evaluated_in_parts(tmp_path: Path, store: Store, settings: Settings) -> None:
    columns = history(3 * 365, rows=10)
    begin = int(at(0).timestamp())
    columns["at"] = begin + (columns["at"] - begin) * 24
    table = open_table(write(tmp_path / "h.parquet", columns))
    roles = Roles("at")
    daily = settings.model_copy(update={"window_seconds": 86_400, "min_samples": 5})
    store.command("ALTER TABLE inference_events REMOVE TTL")
    contract = ContractStore(store).register(contract_of_history(table, roles, "replay"))
    load_timed_rows(store, contract, table, roles)
    first, end = at(0) + timedelta(days=60), at(0) + timedelta(days=3 * 365)
    baseline = baseline_of_part(store, contract, daily, Part(at(0), first), end)
    windows = evaluate(store, contract, daily, first, end, Silent())
    assert len(windows) == 3 * 365 - 60
    assert len({window.start for window in windows}) == len(windows)
    assert windows[-1].end == end
    assert baseline.rows == 600
