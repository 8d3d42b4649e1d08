"""Baselines: made in the database, stored, and read back as they were."""

from __future__ import annotations

import dataclasses
import math
from datetime import timedelta

import numpy as np
import pytest

from detectors.baselines.baseline import Baseline, EventRange
from detectors.baselines.building import build_baseline
from detectors.baselines.stored import load_baselines, save_baseline
from detectors.reference_rows import baseline_from_rows, columns_of_rows
from driftline.contracts import Contract, parse_contract
from driftline.errors import ContractMismatch, InvalidInput
from driftline.store import Store
from tests.integration.detectors.traffic import BEGIN, send
from tests.seeding.columns import numeric_column

RNG = np.random.default_rng(21)
CONTRACT = parse_contract(
    {
        "model": "m",
        "fields": [
            {"name": "x", "kind": "numeric"},
            {"name": "void", "kind": "numeric"},
            {"name": "c", "kind": "categorical"},
            {"name": "scores", "role": "output", "kind": "prediction"},
        ],
    }
)
EVERYTHING = EventRange("m", (), BEGIN, BEGIN + timedelta(days=1))


def assert_same(first: Baseline, second: Baseline) -> None:
    assert set(first.columns) == set(second.columns)
    for name, column in first.columns.items():
        other = second.columns[name]
        assert other.counts.tolist() == column.counts.tolist()
        for attribute in ("rows", "weight_sum", "effective_rows", "mean", "std"):
            assert getattr(other, attribute) == pytest.approx(getattr(column, attribute), nan_ok=True)
        for part in dataclasses.fields(column.layout):
            assert getattr(other.layout, part.name) == pytest.approx(
                getattr(column.layout, part.name), nan_ok=True
            )
    for attribute in ("baseline_id", "model", "version", "name", "source", "labelled", "correct"):
        assert getattr(first, attribute) == getattr(second, attribute)


def test_a_baseline_of_traffic_is_what_numpy_says(store: Store) -> None:
    values = RNG.normal(size=4000)
    send(store, CONTRACT, {"x": values.tolist(), "c": ["a", "b", "b", None] * 1000})
    baseline = build_baseline(store, CONTRACT, EVERYTHING, name="n", source="s")
    x, expected = baseline.columns["x"], numeric_column(values)
    assert x.layout.edges == pytest.approx(expected.layout.edges, abs=0.02)
    assert (x.layout.minimum, x.layout.maximum) == (values.min(), values.max())
    assert x.std == pytest.approx(values.std())
    assert x.mean == pytest.approx(values.mean())
    assert x.counts.sum() == 4000
    assert baseline.columns["c"].layout.categories == ("b", "a")
    assert baseline.columns["c"].counts.tolist() == [2000, 1000, 0, 1000]
    assert baseline.columns["void"].counts.tolist() == [0, 4000]
    assert baseline.rows == 4000
    assert baseline.accuracy is None


def test_saved_and_loaded_it_is_the_same(store: Store) -> None:
    send(store, CONTRACT, {"x": RNG.normal(size=500).tolist(), "c": ["a", "ü'\\", "", None, "\t"] * 100})
    baseline = build_baseline(
        store, CONTRACT, EVERYTHING, name="n", source="s", version="7", labelled=10, correct=9
    )
    assert load_baselines(store, "m") == {}
    save_baseline(store, baseline)
    found = load_baselines(store, "m")
    assert set(found) == {"7"}
    assert_same(found["7"], baseline)
    assert found["7"].accuracy == 0.9
    assert found["7"].created_at == baseline.created_at


def test_the_newest_baseline_of_each_version_counts(store: Store) -> None:
    rows = {"x": [1.0, 2.0, 3.0]}
    for name, version in [("first", ""), ("second", ""), ("third", "2")]:
        baseline_from_rows(store, CONTRACT, [rows], name=name, source="test", version=version)
    found = load_baselines(store, "m")
    assert {version: baseline.name for version, baseline in found.items()} == {"": "second", "2": "third"}
    assert load_baselines(store, "other") == {}


def test_an_empty_range_is_refused(store: Store) -> None:
    with pytest.raises(InvalidInput, match="nothing to make a baseline of"):
        build_baseline(store, CONTRACT, EVERYTHING, name="n", source="s")


@pytest.mark.parametrize(("labelled", "correct"), [(5, 6), (-1, 0), (5, -1), (math.nan, 0)])
def test_more_right_than_labelled_is_refused(store: Store, labelled: float, correct: float) -> None:
    with pytest.raises(InvalidInput, match="must lie between"):
        build_baseline(store, CONTRACT, EVERYTHING, name="n", source="s", labelled=labelled, correct=correct)


def test_only_the_versions_asked_for_are_taken(store: Store) -> None:
    send(store, CONTRACT, {"x": [1.0] * 30}, version="1")
    send(store, CONTRACT, {"x": [2.0] * 20}, version="2")
    only = dataclasses.replace(EVERYTHING, versions=("2",))
    assert build_baseline(store, CONTRACT, only, name="n", source="s").columns["x"].mean == 2.0


def test_weights_reproduce_the_full_stream(store: Store) -> None:
    """A stream sampled more thinly where values are high, weighted by 1 / probability."""
    full = np.random.default_rng(22).normal(size=40_000)
    probability = np.where(full > 0, 0.1, 0.5)
    kept = np.random.default_rng(23).random(40_000) < probability
    send(store, CONTRACT, {"x": full[kept].tolist()}, weights=(1 / probability[kept]).tolist())
    column = build_baseline(store, CONTRACT, EVERYTHING, name="n", source="s").columns["x"]
    assert column.weight_sum == pytest.approx(40_000, rel=0.02)
    assert column.mean == pytest.approx(full.mean(), abs=0.03)
    assert column.std == pytest.approx(full.std(), abs=0.02)
    assert column.effective_rows < column.rows == int(kept.sum())
    edges = np.array(column.layout.edges)
    shares = column.counts[:-1] / column.counts.sum()
    expected = np.bincount(np.searchsorted(edges, full, side="right"), minlength=edges.size + 1) / full.size
    assert shares == pytest.approx(expected, abs=0.01)


def test_infinite_values_keep_the_moments_of_the_others(store: Store) -> None:
    values = np.append(RNG.normal(size=1000) + 5, [math.inf, -math.inf])
    send(store, CONTRACT, {"x": values.tolist()})
    column = build_baseline(store, CONTRACT, EVERYTHING, name="n", source="s").columns["x"]
    assert column.mean == pytest.approx(values[:1000].mean())
    assert column.std == pytest.approx(values[:1000].std())
    assert column.counts.sum() == 1002


def test_categories_seen_once_stand_for_those_not_seen(store: Store) -> None:
    once = [f"once {i}" for i in range(10)]
    send(store, CONTRACT, {"c": ["a"] * 190 + once})
    column = build_baseline(store, CONTRACT, EVERYTHING, name="n", source="s").columns["c"]
    assert column.layout.labels()[-2] == "(unseen)"
    assert column.counts[-2] == 10
    assert column.counts.sum() == 200
    assert column.counts[0] == 190


def test_more_rows_than_the_quantiles_are_taken_from(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detectors.baselines.layouts.QUANTILE_ROWS", 1000)
    values = np.random.default_rng(24).normal(size=10_000)
    send(store, CONTRACT, {"x": values.tolist()})
    first = build_baseline(store, CONTRACT, EVERYTHING, name="n", source="s")
    again = build_baseline(store, CONTRACT, EVERYTHING, name="n", source="s")
    assert first.columns["x"].layout == again.columns["x"].layout
    assert first.columns["x"].counts.sum() == 10_000
    inside = first.columns["x"].counts[3:-4]
    assert inside.max() < 3 * inside.min()


class TestRowsByName:
    CONTRACT: Contract = CONTRACT

    def test_rows_become_columns(self) -> None:
        batch = columns_of_rows(CONTRACT, [{"x": 1, "c": "a"}, {"c": None}])
        assert batch["c"] == ["a", None]
        assert batch["x"][0] == 1.0
        assert math.isnan(float(str(batch["x"][1])))
        assert "void" not in batch

    def test_no_rows_are_refused(self) -> None:
        with pytest.raises(InvalidInput, match="at least one row"):
            columns_of_rows(CONTRACT, [])

    @pytest.mark.parametrize("value", ["1", True, [1], {}])
    def test_what_is_no_number_is_named_with_its_row(self, value: object) -> None:
        with pytest.raises(InvalidInput, match=r"row 1: x must be a number"):
            columns_of_rows(CONTRACT, [{"x": 1.0}, {"x": value}])

    def test_an_unknown_column_is_named_with_those_there_are(self) -> None:
        with pytest.raises(ContractMismatch, match=r"'xx'.*scores\.class"):
            columns_of_rows(CONTRACT, [{"xx": 1.0}])
