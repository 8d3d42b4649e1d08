"""Two sets of rows compared end to end: quiet on unchanged data, awake to change, patient with bad fields."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from detectors.baselines.building import build_baseline
from detectors.comparison import Comparison, FieldComparison, compare
from detectors.reference_rows import load_rows, stand_in
from driftline.contracts import Contract, parse_contract
from driftline.settings import Settings
from driftline.store import Store

Rows = Mapping[str, Sequence[object]]


def contract_for(rows: Rows, **tolerances: float) -> Contract:
    return parse_contract(
        {
            "model": "m",
            "fields": [
                {
                    "name": name,
                    "kind": "categorical" if any(isinstance(v, str) for v in values) else "numeric",
                    "tolerance": tolerances.get(name),
                }
                for name, values in rows.items()
            ],
        }
    )


def compared(
    store: Store, settings: Settings, before: Rows, now: Rows, contract: Contract | None = None
) -> Comparison:
    contract = contract or contract_for(before)
    reference = load_rows(store, contract, stand_in("m"), [before])
    current = load_rows(store, contract, stand_in("m"), [now])
    baseline = build_baseline(store, contract, reference, name="before", source="test")
    return compare(store, contract, baseline, current, settings)


def field(comparison: Comparison, name: str) -> FieldComparison:
    return next(one for one in comparison.fields if one.field == name)


def unchanged(rng: np.random.Generator, n: int) -> dict[str, list[object]]:
    """Twelve fields as they occur, from the same laws at every call."""
    names = np.array([f"c{i}" for i in range(1500)])
    zipf = 1 / np.arange(1, 201)
    holes = rng.normal(size=n)
    holes[rng.random(n) < 0.3] = math.nan
    some: list[object] = rng.choice(["x", "y", "z"], n, p=[0.7, 0.2, 0.1]).tolist()
    return {
        "normal": rng.normal(size=n).tolist(),
        "tiny": (rng.normal(size=n) * 1e-12).tolist(),
        "heavy": np.exp(2 * rng.normal(size=n)).tolist(),
        "constant": [5.0] * n,
        "rare": (rng.random(n) < 0.0004).astype(float).tolist(),
        "zeros": ((rng.random(n) < 0.05) * rng.exponential(size=n)).tolist(),
        "counts": rng.poisson(1.0, n).astype(float).tolist(),
        "holes": holes.tolist(),
        "three": some,
        "two hundred": rng.choice(names[:200], n, p=zipf / zipf.sum()).tolist(),
        "identifiers": rng.choice(names, n).tolist(),
        "singletons": [f"v{min(int(value), 14)}" for value in rng.geometric(0.5, n)],
    }


def test_unchanged_data_is_called_unchanged(store: Store, settings: Settings) -> None:
    """60 comparisons at the default 1%: three alarms or more would come by chance in 2.3% of runs."""
    alarms = []
    for seed in range(60):
        rng = np.random.default_rng(1000 + seed)
        comparison = compared(store, settings, unchanged(rng, 600), unchanged(rng, 500))
        assert len(comparison.fields) == 12
        assert {one.status for one in comparison.fields} <= {"ok", "watch", "drifted"}
        alarms += [f"{seed}: {one.field} {one.reason}" for one in comparison.fields if one.drifted]
    assert len(alarms) <= 3, alarms


@pytest.mark.parametrize("seed", range(3))
def test_moderate_changes_are_found_and_the_others_left_alone(
    store: Store, settings: Settings, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    n = 5000
    before, now = unchanged(rng, 2 * n), unchanged(rng, n)
    now["normal"] = (rng.normal(size=n) + 0.2).tolist()
    now["tiny"] = ((rng.normal(size=n) + 0.2) * 1e-12).tolist()
    # Five points move from one of eight categories to another.
    eight = [f"k{i}" for i in range(8)]
    before["three"] = rng.choice(eight, 2 * n, p=[0.2, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]).tolist()
    now["three"] = rng.choice(eight, n, p=[0.2, 0.15, 0.1, 0.1, 0.1, 0.1, 0.1, 0.15]).tolist()
    now["counts"] = [math.nan if rng.random() < 0.02 else value for value in now["counts"]]
    comparison = compared(store, settings, before, now)
    assert comparison.drifted
    assert comparison.status == "drifted"
    assert {one.field for one in comparison.fields if one.drifted} == {"normal", "tiny", "three", "counts"}
    assert field(comparison, "counts").direction == "missing"
    assert field(comparison, "normal").effect == pytest.approx(0.2, abs=0.06)
    assert field(comparison, "three").moved[0].label in ("k1", "k7")
    missed = field(comparison, "heavy").minimum_detectable_effect
    assert missed is not None
    assert 0 < missed < 0.2


def test_fields_that_cannot_be_judged_say_so_and_the_others_go_on(store: Store, settings: Settings) -> None:
    rng = np.random.default_rng(9)
    n = 1000
    void: list[object] = [math.nan] * n
    before: Rows = {
        "void": void,
        "fills": void,
        "empties": rng.normal(size=n).tolist(),
        "constant": [5.0] * n,
        "jumps": [5.0] * n,
        "good": rng.normal(size=n).tolist(),
    }
    now: Rows = {
        "void": void,
        "fills": rng.normal(size=n).tolist(),
        "empties": void,
        "constant": [5.0] * n,
        "jumps": [6.0] * n,
        "good": rng.normal(size=n).tolist(),
    }
    contract = contract_for(before)
    reference = load_rows(store, contract, stand_in("m"), [before])
    current = load_rows(store, contract, stand_in("m"), [now])
    baseline = build_baseline(store, contract, reference, name="before", source="test")
    mixed = {"mixed": ("unknown", "mixed types: 1 numbers and 2 texts")}
    comparison = compare(store, contract, baseline, current, settings, mixed)
    assert {one.field: one.status for one in comparison.fields} == {
        "void": "ok",
        "fills": "drifted",
        "empties": "drifted",
        "constant": "ok",
        "jumps": "drifted",
        "good": "ok",
        "mixed": "failed",
    }
    assert field(comparison, "mixed").reason.startswith("mixed types")
    assert field(comparison, "empties").direction == "missing"
    assert all(one.reason for one in comparison.fields)


def test_a_failed_field_makes_an_unchanged_comparison_failed(store: Store, settings: Settings) -> None:
    rows: Rows = {"x": np.random.default_rng(1).normal(size=500).tolist()}
    contract = contract_for(rows)
    reference = load_rows(store, contract, stand_in("m"), [rows])
    baseline = build_baseline(store, contract, reference, name="b", source="test")
    comparison = compare(store, contract, baseline, reference, settings, {"y": ("numeric", "why not")})
    assert (comparison.status, comparison.drifted) == ("failed", False)


def test_too_few_rows_are_insufficient(store: Store, settings: Settings) -> None:
    rows: Rows = {"x": [1.0, 2.0, 3.0]}
    comparison = compared(store, settings, rows, rows)
    assert comparison.status == "insufficient_data"
    assert field(comparison, "x").status == "insufficient_data"
    assert field(comparison, "x").evidence is None


def test_no_current_rows_are_insufficient(store: Store, settings: Settings) -> None:
    rows: Rows = {"x": np.random.default_rng(1).normal(size=500).tolist()}
    comparison = compared(store, settings, rows, {"x": []})
    assert (comparison.status, comparison.current_rows, comparison.fields) == ("insufficient_data", 0, ())


def test_the_tolerance_of_a_field_is_its_owners(store: Store, settings: Settings) -> None:
    rng = np.random.default_rng(3)
    before: Rows = {name: rng.normal(size=20_000).tolist() for name in ("strict", "lenient")}
    now: Rows = {name: (rng.normal(size=20_000) + 0.2).tolist() for name in ("strict", "lenient")}
    comparison = compared(store, settings, before, now, contract_for(before, lenient=0.5))
    assert field(comparison, "strict").status == "drifted"
    assert field(comparison, "lenient").status == "watch"
    assert "below tolerance" in field(comparison, "lenient").reason
