"""Baselines of awkward data: each gives a status with a reason or a clear error, never a crash."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from detectors.baselines.baseline import Baseline
from detectors.baselines.making import make_baseline
from detectors.baselines.recipe import WindowRecipe
from detectors.reference_rows import baseline_from_rows
from driftline.contracts import Contract, parse_contract
from driftline.errors import ContractMismatch, InvalidInput
from driftline.events import MISSING_CATEGORY
from driftline.readmodel.baseline_quality import FieldQuality, Quality, parse_quality
from driftline.settings import Settings
from driftline.store import Store
from service.baseline_files import follow_file
from tests.integration.detectors.hourly import BEGIN, HOUR, Hours

CONTRACT = parse_contract(
    {
        "model": "odd",
        "fields": [{"name": "x", "kind": "numeric"}, {"name": "c", "kind": "categorical"}],
    }
)


def made(store: Store, settings: Settings, **columns: Sequence[object]) -> tuple[Baseline, Quality]:
    baseline = baseline_from_rows(store, CONTRACT, [columns], name="n", source="test", settings=settings)
    quality = parse_quality(baseline.quality)
    assert quality is not None
    return baseline, quality


def of(quality: Quality, field: str) -> FieldQuality:
    return next(one for one in quality.fields if one.field == field)


def test_no_row_is_refused(store: Store, settings: Settings) -> None:
    with pytest.raises(InvalidInput, match="at least one"):
        baseline_from_rows(store, CONTRACT, [], name="n", source="test", settings=settings)
    with pytest.raises(InvalidInput, match="at least one"):
        made(store, settings, x=[])


def test_one_row_is_weak_and_says_what_is_needed(store: Store, settings: Settings) -> None:
    baseline, quality = made(store, settings, x=[1.5], c=["a"])
    assert baseline.rows == 1
    assert quality.verdict == "weak"
    assert quality.reasons[0] == "1 effective rows, 100 are needed to compare at all"


def test_all_missing_fields_are_weak(store: Store, settings: Settings) -> None:
    _, quality = made(store, settings, x=[math.nan] * 500, c=[None] * 500)
    assert quality.verdict == "weak"
    assert "no field has a value" in quality.reasons
    assert of(quality, "x").trouble == of(quality, "c").trouble
    assert of(quality, "x").missing_share == 1


def test_one_all_missing_field_is_named(store: Store, settings: Settings) -> None:
    _, quality = made(store, settings, x=[math.nan] * 500, c=["a", "b"] * 250)
    assert quality.verdict == "usable"
    assert "x without any value" in quality.reasons


def test_constants_are_named(store: Store, settings: Settings) -> None:
    _, quality = made(store, settings, x=[7.25] * 500, c=["a"] * 500)
    assert of(quality, "x").trouble == ("constant (7.25): any other value will be out of its range",)
    assert of(quality, "c").trouble == ("constant ('a'): any other value will be unseen",)


def test_infinite_values_are_counted_and_named(store: Store, settings: Settings) -> None:
    values = np.random.default_rng(1).normal(size=500)
    values[:3] = [math.inf, -math.inf, math.inf]
    baseline, quality = made(store, settings, x=values.tolist())
    assert baseline.columns["x"].std == pytest.approx(values[3:].std())
    assert of(quality, "x").trouble[0].startswith("3 values are infinite")


def test_nothing_but_infinite_values(store: Store, settings: Settings) -> None:
    _, quality = made(store, settings, x=[math.inf] * 500)
    assert of(quality, "x").trouble[0].startswith("500 values are infinite")
    assert of(quality, "x").trouble[1].startswith("no value is finite")
    assert quality.verdict == "weak"


@pytest.mark.parametrize(("centre", "scale"), [(0.0, 1e-12), (1.7e9, 3600.0), (1e15, 1000.0)])
def test_tiny_scales_and_huge_offsets_keep_their_digits(
    store: Store, settings: Settings, centre: float, scale: float
) -> None:
    values = centre + scale * np.random.default_rng(2).normal(size=4000)
    baseline, quality = made(store, settings, x=values.tolist())
    column = baseline.columns["x"]
    assert column.std == pytest.approx(values.std(), rel=1e-3)
    assert column.mean == pytest.approx(values.mean(), rel=1e-9, abs=1e-15)
    inner = column.counts[3:-4]
    assert inner.size > 20
    assert inner.max() < 3 * inner.min()
    detects = of(quality, "x").detects[0].location_sd
    assert detects is not None
    assert 0.1 < detects < 0.5


def test_a_million_distinct_categories(store: Store, settings: Settings) -> None:
    store.command(
        "INSERT INTO inference_events (model, ts, event_id, status, weight, numeric, categorical) "
        "SELECT 'odd', {begin:DateTime64(3, 'UTC')} + intDiv(number, 500), toString(number), 'ok', 1, [1.], "
        "[concat('user-', toString(number))] FROM numbers(1000000)",
        {"begin": BEGIN},
    )
    baseline = _window(store, settings, CONTRACT, 1)
    quality = parse_quality(baseline.quality)
    assert quality is not None
    assert of(quality, "c").distinct == 1_000_000
    assert of(quality, "c").trouble[0].startswith("1,000,000 categories: the 1,000 most frequent are known")
    assert of(quality, "c").trouble[1].startswith("100.0% of its rows hold a category that was seen once")
    assert baseline.columns["c"].counts.sum() == 1_000_000


def test_categories_that_differ_in_case_or_form_are_named(store: Store, settings: Settings) -> None:
    names = ["Caf\u00e9", "cafe\u0301", "tea", "\uff34ea", "water"]
    _, quality = made(store, settings, c=names * 100)
    (trouble,) = of(quality, "c").trouble
    assert trouble.startswith("categories that differ in case, spaces or Unicode form only: ")
    assert "'Caf\u00e9' and 'cafe\u0301'" in trouble
    assert "'tea' and '\uff34ea'" in trouble
    assert "water" not in trouble


def test_the_sign_of_missing_is_missing(store: Store, settings: Settings) -> None:
    baseline, _ = made(store, settings, c=[MISSING_CATEGORY, "a"] * 50)
    assert baseline.columns["c"].layout.categories == ("a",)
    assert baseline.columns["c"].counts.tolist() == [50, 0, 50]


def test_mixed_types_in_a_file_are_refused_by_name(store: Store, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "mixed.csv"
    file.write_text("x,c\n1,a\ntwo,b\n")
    with pytest.raises(ContractMismatch, match="x: mixed types: 1 numbers and 1 texts"):
        follow_file(store, settings, CONTRACT, file)


def test_a_file_of_other_columns_is_refused(store: Store, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("y\n1\n")
    with pytest.raises(ContractMismatch, match=r"none of the contract's columns \(x, c\); it has y"):
        follow_file(store, settings, CONTRACT, file)


def test_a_field_that_always_rises_is_named(store: Store, settings: Settings) -> None:
    clock = parse_contract({"model": "clock", "fields": [{"name": "x", "kind": "numeric"}]})
    hours = Hours(store, clock)
    for hour in range(30):
        hours.send_values(hour, {"x": (1e9 + 3600 * hour + np.arange(20)).tolist()})
    quality = parse_quality(_window(store, settings, clock, 30).quality)
    assert quality is not None
    assert "as a timestamp's or a running id's does" in of(quality, "x").trouble[0]


def _window(store: Store, settings: Settings, contract: Contract, hours: int) -> Baseline:
    hourly = settings.model_copy(update={"window_seconds": 3600, "min_samples": 10})
    recipe = WindowRecipe(since=BEGIN, until=BEGIN + hours * HOUR)
    baseline = make_baseline(store, contract, hourly, recipe, now=BEGIN + timedelta(days=2))
    assert isinstance(baseline, Baseline)
    return baseline
