"""Awkward fields and windows in monitoring: a status with a reason for each, never a crash, never silence."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest

from detectors.evaluated_window import EvaluatedWindow
from detectors.findings import Finding
from detectors.monitor import Monitor
from detectors.reference_rows import baseline_from_rows
from driftline.contract_store import ContractStore
from driftline.contracts import Contract, parse_contract
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.detectors.traffic import normal, send, window

ROWS = 400
QUIET = 3


@pytest.fixture
def tuned(settings: Settings) -> Settings:
    return settings.model_copy(update={"window_seconds": 60, "allowed_lateness_seconds": 1.0})


def contract(*fields: tuple[str, str]) -> Contract:
    return parse_contract(
        {
            "model": "m",
            "fields": [{"name": name, "kind": kind} for name, kind in (*fields, ("plain", "numeric"))],
        }
    )


def judged(
    store: Store,
    settings: Settings,
    fields: Contract,
    reference: dict[str, list[object]],
    windows: list[dict[str, list[object]]],
) -> list[EvaluatedWindow]:
    """Evaluate windows against a reference; every one also holds an unremarkable field called plain."""
    n = len(next(iter(reference.values())))
    baseline_from_rows(store, fields, [reference | {"plain": normal(1, n)}], name="reference", source="test")
    for number, columns in enumerate(windows):
        rows = len(next(iter(columns.values())))
        if rows:
            send(store, fields, columns | {"plain": normal(number + 2, rows)}, start=window(number))
    done = Monitor(store, settings).evaluate(fields, window(len(windows)) + timedelta(seconds=5))
    for each in done:
        plain = found(each, "plain")
        # What is wrong with one field is no other field's trouble.
        assert plain.decision.status in ("ok", "insufficient_data"), plain.decision
    return done


def found(evaluated: EvaluatedWindow, field: str, change: str = "distribution") -> Finding:
    (finding,) = [
        finding for finding in evaluated.findings if finding.column == field and finding.change == change
    ]
    return finding


def changes(evaluated: EvaluatedWindow, field: str) -> dict[str, str]:
    return {
        finding.change: finding.decision.status for finding in evaluated.findings if finding.column == field
    }


def repeated(values: list[object], n: int = ROWS) -> list[object]:
    return (values * (n // len(values) + 1))[:n]


X = contract(("x", "numeric"))
C = contract(("c", "categorical"))


class TestConstants:
    def test_that_stay_are_ok(self, store: Store, tuned: Settings) -> None:
        done = judged(store, tuned, X, {"x": [7.0] * 2000}, [{"x": [7.0] * ROWS}] * QUIET)
        assert {found(each, "x").decision.status for each in done} == {"ok"}

    def test_that_become_another_drift_once_there_is_history(self, store: Store, tuned: Settings) -> None:
        before: list[object] = [7.0] * ROWS
        after: list[object] = [8.0] * ROWS
        windows = [{"x": before}] * 30 + [{"x": after}] * 3
        done = judged(store, tuned, X, {"x": [7.0] * 2000}, windows)
        assert {found(each, "x").decision.status for each in done[:30]} == {"ok"}
        assert found(done[-1], "x").decision.status == "drifted"
        assert found(done[-1], "x").decision.direction == "above range"


class TestMissing:
    def test_a_field_without_any_value_on_both_sides_says_so(self, store: Store, tuned: Settings) -> None:
        done = judged(store, tuned, X, {"x": [None] * 2000}, [{"x": [None] * ROWS}] * QUIET)
        for each in done:
            decision = found(each, "x").decision
            assert decision.status == "insufficient_data"
            assert "value" in decision.reason
            assert each.status == "ok"

    def test_a_field_that_vanishes_is_a_schema_change_at_once(self, store: Store, tuned: Settings) -> None:
        values: list[object] = list(normal(3, ROWS))
        done = judged(
            store, tuned, X, {"x": list(normal(4, 3000))}, [{"x": values}] * 2 + [{"x": [None] * ROWS}]
        )
        assert changes(done[1], "x") == {"distribution": "ok"}
        vanished = found(done[2], "x", "schema")
        assert vanished.decision.status == "drifted"
        assert "no value in 400 rows" in vanished.decision.reason
        assert done[2].status == "drifted"
        assert done[2].drifted_fields == ("x",)

    def test_missing_values_that_appear_are_a_change_of_their_own(
        self, store: Store, tuned: Settings
    ) -> None:
        rng = np.random.default_rng(5)
        quiet = [{"x": list(rng.normal(size=ROWS))} for _ in range(30)]
        holes = [
            {"x": [None if i % 8 == 0 else value for i, value in enumerate(rng.normal(size=ROWS))]}
            for _ in range(3)
        ]
        done = judged(store, tuned, X, {"x": list(rng.normal(size=3000))}, quiet + holes)
        assert "drifted" not in {found(each, "x").decision.status for each in done}
        missing = found(done[-1], "x", "missing")
        assert missing.decision.status == "drifted"
        assert missing.change_start == window(30)
        assert all("missing" not in changes(each, "x") for each in done[:30])


class TestExtremes:
    def test_infinite_values_fall_into_the_outermost_bins(self, store: Store, tuned: Settings) -> None:
        values: list[object] = [math.inf, -math.inf, *normal(6, ROWS - 2)]
        done = judged(store, tuned, X, {"x": list(normal(7, 3000))}, [{"x": values}] * QUIET)
        finding = found(done[-1], "x")
        assert finding.decision.status in ("ok", "watch")
        assert finding.statistics["out_of_range_share"] > 0
        assert all(math.isfinite(value) for value in finding.statistics.values())

    @pytest.mark.parametrize(("scale", "offset"), [(1e-12, 0.0), (1.0, 1.7e9), (1.0, 1e15), (1e-6, -1e6)])
    def test_tiny_scales_and_huge_offsets_are_judged_like_others(
        self, store: Store, tuned: Settings, scale: float, offset: float
    ) -> None:
        rng = np.random.default_rng(8)

        def values(shift: float = 0.0, n: int = ROWS) -> list[object]:
            return list((rng.normal(size=n) + shift) * scale + offset)

        windows = [{"x": values()} for _ in range(40)] + [{"x": values(1.0)} for _ in range(3)]
        done = judged(store, tuned, X, {"x": values(n=3000)}, windows)
        assert {found(each, "x").decision.status for each in done[:40]} <= {"ok", "watch"}
        last = found(done[-1], "x").decision
        assert last.status == "drifted"
        assert last.effect == pytest.approx(1.0, abs=0.3)

    def test_a_hundred_thousand_distinct_categories_do_not_cry_wolf(
        self, store: Store, tuned: Settings
    ) -> None:
        rng = np.random.default_rng(9)

        def values(n: int) -> list[object]:
            return [f"user-{number}" for number in rng.integers(0, 100_000, n)]

        windows = [{"c": values(ROWS)} for _ in range(30)]
        done = judged(store, tuned, C, {"c": values(5000)}, windows)
        assert "drifted" not in {status for each in done for status in changes(each, "c").values()}


class TestCategories:
    def test_names_that_differ_in_case_or_form_are_different_and_said_to_be_unseen(
        self, store: Store, tuned: Settings
    ) -> None:
        reference: list[object] = repeated(["Caf\u00e9", "Tee", "Wasser"], 3000)
        quiet = [{"c": repeated(["Caf\u00e9", "Tee", "Wasser"])}] * 30
        changed = [{"c": repeated(["Cafe\u0301", "tee", "Wasser"])}] * 3
        done = judged(store, tuned, C, {"c": reference}, quiet + changed)
        assert {status for each in done[:30] for status in changes(each, "c").values()} == {"ok"}
        assert changes(done[-1], "c")["unseen"] == "drifted"
        assert found(done[-1], "c", "unseen").statistics["unseen_share"] == pytest.approx(2 / 3, abs=0.01)


class TestSizes:
    @pytest.mark.parametrize("rows", [1, 2, 99])
    def test_a_small_window_is_insufficient_and_says_what_it_needs(
        self, store: Store, tuned: Settings, rows: int
    ) -> None:
        done = judged(store, tuned, X, {"x": list(normal(4, 3000))}, [{"x": list(normal(3, rows))}])
        decision = found(done[0], "x").decision
        assert decision.status == "insufficient_data"
        assert decision.reason == f"{rows} effective samples, 100 needed for a decision"
        assert done[0].status == "insufficient_data"

    def test_a_window_of_no_rows_is_no_window(self, store: Store, tuned: Settings) -> None:
        windows: list[dict[str, list[object]]] = [
            {"x": list(normal(3, ROWS))}, {"x": []}, {"x": list(normal(5, ROWS))}
        ]  # fmt: skip
        done = judged(store, tuned, X, {"x": list(normal(4, 3000))}, windows)
        assert [each.start for each in done] == [window(0), window(2)]

    def test_a_baseline_of_one_row_decides_nothing(self, store: Store, tuned: Settings) -> None:
        done = judged(store, tuned, X, {"x": [0.5]}, [{"x": list(normal(3, ROWS))}])
        decision = found(done[0], "x").decision
        assert decision.status == "insufficient_data"
        assert "baseline has 1 effective rows" in decision.reason


def test_a_field_that_appears_is_watched_until_a_baseline_knows_it(store: Store, tuned: Settings) -> None:
    judged(store, tuned, X, {"x": list(normal(4, 3000))}, [{"x": list(normal(3, ROWS))}])
    grown = ContractStore(store).register(contract(("x", "numeric"), ("new", "categorical")))
    send(
        store,
        grown,
        {"x": normal(5, ROWS), "new": ["a"] * ROWS, "plain": normal(6, ROWS)},
        start=window(1),
    )
    done = Monitor(store, tuned).evaluate(grown, window(2) + timedelta(seconds=5))
    assert changes(done[-1], "new") == {"distribution": "insufficient_data", "schema": "watch"}
    assert "driftline baseline" in found(done[-1], "new", "schema").decision.reason
    assert done[-1].status == "watch"


def test_a_field_that_the_contract_drops_is_named(store: Store, tuned: Settings) -> None:
    judged(store, tuned, X, {"x": list(normal(4, 3000))}, [{"x": list(normal(3, ROWS))}])
    shrunk = contract()
    send(store, shrunk, {"plain": normal(6, ROWS)}, start=window(1))
    done = Monitor(store, tuned).evaluate(shrunk, window(2) + timedelta(seconds=5))
    assert changes(done[-1], "x") == {"schema": "watch"}
