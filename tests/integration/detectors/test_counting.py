"""The counting query against NumPy, on everything a column can hold."""

from __future__ import annotations

import math
import zlib
from datetime import timedelta

import numpy as np
import pytest

from detectors.profiles.counting import count_profiles, window_start
from detectors.profiles.layout import ColumnLayout, categorical_layout
from detectors.profiles.profile import Profile
from driftline.contracts import Contract, parse_contract
from driftline.events import Event, insert_events
from driftline.store import Store
from tests.integration.detectors.traffic import BEGIN, send, window
from tests.seeding.columns import categorical_counts, numeric_column, numeric_counts

RNG = np.random.default_rng(11)
N = 3000


def contract_of(**kinds: str) -> Contract:
    return parse_contract(
        {"model": "m", "fields": [{"name": name, "kind": kind} for name, kind in kinds.items()]}
    )


def counted(
    store: Store,
    contract: Contract,
    layouts: dict[str, ColumnLayout],
    *,
    versions: tuple[str, ...] = (),
    apart: bool = False,
    windows: int = 1,
    centres: dict[str, float] | None = None,
) -> dict[tuple[str, int, str], Profile]:
    """Profiles by column, number of the window and version."""
    profiles = count_profiles(
        store,
        contract,
        layouts,
        versions=versions,
        apart=apart,
        since=BEGIN,
        until=window(windows),
        window_seconds=60,
        centres=centres,
    )
    found = {
        (profile.column, int((profile.window_start - BEGIN).total_seconds() // 60), profile.version): profile
        for profile in profiles
    }
    assert len(found) == len(profiles)
    return found


def awkward(n: int) -> np.ndarray:
    """Normal values with NaN, infinities, zeros and values on the edges."""
    values = RNG.normal(size=n)
    values[::17] = math.nan
    values[1::29] = math.inf
    values[2::31] = -math.inf
    values[3::37] = 0.0
    return values


def test_numeric_counts_are_numpys(store: Store) -> None:
    names = [f"f{i}" for i in range(12)]
    contract = contract_of(**dict.fromkeys(names, "numeric"))
    data = {name: awkward(N) * 10.0**i for i, name in enumerate(names)}
    for name in names[6:]:
        data[name][np.isinf(data[name])] = 4.0
    layouts = {name: numeric_column(awkward(N) * 10.0**i).layout for i, name in enumerate(names)}
    for name in names:
        data[name][5:9] = layouts[name].edges[3]
    weights = RNG.choice([1.0, 2.0, 7.5], N)
    send(store, contract, {name: values.tolist() for name, values in data.items()}, weights=weights.tolist())
    found = counted(store, contract, layouts)
    for name in names:
        profile, values = found[name, 0, ""], data[name]
        expected = numeric_counts(layouts[name], values, weights)
        assert profile.counts == pytest.approx(expected)
        finite = np.isfinite(values)
        mean = np.average(values[finite], weights=weights[finite])
        if np.isinf(values).any():
            assert math.isnan(profile.mean)
            assert math.isnan(profile.std)
            assert (profile.minimum, profile.maximum) == (-math.inf, math.inf)
            continue
        assert profile.mean == pytest.approx(mean, rel=1e-9)
        variance = np.average((values[finite] - mean) ** 2, weights=weights[finite])
        assert profile.std == pytest.approx(math.sqrt(variance), rel=1e-9)
        assert (profile.minimum, profile.maximum) == (values[finite].min(), values[finite].max())
        assert profile.rows == N
        assert profile.weight_sum == pytest.approx(weights.sum())
        assert profile.effective_rows == pytest.approx(weights.sum() ** 2 / (weights**2).sum())


def test_windows_and_versions_are_counted_apart_or_together(store: Store) -> None:
    contract = contract_of(x="numeric")
    layouts = {"x": numeric_column(RNG.normal(size=N)).layout}
    parts = {(w, v): RNG.normal(size=100 + 10 * w) for w in range(4) for v in ("1", "2", "3")}
    for (number, version), values in parts.items():
        send(store, contract, {"x": values.tolist()}, start=window(number), version=version)
    found = counted(store, contract, layouts, versions=("1", "3"), apart=True, windows=4)
    assert set(found) == {("x", w, v) for w in range(4) for v in ("1", "3")}
    for (_, number, version), profile in found.items():
        assert profile.counts.tolist() == numeric_counts(layouts["x"], parts[number, version]).tolist()
    together = counted(store, contract, layouts, windows=2)
    assert set(together) == {("x", 0, ""), ("x", 1, "")}
    everything = np.concatenate([parts[1, version] for version in ("1", "2", "3")])
    assert together["x", 1, ""].counts.tolist() == numeric_counts(layouts["x"], everything).tolist()
    pair = counted(store, contract, layouts, versions=("1", "3"))
    assert {key: profile.rows for key, profile in pair.items()} == {("x", 0, ""): 200}
    every = counted(store, contract, layouts, apart=True)
    assert set(every) == {("x", 0, version) for version in ("1", "2", "3")}


def test_a_range_is_half_open_and_other_models_are_not_counted(store: Store) -> None:
    contract = contract_of(x="numeric")
    layouts = {"x": numeric_column(np.arange(10.0)).layout}
    send(store, contract, {"x": [1.0] * 7})
    send(store, contract, {"x": [1.0]}, start=window(1))
    send(store, contract.model_copy(update={"model": "other"}), {"x": [1.0] * 5})
    assert {key: profile.rows for key, profile in counted(store, contract, layouts).items()} == {
        ("x", 0, ""): 7
    }
    assert counted(store, contract.model_copy(update={"model": "nobody"}), layouts) == {}


def test_arrays_from_before_a_contract_grew_read_as_missing(store: Store) -> None:
    old = contract_of(x="numeric", c="categorical")
    new = contract_of(x="numeric", y="numeric", c="categorical", d="categorical").succeed(old.succeed(None))
    send(store, old, {"x": [1.0, 2.0], "c": ["a", "b"]})
    layouts = {
        "x": numeric_column(np.arange(10.0)).layout,
        "y": numeric_column(np.arange(10.0)).layout,
        "c": categorical_layout(("a", "b"), (5, 5), 2),
        "d": categorical_layout(("a",), (5,), 1),
    }
    found = counted(store, new, layouts)
    assert found["x", 0, ""].counts[-1] == 0
    assert found["y", 0, ""].counts[-1] == 2
    assert math.isnan(found["y", 0, ""].mean)
    assert found["c", 0, ""].counts.tolist() == [1, 1, 0, 0]
    assert found["d", 0, ""].counts.tolist() == [0, 0, 2]


def test_moments_of_a_huge_offset_keep_their_digits(store: Store) -> None:
    contract = contract_of(t="numeric")
    values = 1.7e9 + RNG.normal(size=N) * 0.01
    send(store, contract, {"t": values.tolist()})
    layouts = {"t": numeric_column(values).layout}
    profile = counted(store, contract, layouts, centres={"t": 1.7e9})["t", 0, ""]
    assert profile.std == pytest.approx(values.std(), rel=1e-5)
    assert profile.mean - 1.7e9 == pytest.approx(values.mean() - 1.7e9, abs=1e-6)


def test_a_constant_has_no_spread_at_all(store: Store) -> None:
    contract = contract_of(k="numeric")
    send(store, contract, {"k": [0.1] * 1001})
    layouts = {"k": numeric_column(np.full(9, 0.1)).layout}
    assert counted(store, contract, layouts, centres={"k": 0.3})["k", 0, ""].std == 0.0


def test_values_near_the_largest_float_are_counted(store: Store) -> None:
    contract = contract_of(x="numeric")
    send(store, contract, {"x": [1e308, -1e308, 1.7e308, 5e-324]})
    layouts = {"x": numeric_column(np.array([-1e150, 0.0, 1e150])).layout}
    profile = counted(store, contract, layouts)["x", 0, ""]
    assert profile.counts.sum() == 4
    assert (profile.minimum, profile.maximum) == (-1e308, 1.7e308)


def test_categories_are_counted_into_their_slots(store: Store) -> None:
    contract = contract_of(c="categorical", d="categorical")
    few = ["a", "b", "ü 'quoted'", "\\back", ""]
    many = [f"name {i}" for i in range(150)]
    weights = 1 / np.arange(1, 151)
    known = RNG.choice(many, 5000, p=weights / weights.sum()).tolist()
    ranked = sorted(set(known), key=lambda name: (-known.count(name), name))
    layouts = {
        "c": categorical_layout(tuple(few), (9, 8, 7, 6, 5), 5),
        "d": categorical_layout(tuple(ranked), tuple(known.count(name) for name in ranked), len(ranked)),
    }
    rows_c: list[str | None] = RNG.choice([*few, "new"], N).tolist()
    rows_d: list[str | None] = RNG.choice([*many, "new 1", "new 2"], N).tolist()
    rows_c[::10] = [None] * len(rows_c[::10])
    rows_d[::7] = [None] * len(rows_d[::7])
    send(store, contract, {"c": rows_c, "d": rows_d})
    found = counted(store, contract, layouts)
    assert found["c", 0, ""].counts.tolist() == categorical_counts(layouts["c"], rows_c).tolist()
    assert found["d", 0, ""].counts.tolist() == categorical_counts(layouts["d"], rows_d).tolist()
    assert math.isnan(found["c", 0, ""].mean)


def test_beyond_a_thousand_categories_unknown_ones_join_their_group(store: Store) -> None:
    contract = contract_of(c="categorical")
    known = tuple(f"k{i}" for i in range(1000))
    layout = categorical_layout(known, tuple(range(3000, 2000, -1)), 5000)
    assert not layout.complete
    rows = [f"z{i}" for i in range(500)] + [None] * 4
    send(store, contract, {"c": rows})
    expected = np.zeros(layout.slots)
    for name in rows[:500]:
        expected[layout.top + zlib.crc32(str(name).encode()) % 8] += 1
    expected[-1] = 4
    assert counted(store, contract, {"c": layout})["c", 0, ""].counts.tolist() == expected.tolist()


def test_columns_without_a_layout_are_left_out(store: Store) -> None:
    contract = contract_of(x="numeric", y="numeric", c="categorical")
    send(store, contract, {"x": [1.0], "y": [2.0], "c": ["a"]})
    layouts = {"y": numeric_column(np.arange(9.0)).layout}
    assert set(counted(store, contract, layouts)) == {("y", 0, "")}
    assert counted(store, contract, {}) == {}


def test_only_categories_and_only_numbers_work(store: Store) -> None:
    only_texts = contract_of(c="categorical")
    send(store, only_texts, {"c": ["a", "b"]})
    layout = categorical_layout(("a",), (5,), 1)
    assert counted(store, only_texts, {"c": layout})["c", 0, ""].counts.tolist() == [1, 1, 0]


def test_weights_of_zero_are_rows_without_evidence(store: Store) -> None:
    contract = contract_of(x="numeric")
    send(store, contract, {"x": [1.0, 2.0]}, weights=[0.0, 0.0])
    profile = counted(store, contract, {"x": numeric_column(np.arange(9.0)).layout})["x", 0, ""]
    assert (profile.rows, profile.weight_sum, profile.effective_rows) == (2, 0.0, 0.0)
    assert math.isnan(profile.mean)


def test_a_window_begins_at_a_multiple_of_its_length(store: Store) -> None:
    contract = contract_of(x="numeric")
    moment = BEGIN + timedelta(seconds=59, milliseconds=999)
    insert_events(
        store,
        [Event("m", "1", "a", moment, "e", "", "ok", 1.0, 1.0, [1.0], [])],
        token="edge",
    )
    assert set(counted(store, contract, {"x": numeric_column(np.arange(9.0)).layout})) == {("x", 0, "")}
    assert window_start(moment, 60) == BEGIN
    assert window_start(BEGIN, 60) == BEGIN
    assert window_start(BEGIN + timedelta(microseconds=1), 3600) == BEGIN
