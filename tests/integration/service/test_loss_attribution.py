"""Why a loss changed: through the API and the command, from labels and without them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx2
import numpy as np
import pytest
from typer.testing import CliRunner

from detectors.baselines.baseline import Baseline
from detectors.baselines.making import make_baseline
from detectors.baselines.recipe import WindowRecipe
from detectors.performance.estimates.reference import read_reference, save_reference
from detectors.performance.labels.joining import LabelJoin
from driftline.contract_store import ContractStore
from driftline.contracts import parse_contract
from driftline.errors import InvalidInput, NotFound
from driftline.events import Label, record_labels
from driftline.readmodel.loss_explanation import LossExplanation
from driftline.settings import Settings
from driftline.store import Store
from service.api.app import create_app
from service.api.services import ApiServices
from service.cli.main import app
from service.loss_attribution import LossQuestion, loss_explanation
from tests.integration.detectors.traffic import BEGIN, send
from tests.seeding.serving import serving

DAY = timedelta(days=1)
ROWS = 1500
NOW = BEGIN + 2 * DAY + timedelta(hours=1)
CONTRACT = parse_contract(
    {
        "model": "shop",
        "fields": [
            {"name": "amount", "kind": "numeric"},
            {"name": "country", "kind": "categorical", "role": "segment"},
            {"name": "answer", "kind": "categorical", "role": "output"},
            {"name": "sure", "kind": "numeric", "role": "output"},
        ],
        "prediction": "answer",
        "quality": {"task": "classification", "scores": {"yes": "sure"}},
    }
)


def traffic(store: Store, day: int, unsure_in_germany: float, *, labelled: bool) -> None:
    """A day of answers that are right as often as they say; in Germany they are less sure than elsewhere."""
    rng = np.random.default_rng(day)
    country = rng.choice(["DE", "FR"], ROWS)
    sure = np.clip(rng.normal(0.9, 0.05, ROWS) - unsure_in_germany * (country == "DE"), 0.5, 0.99)
    wrong = rng.random(ROWS) > sure
    columns: dict[str, Any] = {
        "amount": rng.normal(size=ROWS).tolist(),
        "country": country.tolist(),
        "answer": ["yes"] * ROWS,
        "sure": sure.tolist(),
    }
    ids = send(store, CONTRACT, columns, start=BEGIN + day * DAY, seconds=80_000.0)
    if labelled:
        record_labels(
            store, "shop", [Label(one, "no" if off else "yes") for one, off in zip(ids, wrong, strict=True)]
        )


def prepared(store: Store, settings: Settings, *, labelled: bool) -> Settings:
    """A labelled first day as the baseline, and a second on which Germany fares worse."""
    tuned = settings.model_copy(update={"window_seconds": 3600})
    ContractStore(store).register(CONTRACT)
    traffic(store, 0, 0.0, labelled=True)
    traffic(store, 1, 0.3, labelled=labelled)
    LabelJoin(store, tuned).refresh(CONTRACT)
    recipe = WindowRecipe(since=BEGIN, until=BEGIN + DAY)
    baseline = make_baseline(store, CONTRACT, tuned, recipe, now=NOW)
    assert isinstance(baseline, Baseline)
    reference = read_reference(store, CONTRACT, since=BEGIN, until=BEGIN + DAY)
    assert reference is not None
    save_reference(store, "shop", baseline.baseline_id, reference)
    return tuned


ASKED = LossQuestion("shop", "1", BEGIN + DAY, BEGIN + 2 * DAY)


def test_labels_say_where_the_loss_rose_by_api_and_command(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned = prepared(store, settings, labelled=True)
    query = {"since": BEGIN + DAY, "until": BEGIN + 2 * DAY, "version": "1"}
    with (
        serving(create_app(ApiServices(store, tuned))) as url,
        httpx2.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=30) as client,
    ):
        answer = client.get(
            "/models/shop/quality/attribution", params={name: str(value) for name, value in query.items()}
        )
    found = LossExplanation.model_validate(answer.json())
    assert (found.status, found.basis, found.metric) == ("explained", "realised", "accuracy")
    assert [cause.name for cause in found.causes] == ["country=DE"]
    assert found.before.rows == found.now.rows == ROWS
    assert found.before.since == BEGIN
    assert found.change.value == pytest.approx(0.15, abs=0.04)
    parts = [part.value or 0.0 for one in found.segments for part in (one.mix, one.within)]
    assert sum(parts) == pytest.approx(found.change.value, abs=1e-9)
    assert settings.clickhouse_url is not None
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_URL", settings.clickhouse_url.get_secret_value())
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_DATABASE", settings.clickhouse_database)
    times = [f"--since={BEGIN + DAY:%Y-%m-%dT%H:%M}", f"--until={BEGIN + 2 * DAY:%Y-%m-%dT%H:%M}"]
    printed = CliRunner().invoke(app, ["quality", "shop", "--version=1", "--why", *times])
    assert printed.exit_code == 0, printed.output
    assert "sits where `country` = DE" in " ".join(printed.output.split())
    again = CliRunner().invoke(app, ["quality", "shop", "--version=1", "--why", "--json", *times])
    assert json.loads(again.output)["words"] == list(found.words)
    refused = CliRunner().invoke(app, ["quality", "shop", *times])
    assert isinstance(refused.exception, InvalidInput)


def test_without_labels_the_estimated_loss_is_explained(store: Store, settings: Settings) -> None:
    tuned = prepared(store, settings, labelled=False)
    found = loss_explanation(store, tuned, ASKED, NOW)
    assert (found.status, found.basis) == ("explained", "cbpe")
    # Germany is less sure, at the same calibration: the segment has another loss at the same mix.
    assert "country=DE" in [cause.name for cause in found.causes]
    assert "estimate without labels" in found.words[-1]
    assert found.now.rows == ROWS
    empty = loss_explanation(store, tuned, LossQuestion("shop", "1", BEGIN - DAY, BEGIN), NOW)
    assert (empty.status, empty.basis) == ("empty_range", "")


def test_what_cannot_be_explained_is_said(store: Store, settings: Settings) -> None:
    ContractStore(store).register(CONTRACT)
    with pytest.raises(NotFound, match="did you mean 'shop'"):
        loss_explanation(store, settings, LossQuestion("shopp"))
    nothing = loss_explanation(store, settings, LossQuestion("shop"), NOW)
    assert nothing.status == "no_baseline"
    assert "driftline baseline shop" in nothing.words[0]
    with pytest.raises(InvalidInput, match="must be before until"):
        loss_explanation(store, settings, LossQuestion("shop", since=NOW, until=BEGIN))
