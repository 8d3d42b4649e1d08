"""Labels of a reference's own rows, joined under the name of its stand-in."""

from __future__ import annotations

import pytest

from detectors.performance.labels.recipe import join_recipe
from detectors.performance.labels.references import insert_reference_labels, join_reference
from detectors.reference_rows import load_rows, stand_in
from driftline.contracts import parse_contract
from driftline.errors import InvalidContract
from driftline.store import Store
from tests.integration.detectors.labelling import contract_with, joined


def test_rows_of_a_file_with_their_labels(store: Store) -> None:
    contract = contract_with(key="order", kpis=[{"name": "income", "column": "revenue"}, {"name": "late"}])
    name = stand_in("m")
    events = load_rows(
        store, contract, name, [{"out": ["a", "b"], "revenue": [3.0, 4.0]}, {"out": ["a"], "revenue": [5.0]}]
    )
    assert insert_reference_labels(store, contract, name, 0, {"": ["a", None], "late": [1.5, "x"]}) == (2, 1)
    assert insert_reference_labels(store, contract, name, 2, {"": ["c"]}) == (1, 0)
    for _ in range(2):
        assert join_reference(store, contract, events) == 6
    assert sorted(joined(store, "name, truth, prediction", name)) == [
        ("", "a", "a"),
        ("", "c", "a"),
        ("income", "", "a"),
        ("income", "", "a"),
        ("income", "", "b"),
        ("late", "", "a"),
    ]
    recipe = join_recipe(contract)
    assert recipe is not None
    assert set(joined(store, "recipe", name)) == {(recipe.recipe,)}


def test_rows_without_labels_are_not_joined(store: Store) -> None:
    contract = contract_with()
    events = load_rows(store, contract, stand_in("m"), [{"out": ["a", "b"]}])
    assert join_reference(store, contract, events) == 0


def test_a_contract_without_quality_is_refused(store: Store) -> None:
    plain = parse_contract({"model": "m", "fields": [{"name": "x", "kind": "numeric"}]})
    events = load_rows(store, plain, stand_in("m"), [{"x": [1.0]}])
    with pytest.raises(InvalidContract, match="does not say how quality is measured"):
        join_reference(store, plain, events)
