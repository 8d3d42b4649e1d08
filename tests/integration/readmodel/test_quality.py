"""Figures of a model's newest windows, sorted into what decides, what else there is, and estimates."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from driftline.readmodel.performance import ALL, performance
from driftline.readmodel.quality import model_quality
from driftline.readmodel.ranges import Range
from driftline.store import Store

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def row(hour: int, metric: str, value: float, **others: Any) -> dict[str, Any]:
    start = NOW + hour * HOUR
    return {
        "model": "m",
        "version": "1",
        "window_start": start,
        "window_end": start + HOUR,
        "metric": metric,
        "value": value,
        "lower": value - 0.02,
        "upper": value + 0.02,
        "baseline_value": 0.95,
        "labelled": 90,
        "effective_labelled": 90.0,
        "rows": 100,
        "evidence": math.nan,
        "threshold": math.nan,
        "status": "reported",
        "reason": "",
        "computed_at": start + HOUR,
    } | others


def seed(store: Store) -> None:
    rows = [
        row(-4, "accuracy", 0.94, status="ok"),
        row(-3, "accuracy", 0.9, status="watch", reason="error 10.0% since 08:00"),
        row(-3, "f1_macro", 0.88, details='{"note": 1}'),
        row(-3, "recall", 0.5, class_name="fraud"),
        row(-3, "accuracy", 0.7, segment="country=DE"),
        row(-3, "accuracy", 0.93, segment="country=FR"),
        row(-1, "accuracy", 0.91, basis="cbpe", status="ok", labelled=0),
        row(-1, "f1_macro", 0.9, basis="cbpe", labelled=0),
        row(-2, "accuracy", math.nan, lower=math.nan, upper=math.nan, status="insufficient_data"),
    ]
    # A row may leave out what it does not know.
    for one in rows:
        store.insert_rows("performance", [one])


def test_newest_window_with_a_figure(store: Store) -> None:
    seed(store)
    (version,) = model_quality(store, "m", NOW).versions
    assert version.window_start == NOW - 3 * HOUR
    assert version.decisive is not None
    assert (version.decisive.metric, version.decisive.value, version.decisive.status) == (
        "accuracy",
        0.9,
        "watch",
    )
    assert [one.metric for one in version.figures] == ["f1_macro"]
    assert version.figures[0].details == {"note": 1}
    assert [(one.metric, one.class_name) for one in version.classes] == [("recall", "fraud")]
    assert [one.segment for one in version.segments] == ["country=DE", "country=FR"]
    assert {one.metric for one in version.estimates} == {"accuracy", "f1_macro"}
    assert version.words[0] == (
        "Accuracy 90.0% [88.0%, 92.0%], 5.0 points below the baseline's 95.0%; 90 of 100 predictions are "
        "labelled so far."
    )
    assert version.words[1] == "Error 10.0% since 08:00."
    assert version.words[2].startswith("Without labels, CBPE estimates accuracy 91.0% [89.0%, 93.0%]")


def test_a_model_without_labels_has_no_quality(store: Store) -> None:
    seed(store)
    assert model_quality(store, "another", NOW).versions == ()


def test_history_is_of_what_decides_unless_more_is_asked_for(store: Store) -> None:
    seed(store)
    assert [one.value for one in performance(store, "m", Range())] == [None, 0.9, 0.94]
    assert len(performance(store, "m", Range(), metric=ALL)) == 5
    assert {one.segment for one in performance(store, "m", Range(), metric="accuracy", segment=ALL)} == {
        "",
        "country=DE",
        "country=FR",
    }
    assert {one.basis for one in performance(store, "m", Range(), basis=ALL)} == {"", "cbpe"}
