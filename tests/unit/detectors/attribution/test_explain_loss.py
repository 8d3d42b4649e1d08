"""Attribution of a loss: exact sums, injected causes named first, nothing named where nothing happened."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from detectors.performance.attribution import LossAttribution, LossRows, explain_loss
from driftline.errors import InvalidInput
from tests.seeding.losses import LAYOUTS, NOTHING, Injected, loss_rows

RUNS = 40


def simulate(injected: Injected = NOTHING, runs: int = RUNS) -> list[LossAttribution]:
    return [
        explain_loss(loss_rows(2 * seed), loss_rows(2 * seed + 1, injected=injected)) for seed in range(runs)
    ]


def first(found: list[LossAttribution]) -> Counter[str]:
    return Counter(one.named[0] if one.named else "" for one in found)


def test_nothing_is_named_where_nothing_changed() -> None:
    found = simulate(runs=120)
    # A change is shown by chance in 5 of 100; three standard errors of 120 runs more.
    assert np.mean([one.status != "no_change" for one in found]) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 120)
    # Then something is named by chance in 5 of 100 of these.
    assert sum(bool(one.named) for one in found) <= 3
    assert "So nothing is named" in next(one for one in found if one.status == "no_change").words[0]


@pytest.mark.parametrize(
    ("injected", "name"),
    [
        (Injected(country=0.1), "country=DE"),
        (Injected(region=0.2), "age"),
        (Injected(amount=1.0), "amount"),
        (Injected(missing=0.2), "amount"),
    ],
)
def test_an_injected_cause_is_named_first_and_explains_most(injected: Injected, name: str) -> None:
    found = simulate(injected)
    assert first(found)[name] >= 0.95 * RUNS
    shares = [one.causes[0].share for one in found if one.causes]
    assert 0.7 < np.median(shares) < 1.3
    # What goes along with it is not named too, but for chance.
    assert np.mean([len(one.named) for one in found]) <= 1.1


def test_the_region_of_a_changed_relation_is_told() -> None:
    for one in simulate(Injected(region=0.2), 10):
        cause = one.causes[0]
        assert cause.kind == "changed"
        low, _, high = cause.region.partition(" to ")
        assert float(low) == pytest.approx(0.8, abs=0.35)
        assert float(high) > 2.0
        assert cause.loss_now - cause.loss_before == pytest.approx(0.2, abs=0.08)


def test_correlated_columns_share_an_explanation_in_words() -> None:
    found = simulate(Injected(amount=1.0), 20)
    assert sum(one.causes[0].alike == ("echo",) for one in found) >= 18
    said = " ".join(next(one for one in found if one.causes[0].alike).words)
    assert "`echo` shows it too" in said
    assert "Columns that are correlated share an explanation" in said


def test_a_rise_everywhere_is_no_fields_fault() -> None:
    found = simulate(Injected(everywhere=0.06))
    assert sum(one.status == "unexplained" for one in found) >= 0.9 * RUNS
    assert "everywhere alike" in next(one for one in found if one.status == "unexplained").words[1]


def test_two_causes_are_both_found() -> None:
    found = simulate(Injected(country=0.1, amount=1.0), 20)
    assert sum({"country=DE", "amount"} <= set(one.named) for one in found) >= 16


def test_intervals_hold_what_was_injected() -> None:
    """The true excess of Germany is its share times 0.1; nothing else moves."""
    # 95% is nominal; 88% of 100 runs is three standard errors below.
    held = [
        next(part for part in one.segments if part.value == "DE").within
        for one in simulate(Injected(country=0.1), 100)
    ]
    covered = np.mean([part.lower <= 0.05 <= part.upper for part in held])
    assert 0.88 <= covered <= 1.0
    moved = [
        next(part for part in one.fields if part.column == "noise").moved
        for one in simulate(Injected(amount=0.5), 100)
    ]
    assert np.mean([part.lower <= 0 <= part.upper for part in moved]) >= 0.88


@hypothesis_settings(max_examples=40)
@given(seed=st.integers(0, 10_000), weighted=st.booleans(), germans=st.floats(0.0, 1.0))
def test_parts_add_up_to_the_change(seed: int, weighted: bool, germans: float) -> None:
    weights = np.random.default_rng(seed).uniform(0.5, 3.0, size=300) if weighted else None
    before = loss_rows(seed, 300, weights=weights)
    now = loss_rows(seed + 1, 300, Injected(germans=germans, region=0.3, missing=0.1), weights)
    found = explain_loss(before, now)
    change = float(now.shares @ now.losses - before.shares @ before.losses)
    assert found.change.value == pytest.approx(change, abs=1e-12)
    assert sum(one.mix.value + one.within.value for one in found.segments) == pytest.approx(change, abs=1e-9)
    for field in found.fields:
        assert field.moved.value + field.within.value == pytest.approx(change, abs=1e-9)
    assert sum(cause.part.value for cause in found.causes) + found.rest.value == pytest.approx(
        change, abs=1e-9
    )


def test_weights_count_as_rows() -> None:
    """A row of weight 2 is as two rows in every figure but the errors."""
    rows = loss_rows(5, 1000, Injected(region=0.2))
    doubled = np.concatenate([np.arange(1000), np.arange(0, 1000, 2)])
    twice = LossRows(
        rows.losses[doubled],
        np.ones(1500),
        {name: slots[doubled] for name, slots in rows.bins.items()},
        LAYOUTS,
        {name: values[doubled] for name, values in rows.segments.items()},
    )
    heavy = replace(rows, weights=np.where(np.arange(1000) % 2 == 0, 2.0, 1.0))
    before = loss_rows(4, 1000)
    one, two = explain_loss(before, twice), explain_loss(before, heavy)
    assert one.change.value == pytest.approx(two.change.value)
    moved = [{part.column: part.moved.value for part in found.fields} for found in (one, two)]
    assert moved[0] == pytest.approx(moved[1])


def test_few_rows_say_so_and_wrong_rows_are_refused() -> None:
    few = explain_loss(loss_rows(1, 4000), loss_rows(2, 60))
    assert (few.status, few.named) == ("insufficient_data", ())
    assert "worth 4,000 before and 60 now, 100 are needed" in few.words[0]
    rows = loss_rows(1, 200)
    with pytest.raises(InvalidInput, match="losses must be finite"):
        replace(rows, losses=np.full(200, np.nan))
    with pytest.raises(InvalidInput, match="weights has 3 rows, the losses have 200"):
        replace(rows, weights=np.ones(3))
    with pytest.raises(InvalidInput, match="above 0"):
        replace(rows, weights=np.zeros(200))
    with pytest.raises(InvalidInput, match="columns without a layout: amount"):
        replace(rows, layouts={name: one for name, one in LAYOUTS.items() if name != "amount"})


def test_alike_losses_on_both_sides_are_no_change() -> None:
    rows = loss_rows(1, 500)
    flat = replace(rows, losses=np.zeros(500))
    assert explain_loss(flat, flat).status == "no_change"
    assert explain_loss(flat, flat).change.value == 0
