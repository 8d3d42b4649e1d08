"""What windows leave in the database: profiles, packed scores, and which of them got events."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors.profiles.counting import count_model
from detectors.profiles.counting_constants import CountRequest
from detectors.profiles.counting_plan import CountingPlan
from detectors.profiles.layout import WIDTH, ColumnLayout, categorical_layout
from detectors.profiles.merged_profiles import merge_profiles
from detectors.profiles.score_records import (
    RecordShape,
    ScoredModel,
    ScoredWindow,
    load_scores,
    save_scores,
)
from detectors.profiles.stored import StoredCounts, load_counts, save_counts
from detectors.windows import SEPARATE_WINDOWS, Window, closed_windows, touched_windows
from driftline.contracts import Contract, parse_contract
from driftline.store import Store
from tests.integration.detectors.traffic import BEGIN, send, window
from tests.seeding.columns import numeric_column

RNG = np.random.default_rng(5)
FIRST = round(BEGIN.timestamp())
SHAPE = RecordShape(((("a", "b", "c"), 4), (("k",), 7)))
MINUTE = timedelta(minutes=1)


def contract_of(model: str = "m") -> Contract:
    kinds = {"x": "numeric", "c": "categorical", "y": "numeric"}
    return parse_contract(
        {"model": model, "fields": [{"name": name, "kind": kind} for name, kind in kinds.items()]}
    )


LAYOUTS: dict[str, ColumnLayout] = {
    "x": numeric_column(RNG.normal(size=500)).layout,
    "y": numeric_column(1.7e9 + RNG.normal(size=500)).layout,
    "c": categorical_layout(("a", "b"), (9, 8), 2),
}


def seeded(store: Store, windows: int) -> dict[str, list[list[float]]]:
    """Windows of growing size, the second without values of y; returns the numbers by column."""
    data: dict[str, list[list[float]]] = {"x": [], "y": []}
    for number in range(windows):
        n = 20 + number
        x, y = RNG.normal(size=n).tolist(), (1.7e9 + RNG.normal(size=n)).tolist()
        if number == 1:
            y = [math.nan] * n
        send(
            store,
            contract_of(),
            {"x": x, "y": y, "c": ["a", "z"] * (n // 2) + ["b"] * (n % 2)},
            start=window(number),
        )
        data["x"].append(x)
        data["y"].append(y)
    return data


def counted(store: Store, windows: int) -> StoredCounts:
    plan = CountingPlan.of(contract_of(), LAYOUTS, {"y": 1.7e9})
    request = CountRequest(plan, BEGIN, window(windows), ("1",))
    return StoredCounts(plan, "bl", count_model(store, request, window_seconds=60))


def test_stored_counts_come_back_as_they_were(store: Store) -> None:
    seeded(store, 4)
    saved = counted(store, 4)
    assert save_counts(store, [saved], 60) == 12
    again = load_counts(store, saved.plan, "1", "bl", since=BEGIN, until=window(4))
    for name in ("starts", "rows", "weight_sum", "counts", "mean", "std", "minimum", "maximum"):
        assert np.array_equal(getattr(again, name), getattr(saved.counts, name), equal_nan=True), name
    assert again.effective_rows == pytest.approx(saved.counts.effective_rows)
    middle = load_counts(store, saved.plan, "1", "bl", since=window(1), until=window(3))
    assert middle.starts.tolist() == [FIRST + 60, FIRST + 120]
    row = store.query("SELECT * FROM profiles WHERE field = 'c' AND rows = 20")[0]
    assert row["counts"] == [10.0, 0.0, 10.0, 0.0]
    assert (row["kind"], row["segment"]) == ("categorical", "")
    assert (row["window_start"], row["window_end"]) == (BEGIN, window(1))
    assert abs(row["computed_at"] - datetime.now(UTC)) < timedelta(minutes=5)
    for other in ({"version": "2"}, {"baseline_id": "other"}, {"segment": "c=a"}):
        asked = {"version": "1", "baseline_id": "bl", "segment": ""} | other
        nothing = load_counts(store, saved.plan, since=BEGIN, until=window(4), **asked)
        assert (nothing.cells, nothing.counts.shape) == (0, (0, 3, WIDTH))


def test_the_newest_profile_of_a_window_counts(store: Store) -> None:
    seeded(store, 2)
    save_counts(store, [counted(store, 2)], 60)
    send(
        store,
        contract_of(),
        {"x": [0.5] * 7, "y": [1.7e9] * 7, "c": ["a"] * 7},
        ids=[f"late{i}" for i in range(7)],
    )
    late = counted(store, 2)
    save_counts(store, [late], 60)
    again = load_counts(store, late.plan, "1", "bl", since=BEGIN, until=window(2))
    assert again.rows.tolist() == [27, 21]
    assert np.array_equal(again.counts, late.counts.counts)
    merged = merge_profiles(store, "m", "1", "bl", since=BEGIN, until=window(2))
    assert (merged["x"].rows, merged["x"].windows) == (48, 2)


def test_merged_profiles_are_those_of_all_rows_together(store: Store) -> None:
    data = seeded(store, 5)
    save_counts(store, [counted(store, 5)], 60)
    merged = merge_profiles(store, "m", "1", "bl", since=BEGIN, until=window(4))
    plan = CountingPlan.of(contract_of(), LAYOUTS, {"y": 1.7e9})
    whole = count_model(store, CountRequest(plan, BEGIN, window(4)), window_seconds=4_000_000_000)
    assert set(merged) == {"x", "y", "c"}
    for index, name in enumerate(whole.columns):
        one = merged[name]
        assert one.counts.tolist() == LAYOUTS[name].compact(whole.counts[0, index]).tolist()
        assert (one.windows, one.rows, one.weight_sum) == (4, 86, 86.0)
        assert one.effective_rows == pytest.approx(86.0)
    for name in ("x", "y"):
        values = np.concatenate(data[name][:4])
        values = values[~np.isnan(values)]
        assert merged[name].mean == pytest.approx(values.mean(), rel=1e-12)
        assert merged[name].std == pytest.approx(values.std(), rel=1e-5)
        assert (merged[name].minimum, merged[name].maximum) == (values.min(), values.max())
    assert math.isnan(merged["c"].mean)
    assert merge_profiles(store, "m", "1", "bl", since=window(9), until=window(10)) == {}


def scored(model: str = "m", shape: RecordShape = SHAPE, segment: str = "") -> ScoredModel:
    return ScoredModel(model, "1", "bl", segment, shape)


def tables(shape: RecordShape = SHAPE) -> tuple[np.ndarray, ...]:
    return tuple(RNG.normal(size=(len(names), width)).astype(np.float32) for names, width in shape.stacks)


def test_scores_of_many_models_come_back_on_the_clock_grid(store: Store) -> None:
    other = RecordShape(((("a",), 4), ((), 7)))
    whose = [scored("m1"), scored("m2"), scored("m2", segment="c=a"), scored("m3", other)]
    written = {
        (index, number): tables(each.shape)
        for index, each in enumerate(whose)
        for number in range(6)
        if (index + number) % 4
    }
    save_scores(store, [ScoredWindow(whose[i], FIRST + 60 * n, parts) for (i, n), parts in written.items()])
    found = load_scores(store, whose, since=window(1), until=window(6), window_seconds=60)
    assert [[part.shape for part in parts] for parts in found[::3]] == [
        [(5, 3, 4), (5, 1, 7)],
        [(5, 1, 4), (5, 0, 7)],
    ]
    for index, parts in enumerate(found):
        for number in range(1, 6):
            wanted = written.get((index, number))
            for stack, part in enumerate(parts):
                expected = np.zeros(part.shape[1:]) if wanted is None else wanted[stack]
                assert np.array_equal(part[number - 1], expected)
    assert load_scores(store, [], since=BEGIN, until=window(1), window_seconds=60) == []
    assert (
        load_scores(store, [scored("nobody")], since=BEGIN, until=window(2), window_seconds=60)[0][0].sum()
        == 0
    )


def test_of_a_window_scored_twice_the_newest_row_counts_and_other_shapes_do_not(store: Store) -> None:
    first, second = tables(), tables()
    save_scores(store, [ScoredWindow(scored(), FIRST, first)])
    save_scores(store, [ScoredWindow(scored(), FIRST, second)])
    renamed = RecordShape(((("a", "b", "d"), 4), (("k",), 7)))
    save_scores(store, [ScoredWindow(scored(shape=renamed), FIRST + 60, tables(renamed))])
    found = load_scores(store, [scored()], since=BEGIN, until=window(2), window_seconds=60)[0]
    assert np.array_equal(found[0][0], second[0])
    assert np.array_equal(found[1][0], second[1])
    assert not found[0][1].any()
    with pytest.raises(ValueError, match="expected"):
        save_scores(store, [ScoredWindow(scored(), FIRST, (first[1], first[0]))])


def touched(store: Store, received_since: datetime) -> list[Window]:
    """Of the first three windows those that got events since then."""
    return touched_windows(
        store, received_since=received_since, since=BEGIN, until=window(3), window_seconds=60
    )


def closed(store: Store, models: list[str]) -> list[Window]:
    """The first three windows of these models."""
    return closed_windows(store, models, since=BEGIN, until=window(3), window_seconds=60)


def test_late_events_are_found_by_when_they_came(store: Store) -> None:
    for model in ("m", "other"):
        for number in range(3):
            ids = [f"{model}{number}{i}" for i in range(4)]
            send(store, contract_of(model), {"x": [1.0] * 4}, start=window(number), ids=ids)
    received = "ALTER TABLE inference_events UPDATE received_at = ts WHERE 1 SETTINGS mutations_sync = 2"
    store.command(received)
    store.insert_rows(
        "windows",
        [
            {"model": "m", "version": "1", "window_start": window(number), "baseline_id": "bl", "rows": 4}
            for number in range(3)
        ],
    )
    before = datetime.now(UTC) - timedelta(seconds=5)
    assert touched(store, before) == []
    send(store, contract_of(), {"x": [2.0]}, start=window(1), ids=["late"])
    send(store, contract_of(), {"x": [2.0]}, start=window(2), version="2", ids=["new"])
    send(store, contract_of(), {"x": [2.0]}, start=window(3), ids=["not closed"])
    late = Window("m", "1", window(1), 5, 4, "bl")
    new = Window("m", "2", window(2), 1, -1, "")
    assert touched(store, before) == [late, new]
    assert late.is_stale("bl")
    every = closed(store, [])
    assert len(every) == 7
    assert {late, new, Window("other", "1", window(0), 4, -1, "")} <= set(every)
    assert closed(store, ["m"]) == [each for each in every if each.model == "m"]
    newest = touched(store, window(2))
    assert {(each.model, each.start) for each in newest} == {
        ("m", window(1)),
        ("m", window(2)),
        ("other", window(2)),
    }


def test_many_touched_windows_are_found_in_one_look(store: Store) -> None:
    many = SEPARATE_WINDOWS + 2
    before = datetime.now(UTC) - timedelta(seconds=5)
    for number in range(many):
        send(store, contract_of("m" if number % 2 else "n"), {"x": [1.0]}, start=window(number))
    found = touched_windows(store, received_since=before, since=BEGIN, until=window(many), window_seconds=60)
    assert [(each.model, each.start) for each in found] == [
        ("m" if number % 2 else "n", window(number)) for number in range(many)
    ]
