"""Counting many models in one query, against NumPy."""

from __future__ import annotations

import math
import zlib

import numpy as np
import pytest

from detectors.profiles import counting
from detectors.profiles.counting import count_fleet, count_model
from detectors.profiles.counting_constants import CountRequest
from detectors.profiles.counting_plan import CountingPlan
from detectors.profiles.layout import OTHER_GROUPS, WIDTH, ColumnLayout, categorical_layout
from detectors.profiles.model_counts import ModelCounts
from driftline.contracts import Contract, parse_contract
from driftline.store import Store
from tests.integration.detectors.traffic import BEGIN, send, window
from tests.seeding.columns import categorical_counts, numeric_column, numeric_counts

RNG = np.random.default_rng(23)
N = 400
Values = dict[str, list[float | str | None]]


def contract_of(model: str, numbers: int, texts: int) -> Contract:
    fields = [{"name": f"c{i}", "kind": "categorical"} for i in range(texts)]
    fields += [{"name": f"n{i}", "kind": "numeric"} for i in range(numbers)]
    return parse_contract({"model": model, "fields": fields})


def layouts_of(contract: Contract) -> dict[str, ColumnLayout]:
    """Every contract with its own edges; categories few, many and more than are known."""
    names = [f"k{i}" for i in range(40)]
    kinds = (
        categorical_layout(tuple(names[:5]), (9, 8, 7, 6, 5), 5),
        categorical_layout(tuple(names), tuple(range(1000, 200, -20)), 40),
        categorical_layout(tuple(names[:30]), tuple(range(3000, 2970, -1)), 5000),
    )
    return {
        column.name: kinds[column.slot % 3]
        if column.kind == "categorical"
        else numeric_column(RNG.normal(size=300) * 10.0**column.slot + RNG.normal()).layout
        for column in contract.columns()
    }


def values_of(contract: Contract, n: int = N) -> Values:
    data: Values = {}
    for column in contract.columns():
        if column.kind == "categorical":
            texts: list[float | str | None] = [f"k{i}" for i in RNG.integers(0, 50, n)]
            texts[:: 7 + column.slot] = [None] * len(texts[:: 7 + column.slot])
            data[column.name] = texts
        else:
            numbers = RNG.normal(size=n) * 10.0**column.slot
            numbers[::11], numbers[1::29], numbers[2::31] = math.nan, math.inf, -math.inf
            data[column.name] = list(numbers.tolist())
    return data


def expected(
    layout: ColumnLayout, values: list[float | str | None], weights: np.ndarray | None = None
) -> np.ndarray:
    """What NumPy counts, aligned."""
    if layout.kind == "numeric":
        numbers = np.array(values, dtype=np.float64)
        return layout.aligned(
            numeric_counts(layout, numbers, np.ones(numbers.size) if weights is None else weights)
        )
    texts = [None if value is None else str(value) for value in values]
    counts = categorical_counts(layout, texts)
    if not layout.complete:
        for text in texts:
            if text is not None and text not in layout.categories:
                counts[-2] -= 1
                counts[layout.top + zlib.crc32(text.encode()) % OTHER_GROUPS] += 1
    return layout.aligned(counts)


def by_cell(counts: ModelCounts) -> dict[tuple[str, str, int], int]:
    found = {
        (version, segment, (start - round(BEGIN.timestamp())) // 60): cell
        for cell, (version, segment, start) in enumerate(
            zip(counts.versions, counts.segments, counts.starts.tolist(), strict=True)
        )
    }
    assert len(found) == counts.cells
    return found


@pytest.mark.parametrize(("fields_a_query", "slots_by_hash"), [(1, 0), (25, 400), (10_000, 0), (10_000, 400)])
def test_a_fleet_of_different_contracts_is_counted_like_numpy_does(
    store: Store, fields_a_query: int, slots_by_hash: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "SLOTS_BY_HASH", slots_by_hash)
    shapes = [(3, 2), (0, 1), (7, 0), (1, 5), (40, 10), (2, 3)]
    contracts = [contract_of(f"m{i}", *shape) for i, shape in enumerate(shapes)]
    requests, data, layouts = [], {}, {}
    for contract in contracts:
        layouts[contract.model], data[contract.model] = layouts_of(contract), values_of(contract)
        ids = [f"{contract.model}/{i}" for i in range(N)]
        send(store, contract, data[contract.model], ids=ids)
        plan = CountingPlan.of(contract, layouts[contract.model])
        requests.append(CountRequest(plan, BEGIN, window(1), ("1",)))
    silent = CountRequest(CountingPlan.of(contract_of("silent", 2, 2), {}), BEGIN, window(1))
    found = {
        request.plan.model: counts
        for batch in count_fleet(store, [*requests, silent], window_seconds=60, fields_a_query=fields_a_query)
        for request, counts in batch
    }
    assert set(found) == {*data, "silent"}
    assert found["silent"].cells == 0
    for model, values in data.items():
        counts = found[model]
        assert counts.counts.shape == (1, len(values), WIDTH)
        assert counts.rows.tolist() == [N]
        for index, name in enumerate(counts.columns):
            wanted = expected(layouts[model][name], values[name])
            assert counts.counts[0, index].tolist() == wanted.tolist(), (model, name)


def test_versions_baselines_and_times_of_one_model_do_not_mix(store: Store) -> None:
    contract = contract_of("m", 2, 1)
    data = {(v, w): values_of(contract, 50 + 10 * w) for v in ("1", "2", "3") for w in range(3)}
    for (version, number), values in data.items():
        send(store, contract, values, start=window(number), version=version)
    old, new = layouts_of(contract), layouts_of(contract)
    one, other = CountingPlan.of(contract, old), CountingPlan.of(contract, new)
    asked = {
        "1": (old, CountRequest(one, BEGIN, window(3), ("1",))),
        "2": (new, CountRequest(other, window(1), window(2), ("2",))),
        "both": (new, CountRequest(other, BEGIN, window(1), ("1", "2"), apart=False)),
        "all": (old, CountRequest(one, window(2), window(3))),
    }
    names = {id(request): name for name, (_, request) in asked.items()}
    found = {
        names[id(request)]: counts
        for batch in count_fleet(store, [request for _, request in asked.values()], window_seconds=60)
        for request, counts in batch
    }
    assert set(by_cell(found["1"])) == {("1", "", w) for w in range(3)}
    assert set(by_cell(found["2"])) == {("2", "", 1)}
    assert set(by_cell(found["both"])) == {("", "", 0)}
    assert set(by_cell(found["all"])) == {(v, "", 2) for v in ("1", "2", "3")}
    for name, (layouts, _) in asked.items():
        for (version, _, number), cell in by_cell(found[name]).items():
            for index, column in enumerate(found[name].columns):
                parts = [data[v, number][column] for v in ((version,) if version else ("1", "2"))]
                wanted = expected(layouts[column], [value for part in parts for value in part])
                assert found[name].counts[cell, index].tolist() == wanted.tolist()


def test_segments_are_counted_beside_all_rows(store: Store) -> None:
    contract = contract_of("m", 2, 2)
    layouts, weights = layouts_of(contract), RNG.choice([1.0, 2.0, 4.0], N)
    # Every other number is finite here, so that moments can be compared.
    data = values_of(contract)
    data["n0"] = RNG.normal(size=N).tolist()
    send(store, contract, data, weights=weights.tolist())
    plan = CountingPlan.of(
        contract, layouts, {"n0": 0.4}, segment="c0", segment_values=("k1", "k3", "absent")
    )
    counts = count_model(store, CountRequest(plan, BEGIN, window(1)), window_seconds=60)
    cells = by_cell(counts)
    assert set(cells) == {("1", "", 0), ("1", "c0=k1", 0), ("1", "c0=k3", 0)}
    column = counts.columns.index("n0")
    for (_, segment, _), cell in cells.items():
        mask = np.array([segment in ("", f"c0={value}") for value in data["c0"]])
        mine, own = np.array(data["n0"], dtype=np.float64)[mask], weights[mask]
        assert counts.rows[cell] == mask.sum()
        assert counts.effective_rows[cell] == pytest.approx(own.sum() ** 2 / (own**2).sum())
        wanted = layouts["n0"].aligned(numeric_counts(layouts["n0"], mine, own))
        assert counts.counts[cell, column] == pytest.approx(wanted)
        mean = np.average(mine, weights=own)
        assert counts.mean[cell, column] == pytest.approx(mean)
        assert counts.std[cell, column] == pytest.approx(
            math.sqrt(np.average((mine - mean) ** 2, weights=own))
        )
        assert (counts.minimum[cell, column], counts.maximum[cell, column]) == (mine.min(), mine.max())
    with pytest.raises(ValueError, match="no categorical column 'n0'"):
        CountingPlan.of(contract, layouts, segment="n0")


def test_a_segment_column_that_older_events_lack_is_no_known_segment(store: Store) -> None:
    old = contract_of("m", 1, 0).succeed(None)
    new = parse_contract(
        {"model": "m", "fields": [{"name": "n0", "kind": "numeric"}, {"name": "s", "kind": "categorical"}]}
    ).succeed(old)
    send(store, old, {"n0": [1.0, 2.0]})
    layouts = {"n0": numeric_column(np.arange(9.0)).layout}
    plan = CountingPlan.of(new, layouts, segment="s", segment_values=("", "a"))
    counts = count_model(store, CountRequest(plan, BEGIN, window(1)), window_seconds=60)
    assert (counts.segments, counts.rows.tolist()) == (("",), [2])


def test_rows_of_which_one_half_came_are_not_counted(store: Store) -> None:
    contract = contract_of("m", 1, 0)
    send(store, contract, {"n0": [1.0] * 3})
    store.command(
        "INSERT INTO inference_events "
        "SELECT * REPLACE ('no_response' AS status) FROM inference_events LIMIT 2"
    )
    plan = CountingPlan.of(contract, {"n0": numeric_column(np.arange(9.0)).layout})
    counts = count_model(store, CountRequest(plan, BEGIN, window(1)), window_seconds=60)
    assert counts.rows.tolist() == [3]


def test_the_same_events_can_be_asked_for_twice(store: Store) -> None:
    contract = contract_of("m", 1, 0)
    send(store, contract, {"n0": [1.0, 20.0]})
    narrow, wide = numeric_column(np.arange(9.0)).layout, numeric_column(np.arange(90.0)).layout
    requests = [
        CountRequest(CountingPlan.of(contract, {"n0": layout}), BEGIN, window(1)) for layout in (narrow, wide)
    ]
    found = {
        id(request): counts
        for batch in count_fleet(store, requests, window_seconds=60)
        for request, counts in batch
    }
    for request, layout in zip(requests, (narrow, wide), strict=True):
        assert found[id(request)].counts[0, 0].tolist() == expected(layout, [1.0, 20.0]).tolist()
