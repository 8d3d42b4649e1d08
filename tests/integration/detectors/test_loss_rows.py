"""Labelled events with their losses and columns, read from a real ClickHouse and explained."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from detectors.multivariate.sampled_rows import slots_of
from detectors.performance.attribution import explain_loss, loss_rows
from detectors.performance.decay.loss import Loss, loss_of
from detectors.performance.labels.joining import LabelJoin
from detectors.performance.labels.recipe import join_recipe
from detectors.profiles.layout import categorical_layout, numeric_layout
from driftline.contract_store import ContractStore
from driftline.contracts import Contract, parse_contract
from driftline.errors import InvalidInput
from driftline.events import Label, record_labels
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.detectors.traffic import BEGIN, send

DAY = timedelta(days=1)
ROWS = 1500
LAYOUTS = {
    "amount": numeric_layout(-3.0, 3.0, tuple(float(one) for one in np.linspace(-2, 2, 25)), 1.0),
    "payment": categorical_layout(("card", "cash"), (900, 600), 2),
    "gone": numeric_layout(0.0, 1.0, (), 0.3),
}


def contract_with(**quality: Any) -> Contract:
    return parse_contract(
        {
            "model": "shop",
            "fields": [
                {"name": "amount", "kind": "numeric"},
                {"name": "payment", "kind": "categorical"},
                {"name": "country", "kind": "categorical", "role": "segment"},
                {"name": "answer", "kind": "categorical", "role": "output"},
                {"name": "guess", "kind": "numeric", "role": "output"},
            ],
            "prediction": "guess" if quality.get("task") == "regression" else "answer",
            "quality": quality,
        }
    )


def traffic(store: Store, contract: Contract, day: int, wrong_in_germany: float) -> dict[str, Any]:
    """A day of labelled events; the model is wrong in a tenth of them, in Germany more often."""
    rng = np.random.default_rng(day)
    country = rng.choice(["DE", "FR"], ROWS)
    wrong = rng.random(ROWS) < 0.1 + wrong_in_germany * (country == "DE")
    amount = rng.normal(size=ROWS)
    columns: dict[str, Any] = {
        "amount": [None if number < -2 else float(number) for number in amount],
        "payment": rng.choice(["card", "cash"], ROWS).tolist(),
        "country": country.tolist(),
        "answer": np.where(wrong, "no", "yes").tolist(),
        "guess": (10.0 + 4.0 * wrong).tolist(),
    }
    ids = send(store, contract, columns, start=BEGIN + day * DAY, seconds=80_000.0, version=str(day + 1))
    truth = "yes" if contract.prediction == "answer" else "10"
    record_labels(store, "shop", [Label(one, truth) for one in ids])
    return columns | {"wrong": wrong}


def setup(store: Store, settings: Settings, **quality: Any) -> tuple[Contract, list[dict[str, Any]], Loss]:
    contract = ContractStore(store).register(contract_with(**quality))
    days = [traffic(store, contract, 0, 0.0), traffic(store, contract, 1, 0.3)]
    report = LabelJoin(store, settings).refresh(contract)
    assert report.complete
    recipe = join_recipe(contract)
    assert recipe is not None
    measured = contract.quality_or_default()
    assert measured is not None
    return contract, days, loss_of(measured, scores=recipe.scores)


def test_rows_carry_losses_bins_and_segments(store: Store, settings: Settings) -> None:
    contract, days, loss = setup(store, settings, task="classification")
    rows = loss_rows(store, contract, loss, LAYOUTS, BEGIN, BEGIN + DAY)
    assert (len(rows), rows.total) == (ROWS, ROWS)
    assert rows.losses.sum() == days[0]["wrong"].sum()
    assert rows.bins.keys() == {"amount", "payment"}
    for name in rows.bins:
        wanted = slots_of(
            LAYOUTS[name],
            np.array([np.nan if one is None else one for one in days[0][name]])
            if name == "amount"
            else days[0][name],
        )
        assert (
            np.bincount(rows.bins[name], minlength=33).tolist() == np.bincount(wanted, minlength=33).tolist()
        )
    german = rows.segments["country"] == "DE"
    assert german.sum() == days[0]["country"].count("DE")
    assert rows.losses[german].sum() == days[0]["wrong"][np.array(days[0]["country"]) == "DE"].sum()


def test_the_injected_segment_is_named(store: Store, settings: Settings) -> None:
    contract, _, loss = setup(store, settings, task="classification")
    before = loss_rows(store, contract, loss, LAYOUTS, BEGIN, BEGIN + 2 * DAY, versions=["1"])
    now = loss_rows(store, contract, loss, LAYOUTS, BEGIN, BEGIN + 2 * DAY, versions=["2"])
    found = explain_loss(before, now)
    assert found.named == ("country=DE",)
    assert found.causes[0].share == pytest.approx(1.0, abs=0.2)


def test_a_bounded_sample_is_the_same_every_time(store: Store, settings: Settings) -> None:
    contract, _, loss = setup(store, settings, task="classification")
    first, again = (
        loss_rows(store, contract, loss, LAYOUTS, BEGIN, BEGIN + 2 * DAY, most_rows=400) for _ in range(2)
    )
    assert (len(first), first.total) == (400, 2 * ROWS)
    assert sorted(first.bins["amount"].tolist()) == sorted(again.bins["amount"].tolist())
    assert first.mean == pytest.approx(again.mean)


def test_losses_of_numbers_are_clipped_only_when_bounded(store: Store, settings: Settings) -> None:
    contract, days, loss = setup(store, settings, task="regression")
    assert loss.learned
    free = loss_rows(store, contract, loss, LAYOUTS, BEGIN, BEGIN + DAY)
    assert set(free.losses.tolist()) == {0.0, 4.0}
    cut = loss_rows(store, contract, loss.bounded(1.5), LAYOUTS, BEGIN, BEGIN + DAY)
    assert cut.losses.sum() == 1.5 * days[0]["wrong"].sum()


def test_no_labels_and_no_quality_are_said(store: Store, settings: Settings) -> None:
    contract, _, loss = setup(store, settings, task="classification")
    nothing = loss_rows(store, contract, loss, LAYOUTS, BEGIN - DAY, BEGIN)
    assert len(nothing) == 0
    assert explain_loss(nothing, nothing).status == "insufficient_data"
    unmeasured = parse_contract({"model": "shop", "fields": [{"name": "amount", "kind": "numeric"}]})
    with pytest.raises(InvalidInput, match="'shop' measures no quality"):
        loss_rows(store, unmeasured, loss, LAYOUTS, BEGIN, BEGIN + DAY)
