"""A model's one-word status and the sentence behind it, from facts alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from driftline.readmodel.episodes import Episode, EpisodeKind
from driftline.readmodel.facts import (
    EventFact,
    FieldFact,
    Horizons,
    ModelFacts,
    QualityFact,
    TrafficFact,
    WindowFact,
)
from driftline.readmodel.status import STATUSES, judge
from driftline.settings import Settings

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SETTINGS = Settings(window_seconds=60, allowed_lateness_seconds=1)


def window(version: str = "1", status: str = "ok", rows: int = 300, reason: str = "") -> WindowFact:
    return WindowFact(
        version=version,
        start=NOW - 2 * MINUTE,
        end=NOW - MINUTE,
        status=status,
        reason=reason,
        rows=rows,
        effective_rows=float(rows),
        drifted_fields=("image.noise", "image.sharpness") if status == "drifted" else (),
        since=NOW - 5 * MINUTE,
        last_rows_end=NOW - MINUTE,
    )


def quality(version: str = "1", status: str = "ok", value: float = 0.96) -> QualityFact:
    return QualityFact(
        version=version,
        metric="accuracy",
        window_start=NOW - 3 * MINUTE,
        window_end=NOW - 2 * MINUTE,
        value=value,
        lower=value - 0.02,
        upper=value + 0.02,
        baseline_value=0.967,
        labelled=285,
        rows=300,
        status=status,
    )


def strongest(status: str = "ok", version: str = "1") -> FieldFact:
    moved = status != "ok"
    return FieldFact(
        version=version,
        field="image.sharpness",
        effect=-1.9 if moved else 0.01,
        evidence=31.7 if moved else 0.4,
        threshold=5.5,
        status=status,
    )


def traffic(version: str = "1", age: timedelta = MINUTE) -> TrafficFact:
    return TrafficFact(version=version, predictions=6000, sampled=300, lost=0, last_ts=NOW - age)


def episode(kind: EpisodeKind) -> Episode:
    return Episode(
        episode_id="ep-1",
        model="digits",
        kind=kind,
        opened_kind="drift",
        state="open",
        opened_at=NOW - 4 * MINUTE,
        updated_at=NOW - 4 * MINUTE,
        resolved_at=None,
        first_window=NOW - 6 * MINUTE,
        last_window=NOW - 2 * MINUTE,
        version="1",
        fields=("image.sharpness",),
        summary="The images lost sharpness.",
        evidence={},
        revision=1,
    )


HEALTHY = ModelFacts(
    model="digits",
    team="ocr",
    description="",
    now=NOW,
    horizons=Horizons.of(SETTINGS),
    windows=(window(),),
    quality=(quality(),),
    fields=(strongest(),),
    traffic=(traffic(),),
    newest_event=None,
    episode=None,
)


def test_a_compared_model_is_healthy_and_says_on_how_many_rows() -> None:
    verdict = judge(HEALTHY)
    assert verdict.status == "healthy"
    assert verdict.since == NOW - 5 * MINUTE
    assert "No field moved beyond tolerance" in verdict.why
    assert "300 rows, 300 effective" in verdict.why
    assert "accuracy 96.0% [94.0%, 98.0%], 0.7 points below the baseline's 96.7%" in verdict.why


@pytest.mark.parametrize(
    ("kind", "status"), [("drift", "drifting"), ("decay", "decaying"), ("harmful_drift", "decaying")]
)
def test_an_open_episode_rules(kind: EpisodeKind, status: str) -> None:
    verdict = judge(replace(HEALTHY, episode=episode(kind)))
    assert verdict.status == status
    assert verdict.since == NOW - 4 * MINUTE
    assert "newest windows look healthy again" in verdict.why


def test_a_drifted_window_is_drifting_before_an_episode_opens() -> None:
    facts = replace(HEALTHY, windows=(window(status="drifted"),), fields=(strongest("drifted"),))
    verdict = judge(facts)
    assert verdict.status == "drifting"
    assert verdict.since == NOW - 5 * MINUTE
    assert verdict.why.startswith(
        "Field image.sharpness moved -1.90 standard units (evidence 31.7, 5.5 needed), 1 more drifted"
    )


def test_decayed_quality_is_decaying_and_comes_first_in_the_sentence() -> None:
    facts = replace(
        HEALTHY,
        windows=(window(status="drifted"),),
        fields=(strongest("drifted"),),
        quality=(quality(status="decayed", value=0.7),),
    )
    verdict = judge(facts)
    assert verdict.status == "decaying"
    assert verdict.why.startswith("Accuracy 70.0% [68.0%, 72.0%], 26.7 points below")
    assert "image.sharpness" in verdict.why


def test_what_a_retired_version_showed_no_longer_counts() -> None:
    facts = replace(
        HEALTHY,
        windows=(window("1", "drifted"), window("2")),
        quality=(quality("1", "decayed", 0.7), quality("2")),
        fields=(strongest("drifted", "1"), strongest("ok", "2")),
        traffic=(traffic("1", age=10 * MINUTE), traffic("2")),
    )
    assert facts.versions == ("2",)
    assert judge(facts).status == "healthy"


def test_a_small_canary_does_not_hide_the_main_version() -> None:
    facts = replace(
        HEALTHY,
        windows=(window("1"), window("2", "insufficient_data", rows=4)),
        traffic=(traffic("1"), traffic("2")),
    )
    assert facts.versions == ("1", "2")
    assert judge(facts).status == "healthy"


@pytest.mark.parametrize(
    ("shown", "status", "words"),
    [
        (window(status="no_baseline"), "no_baseline", "driftline baseline"),
        (window(status="insufficient_data", reason="40 effective rows"), "insufficient_data", "40 effective"),
        (
            window(status="failed", reason="all values are missing"),
            "failed",
            "could not be judged: all values",
        ),
        (window(status="watch"), "watch", "not enough to call it drift or decay yet"),
    ],
)
def test_a_window_that_decides_nothing_is_never_healthy(shown: WindowFact, status: str, words: str) -> None:
    verdict = judge(replace(HEALTHY, windows=(shown,), fields=(strongest("watch"),)))
    assert verdict.status == status
    assert words in verdict.why


def test_quality_on_watch_is_watch() -> None:
    assert judge(replace(HEALTHY, quality=(quality(status="watch"),))).status == "watch"


def test_silence_is_no_traffic_and_says_since_when() -> None:
    quiet = replace(window(), last_rows_end=NOW - 20 * MINUTE)
    verdict = judge(replace(HEALTHY, windows=(quiet,), traffic=(traffic(age=20 * MINUTE),)))
    assert verdict.status == "no_traffic"
    assert "No prediction since 2026-11-23 12:10:00 UTC" in verdict.why


def test_a_registered_model_without_traffic_says_what_to_do() -> None:
    verdict = judge(replace(HEALTHY, windows=(), quality=(), fields=(), traffic=()))
    assert (verdict.status, verdict.since) == ("no_traffic", None)
    assert "driftline collect" in verdict.why


@pytest.mark.parametrize("told_by", ["collector", "event"])
def test_traffic_before_the_first_window_is_learning(told_by: str) -> None:
    facts = replace(
        HEALTHY,
        windows=(),
        quality=(),
        fields=(),
        traffic=(traffic(),) if told_by == "collector" else (),
        newest_event=EventFact(NOW - MINUTE, "1") if told_by == "event" else None,
    )
    assert facts.versions == ("1",)
    assert judge(facts).status == "learning"


def test_the_documented_set_of_statuses_is_the_whole_set() -> None:
    import driftline.readmodel.status as module

    assert module.__doc__ is not None
    documented = [line.split()[0] for line in module.__doc__.splitlines() if line.startswith(tuple(STATUSES))]
    assert tuple(documented) == STATUSES
