"""Model-level drift on stored events: the sample, the reference, windows judged one after the other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from detectors.multivariate.evaluation import evaluate_multivariate, measure_baseline_windows
from detectors.multivariate.finding import MultivariateFinding
from detectors.multivariate.reference import Reference, load_reference, make_reference
from detectors.multivariate.sampled_rows import read_rows, slots_of
from detectors.profiles.layout import ColumnLayout
from driftline.contracts import Contract, parse_contract
from driftline.store import Store
from tests.integration.detectors.traffic import BEGIN, send, window
from tests.seeding.columns import categorical_column, numeric_column

CONTRACT = parse_contract(
    {
        "model": "m",
        "fields": [
            {"name": "a", "kind": "numeric"},
            {"name": "b", "kind": "numeric"},
            {"name": "c", "kind": "numeric"},
            {"name": "kind", "kind": "categorical"},
            {"name": "country", "kind": "categorical", "role": "segment"},
            {"name": "score", "role": "output", "kind": "numeric"},
            {"name": "photo", "kind": "embedding"},
        ],
    }
)
ROWS, SECONDS = 400, 60
EMBEDDED = [column.name for column in CONTRACT.columns() if column.field == "photo"]


def rows_of(seed: int, n: int = ROWS, *, apart: bool = False, moved: float = 0.0) -> dict[str, list[object]]:
    """Correlated a and b, others independent; ``moved`` shifts c and the embedding of the German rows."""
    rng = np.random.default_rng(seed)
    a, c = rng.normal(size=(2, n))
    b = 0.8 * a + 0.6 * rng.normal(size=n)
    if apart:
        b = rng.permutation(b)
    country = rng.choice(["de", "fr"], n)
    german = np.asarray(country == "de")
    found: dict[str, list[object]] = {
        "a": a.tolist(),
        "b": b.tolist(),
        "c": (c + moved * german).tolist(),
        "kind": rng.choice(["x", "y", "z"], n).tolist(),
        "country": country.tolist(),
        "score": rng.random(n).tolist(),
    }
    for name in EMBEDDED:
        found[name] = (rng.normal(size=n) + moved * german).tolist()
    return found


def baseline_of(columns: Mapping[str, Sequence[object]], baseline_id: str = "b1") -> SimpleNamespace:
    made = {
        column.name: numeric_column(np.array(columns[column.name], dtype=float))
        if column.kind == "numeric"
        else categorical_column([str(value) for value in columns[column.name]])
        for column in CONTRACT.columns()
    }
    return SimpleNamespace(baseline_id=baseline_id, columns=made)


def with_reference(store: Store, n: int = 4000) -> SimpleNamespace:
    columns = rows_of(1, n)
    baseline = baseline_of(columns)
    send(store, CONTRACT, columns, start=window(-100), version="0", seconds=3600)
    found = make_reference(
        store, CONTRACT, baseline, model="m", versions=["0"], since=window(-100), until=window(-1)
    )
    assert found is not None
    return baseline


def judged(
    store: Store, baseline: SimpleNamespace, number: int
) -> dict[tuple[str, str], MultivariateFinding]:
    found = evaluate_multivariate(
        store,
        CONTRACT,
        baseline,
        "1",
        window(number),
        window_seconds=SECONDS,
        alpha_month=0.001,
    )
    return {(one.field, one.change): one for one in found}


def layouts_of(baseline: SimpleNamespace) -> dict[str, ColumnLayout]:
    return {name: column.layout for name, column in baseline.columns.items()}


def test_a_window_is_sampled_by_hash_in_the_order_of_time(store: Store) -> None:
    columns = rows_of(2, 300)
    columns["a"] = [float(i) for i in range(300)]
    columns["b"][7] = None
    columns["kind"][8] = None
    send(store, CONTRACT, columns, weights=[1.0, 3.0] * 150)
    baseline = baseline_of(columns)
    layouts = layouts_of(baseline)

    def read(most: int) -> np.ndarray:
        return read_rows(
            store,
            CONTRACT,
            layouts,
            model="m",
            versions=["1"],
            since=BEGIN,
            until=BEGIN + timedelta(hours=1),
            most_rows=most,
        ).slots

    everything = read_rows(
        store, CONTRACT, layouts, model="m", versions=[], since=BEGIN, until=BEGIN + timedelta(hours=1)
    )
    assert everything.columns[:3] == ("a", "b", "c")
    assert everything.weights.tolist() == [1.0, 3.0] * 150
    for place, name in enumerate(everything.columns):
        expected = slots_of(
            layouts[name],
            np.array(columns[name], dtype=float)
            if layouts[name].kind == "numeric"
            else [None if value is None else str(value) for value in columns[name]],
        )
        assert everything.slots[:, place].tolist() == expected.tolist()
    some = read(50)
    assert len(some) == 50
    assert (np.diff(some[:, 0].astype(int)) >= 0).all()
    assert np.array_equal(some, read(50))
    nothing = read_rows(store, CONTRACT, layouts, model="m", versions=["9"], since=BEGIN, until=window(9))
    assert len(nothing) == 0
    assert nothing.effective == 0


def test_a_reference_is_read_back_as_it_was(store: Store) -> None:
    baseline = with_reference(store)
    found = load_reference(store, "m", "b1", layouts_of(baseline))
    assert isinstance(found, Reference)
    assert found.sample.slots.shape == (2000, len(CONTRACT.columns()))
    assert found.correlation_rows == pytest.approx(4000)
    assert found.correlations_of(["a", "b"])[0] == pytest.approx(0.8, abs=0.03)
    assert found.correlations_of(["c", "b"])[0] == pytest.approx(0.0, abs=0.05)
    assert load_reference(store, "m", "other", layouts_of(baseline)) is None
    empty = make_reference(
        store, CONTRACT, baseline, model="m", versions=["9"], since=window(0), until=window(1)
    )
    assert empty is None


def test_unchanged_windows_are_ok_and_changes_are_found_and_attributed(store: Store) -> None:
    baseline = with_reference(store)
    for number in range(30):
        send(store, CONTRACT, rows_of(100 + number), start=window(number))
        found = judged(store, baseline, number)
        assert {one.status for one in found.values()} == {"ok"}
    assert set(found) == {
        ("(inputs)", "multivariate"),
        ("(inputs)", "correlation"),
        ("photo", "multivariate"),
    }
    assert found["(inputs)", "correlation"].windows_behind == 29
    assert not found["(inputs)", "correlation"].learning
    assert 0 < found["(inputs)", "correlation"].minimum_detectable_effect < 0.5
    again = judged(store, baseline, 29)
    assert again == found

    for number in range(30, 33):
        send(store, CONTRACT, rows_of(100 + number, apart=True), start=window(number))
        found = judged(store, baseline, number)
    pair = found["(inputs)", "correlation"]
    assert pair.status == "drifted"
    assert pair.direction == "a ~ b"
    assert pair.pairs[0].kind == "came apart"
    assert pair.pairs[0].baseline == pytest.approx(0.8, abs=0.05)
    assert "came apart" in pair.reason
    assert {one.name for one in pair.fields} == {"a", "b"}
    assert math.fsum(one.share for one in pair.fields) == pytest.approx(1)
    assert found["photo", "multivariate"].status == "ok"

    for number in range(33, 36):
        send(store, CONTRACT, rows_of(100 + number, moved=1.5), start=window(number))
        found = judged(store, baseline, number)
    cloud = found["photo", "multivariate"]
    assert cloud.status == "drifted"
    assert cloud.statistics["domain_classifier_auc"] > 0.7
    assert cloud.statistics["mean_distance"] > 1
    assert cloud.statistics["kernel_distance"] > 0.1
    assert {one.name for one in cloud.fields} == set(EMBEDDED)
    assert cloud.segments[0].name == "country=de"
    assert cloud.segments[0].share > 0.8
    assert found["(inputs)", "multivariate"].status == "drifted"
    assert (
        found["(inputs)", "correlation"].status != "drifted"
        or found["(inputs)", "correlation"].direction != "a ~ b"
    )


def test_a_baselines_own_windows_spare_the_learning(store: Store) -> None:
    for number in range(40):
        send(store, CONTRACT, rows_of(200 + number), start=window(number), version="0")
    columns = rows_of(1, 4000)
    baseline = baseline_of(columns)
    made = make_reference(store, CONTRACT, baseline, model="m", versions=["0"], since=BEGIN, until=window(40))
    assert made is not None
    measured = measure_baseline_windows(
        store,
        CONTRACT,
        baseline,
        versions=["0"],
        since=BEGIN,
        until=window(40),
        window_seconds=SECONDS,
        most=36,
    )
    assert measured == 36
    send(store, CONTRACT, rows_of(300), start=window(40))
    found = judged(store, baseline, 40)
    assert found["(inputs)", "multivariate"].status == "ok"
    assert found["(inputs)", "multivariate"].windows_behind == 36
    assert not found["(inputs)", "multivariate"].learning
    send(store, CONTRACT, rows_of(301, apart=True), start=window(41))
    assert judged(store, baseline, 41)["(inputs)", "correlation"].status == "drifted"


def test_what_cannot_be_judged_says_why(store: Store) -> None:
    columns = rows_of(1, 200)
    baseline = baseline_of(columns)
    send(store, CONTRACT, rows_of(5), start=window(0))
    without = judged(store, baseline, 0)
    assert {one.status for one in without.values()} == {"insufficient_data"}
    assert all("make it anew" in one.reason for one in without.values())

    baseline = with_reference(store)
    for number, rows in ((1, 0), (2, 1), (3, 2), (4, 60)):
        if rows:
            send(store, CONTRACT, rows_of(6, rows), start=window(number))
        few = judged(store, baseline, number)
        assert {one.status for one in few.values()} == {"insufficient_data"}
        assert f"{rows} effective samples, 100 needed" in few["(inputs)", "correlation"].reason

    single = parse_contract({"model": "m", "fields": [{"name": "a", "kind": "numeric"}]})
    assert (
        evaluate_multivariate(
            store, single, baseline, "1", window(0), window_seconds=SECONDS, alpha_month=0.001
        )
        == []
    )


def test_constant_missing_and_infinite_columns_do_no_harm(store: Store) -> None:
    contract: Contract = parse_contract(
        {"model": "odd", "fields": [{"name": name, "kind": "numeric"} for name in ("k", "gone", "inf", "x")]}
    )
    rng = np.random.default_rng(3)

    def odd(n: int) -> dict[str, list[object]]:
        wild = rng.normal(size=n)
        wild[::50] = math.inf
        return {"k": [7.0] * n, "gone": [None] * n, "inf": wild.tolist(), "x": rng.normal(size=n).tolist()}

    columns = odd(1000)
    baseline = SimpleNamespace(
        baseline_id="b2",
        columns={
            name: numeric_column(np.array([math.nan if v is None else v for v in values], dtype=float))
            for name, values in columns.items()
        },
    )
    send(store, contract, columns, start=window(-100), version="0")
    assert make_reference(
        store, contract, baseline, model="odd", versions=["0"], since=window(-100), until=window(-1)
    )
    for number in range(8):
        send(store, contract, odd(300), start=window(number))
        found = evaluate_multivariate(
            store, contract, baseline, "1", window(number), window_seconds=SECONDS, alpha_month=0.001
        )
        assert [one.status for one in found] == ["ok", "ok"]
    # The only pair of columns that can be correlated at all.
    assert found[1].direction == "inf ~ x"
