"""Model-level drift without a database: scores, the spread of windows, months, changes, attribution."""

from __future__ import annotations

import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import spearmanr

from bench.multivariate import (
    CHANGES,
    COLUMNS,
    LEARNED,
    WITHIN,
    Model,
    Stream,
    baseline_rows,
    month,
    power,
    vanished,
)
from detectors.multivariate.attribution import attribute, segment_amounts, shares
from detectors.multivariate.domain_classifier import Discriminant, alternating, told_apart
from detectors.multivariate.groups import MOST_NUMERIC, groups_of, segment_columns
from detectors.multivariate.moderation import moderated
from detectors.multivariate.normal_scores import correlations, normal_score_table, slot_shares
from detectors.multivariate.reconstruction import Reconstruction
from detectors.multivariate.spread_of_windows import Series, inflated, scan_windows
from detectors.multivariate.vector_distance import CrossDistance, FourierFeatures
from detectors.profiles.layout import MISSING_AT, WIDTH
from driftline.contracts import parse_contract

# The months and changes of ``python -m bench multivariate``, a few of each.


@pytest.mark.parametrize("kind", ["iid", "ar", "daily"])
def test_a_month_of_unchanged_data_is_called_drifted_never(kind: str) -> None:
    assert month(kind, 77, every=6) == 0


@pytest.mark.parametrize("change", CHANGES)
def test_changes_of_dependence_that_no_single_column_shows_are_found(change: str) -> None:
    wait, by = power(CHANGES[change], 78)
    assert wait is not None
    assert wait <= 3
    assert "correlation" in by


def test_a_move_of_single_columns_is_no_change_of_correlations() -> None:
    stream = Stream(79)
    model = Model(baseline_rows(stream))
    for number in range(LEARNED):
        model.judge(stream.window(number))
    for number in range(6):
        rows = stream.window(LEARNED + number)
        rows[:, 0] = 1.0 + 2 * rows[:, 0]
        judged = {one.change: one for one in model.judge(rows).findings}
        assert judged["correlation"].status != "drifted"
    whole = judged["multivariate"]
    assert whole.status == "drifted"
    assert whole.fields[0].name == "x0"
    assert whole.fields[0].share > 0.6


def test_what_came_apart_is_named_and_closes_when_it_is_back() -> None:
    stream = Stream(80)
    model = Model(baseline_rows(stream))
    for number in range(LEARNED):
        model.judge(stream.window(number))
    for number in range(4):
        rows = vanished(stream.window(number), stream.rng)
        found = {one.change: one for one in model.judge(rows).findings}["correlation"]
    assert found.status == "drifted"
    assert {frozenset((pair.first, pair.second)) for pair in found.pairs} == {
        frozenset(("x0", f"x{i}")) for i in (1, 2, 3)
    }
    assert {pair.kind for pair in found.pairs} == {"came apart"}
    assert found.pairs[0].baseline == pytest.approx(WITHIN, abs=0.05)
    assert found.fields[0].name == "x0"
    assert found.fields[0].share == pytest.approx(0.5)
    assert "and 2 other pairs changed" in found.reason
    for number in range(6):
        found = {one.change: one for one in model.judge(stream.window(number)).findings}["correlation"]
    assert found.status != "drifted"


def test_learning_is_said_and_a_gross_change_is_found_while_it_lasts() -> None:
    stream = Stream(81)
    model = Model(baseline_rows(stream))
    for number in range(8):
        first = model.judge(stream.window(number))
    assert all(one.learning and "learning (7 of 24 windows)" in one.reason for one in first.findings)
    rows = stream.window(9)
    rows[:, 1] = -rows[:, 1]
    assert model.judge(rows).drifted


def test_few_rows_say_so_and_a_baseline_without_dependence_can_be_judged() -> None:
    stream = Stream(82)
    model = Model(baseline_rows(stream))
    judged = model.judge(stream.window(0)[:99])
    assert {one.status for one in judged.findings} == {"insufficient_data"}
    assert "99 effective samples, 100 needed" in judged.findings[0].reason
    constant = Model(np.ones((2_000, COLUMNS)))
    for _ in range(6):
        found = constant.judge(np.ones((300, COLUMNS)))
    assert {one.status for one in found.findings} == {"ok"}


def slots_with(rows: int, seed: int = 1, rho: float = 0.5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 2))
    x[:, 1] = rho * x[:, 0] + math.sqrt(1 - rho**2) * x[:, 1]
    return np.clip(np.round(x * 6) + 15, 0, 30).astype(np.uint8)


def test_correlations_are_those_of_normal_scores_and_indifferent_to_any_increasing_move() -> None:
    slots = slots_with(20_000)
    found, share = correlations(slots, np.ones(20_000))
    assert found[0] == pytest.approx(0.5, abs=0.02)
    assert share[0] == 1
    # Spearman's rho of a normal pair is 6/pi asin(r/2).
    assert spearmanr(slots).statistic == pytest.approx(6 / math.pi * math.asin(found[0] / 2), abs=0.01)
    moved = slots.copy()
    moved[:, 0] = moved[:, 0] // 2 + 15
    squeezed, _ = correlations(np.clip(moved, 0, 31).astype(np.uint8), np.ones(20_000))
    assert squeezed[0] == pytest.approx(found[0], abs=0.02)
    weighted, _ = correlations(slots, np.where(np.arange(20_000) < 10_000, 2.0, 1e-9))
    half, _ = correlations(slots[:10_000], np.ones(10_000))
    assert weighted[0] == pytest.approx(half[0], abs=1e-4)


def test_missing_rows_do_not_weaken_a_correlation_and_too_few_leave_it_unknown() -> None:
    slots = slots_with(20_000)
    holed = slots.copy()
    holed[np.random.default_rng(2).random(20_000) < 0.5, 0] = MISSING_AT
    found, share = correlations(holed, np.ones(20_000))
    assert found[0] == pytest.approx(0.5, abs=0.03)
    assert share[0] == pytest.approx(0.5, abs=0.02)
    holed[15:, 0] = MISSING_AT
    assert np.isnan(correlations(holed, np.ones(20_000))[0][0])
    constant = slots.copy()
    constant[:, 1] = 3
    assert np.isnan(correlations(constant, np.ones(20_000))[0][0])


def test_normal_scores_are_standardised_and_missing_has_none() -> None:
    slots = slots_with(5_000)
    slots[::7, 0] = MISSING_AT
    shares = slot_shares(slots, np.ones(5_000))
    assert shares.shape == (2, WIDTH)
    assert shares.sum(axis=1) == pytest.approx([1, 1])
    table = normal_score_table(shares)
    assert (table[:, MISSING_AT] == 0).all()
    assert np.sum(shares * table, axis=1) == pytest.approx([0, 0], abs=1e-9)
    present = 1 - shares[:, MISSING_AT]
    assert np.sum(shares * table**2, axis=1) == pytest.approx(present)


def test_the_classifier_does_not_recognise_bursts_of_its_own_window() -> None:
    # Rows come in bursts of 50 that share a level: random halves would tell them apart from the baseline.
    rng = np.random.default_rng(3)

    def bursts(n: int) -> np.ndarray:
        return (np.repeat(rng.normal(size=(n // 50, 5)), 50, axis=0) + 0.1 * rng.normal(size=(n, 5))).astype(
            np.float32
        )

    discriminant = Discriminant.of(bursts(2_000), np.ones(2_000))
    areas = [told_apart(discriminant, bursts(1_000), np.ones(1_000)).auc for _ in range(40)]
    assert np.mean(areas) == pytest.approx(0.5, abs=0.05)
    moved = told_apart(discriminant, bursts(1_000) + 4 * np.eye(5, dtype=np.float32)[0], np.ones(1_000))
    assert moved.auc > 0.9
    assert moved.contributions.argmax() == 0
    assert moved.scores.shape == (1_000,)
    assert moved.baseline_scores.shape == (2_000,)


def test_alternating_halves_are_all_rows_once() -> None:
    for rows in (0, 1, 7, 20, 333):
        first, second = alternating(rows)
        assert sorted([*first, *second]) == list(range(rows))


def test_reconstruction_sees_a_cloud_leave_its_plane() -> None:
    rng = np.random.default_rng(4)
    plane = rng.normal(size=(2, 6))

    def cloud(n: int, off: float) -> np.ndarray:
        return rng.normal(size=(n, 2)) @ plane + off * rng.normal(size=(n, 6))

    fitted = Reconstruction.of(cloud(2_000, 0.3), np.ones(2_000))
    assert fitted is not None
    assert abs(fitted.rise(cloud(2_000, 0.3), np.ones(2_000))) < 0.15
    assert fitted.rise(cloud(2_000, 0.6), np.ones(2_000)) > 0.25
    assert fitted.rise(cloud(2_000, 1.5), np.ones(2_000)) > 1
    odd = cloud(2_000, 0.3)
    odd[:, 3] += rng.normal(0, 2, 2_000)
    assert fitted.contributions(odd, np.ones(2_000)).argmax() == 3
    assert Reconstruction.of(np.ones((100, 3)), np.ones(100)) is None
    assert Reconstruction.of(cloud(2_000, 0.3)[:, :1], np.ones(2_000)) is None


def test_the_cross_distance_is_unbiased_with_the_stated_variance() -> None:
    rng = np.random.default_rng(5)
    found = []
    for _ in range(300):
        distance = CrossDistance.of(rng.normal(size=(800, 4)), np.ones(800))
        found.append(distance.squared(rng.normal(size=(400, 4)), np.ones(400)))
    stated = distance.variance(400.0) + distance.baseline_variance
    assert np.mean(found) == pytest.approx(0, abs=3 * math.sqrt(stated / 300))
    assert np.var(found) == pytest.approx(stated, rel=0.3)
    moved = distance.squared(rng.normal(size=(4_000, 4)) + 0.5 * np.eye(4)[0], np.ones(4_000))
    assert moved == pytest.approx(0.25, abs=0.1)


def test_fourier_features_are_the_gaussian_kernel() -> None:
    rows = np.random.default_rng(6).normal(size=(300, 3))
    fourier = FourierFeatures.of(rows)
    near, far = fourier(rows[:1]) @ fourier(rows[:1] + 0.01).T, fourier(rows[:1]) @ fourier(rows[:1] + 50).T
    assert near[0, 0] == pytest.approx(1, abs=0.01)
    assert far[0, 0] == pytest.approx(0, abs=0.3)


def series(values: np.ndarray, *, one_sided: bool = False, alike: bool = True) -> Series:
    windows, scores = values.shape
    return Series(
        values,
        np.full(values.shape, 0.01),
        np.full(scores, 1e-6),
        np.ones(windows, dtype=bool),
        (np.empty((0, scores)), np.empty((0, scores))),
        np.zeros(scores),
        np.zeros(scores),
        np.full(scores, one_sided),
        np.full(scores, alike),
    )


def test_the_spread_of_windows_is_the_yardstick_not_that_of_rows() -> None:
    rng = np.random.default_rng(7)
    # Windows spread three times as wide as independent rows would make them.
    wide = rng.normal(0, 0.3, size=(60, 20))
    wide[-1, 0] = 0.6
    narrow = wide / 3
    narrow[-1, 0] = 0.6
    assert scan_windows(series(wide)).evidence[0] < 3
    found = scan_windows(series(narrow))
    assert found.evidence[0] > 4.5
    assert found.effect[0] == pytest.approx(0.6)
    assert found.scale[0] == 1
    assert found.lasting[0]
    assert found.windows == 59


def test_small_lasting_changes_are_pooled_and_gone_ones_are_not_lasting() -> None:
    rng = np.random.default_rng(8)
    values = rng.normal(0, 0.1, size=(150, 20))
    values[-12:, 0] += 0.2
    found = scan_windows(series(values))
    assert found.scale[0] >= 6
    assert found.evidence[0] > 5
    assert found.lasting[0]
    values[-12:-4, 1] += 0.4
    assert not scan_windows(series(values)).lasting[1]


def test_a_jump_does_not_enter_its_own_yardstick_nor_do_drifted_windows() -> None:
    rng = np.random.default_rng(9)
    values = rng.normal(0, 0.1, size=(80, 20))
    values[40:] += 1.0
    given = series(values)
    usable = np.ones(80, dtype=bool)
    usable[40:] = False
    assert scan_windows(dataclasses.replace(given, usable=usable)).evidence.min() > 7
    assert scan_windows(given).evidence.max() < 5


def test_distances_that_were_always_there_are_no_change() -> None:
    rng = np.random.default_rng(10)
    values = 0.5 + rng.normal(0, 0.1, size=(80, 4))
    assert scan_windows(series(values, one_sided=True, alike=False)).evidence.max() < 4.5
    assert scan_windows(series(values, one_sided=False, alike=False)).evidence.min() > 5
    values[-3:] -= 1
    assert (scan_windows(series(values, one_sided=True, alike=False)).effect[:] < 1).all()


def test_nothing_is_known_from_few_windows_or_missing_scores() -> None:
    values = np.random.default_rng(11).normal(0, 0.1, size=(4, 15)) + 100.0
    assert (scan_windows(series(values)).evidence == 0).all()
    gone = np.full((30, 15), np.nan)
    assert (scan_windows(series(gone)).evidence == 0).all()
    assert inflated(6.0, 1e9) == pytest.approx(6.0)


def test_variances_lend_each_other_as_much_as_they_are_alike() -> None:
    rng = np.random.default_rng(12)
    alike = rng.chisquare(6, 400) / 6
    drawn, freedom = moderated(alike, 6.0)
    assert freedom > 40
    assert drawn.std() < 0.3 * alike.std()
    unlike = alike * np.exp(rng.normal(0, 1.5, 400))
    drawn, freedom = moderated(unlike, 6.0)
    assert freedom < 9
    few = np.array([1.0, 2.0])
    assert moderated(few, 3.0)[0].tolist() == [1.0, 2.0]
    assert moderated(few, 3.0)[1] == 3.0


def test_groups_are_inputs_outputs_and_embeddings_of_at_least_two_columns() -> None:
    contract = parse_contract(
        {
            "model": "m",
            "fields": [
                {"name": "a", "kind": "numeric"},
                {"name": "b", "kind": "categorical"},
                {"name": "country", "kind": "categorical", "role": "segment"},
                {"name": "photo", "kind": "embedding"},
                {"name": "scores", "kind": "prediction", "role": "output"},
                *({"name": f"x{i}", "kind": "numeric"} for i in range(80)),
            ],
        }
    )
    known = [column.name for column in contract.columns() if column.name != "b"]
    groups = {group.field: group for group in groups_of(contract, known)}
    assert set(groups) == {"(inputs)", "(outputs)", "photo"}
    assert len(groups["(inputs)"].numeric) == MOST_NUMERIC
    assert len(groups["(inputs)"].left_out) == 1 + 10 + 80 - MOST_NUMERIC
    assert groups["(inputs)"].categorical == ()
    assert groups["(outputs)"].columns[-1] == "scores.class"
    assert len(groups["photo"].columns) == 10
    assert segment_columns(contract, known) == ("country",)
    assert groups_of(contract, ["a"]) == []


def test_shares_of_a_model_are_those_of_evidence_beyond_noise() -> None:
    def one(field: str, evidence: float, segment: str = "") -> SimpleNamespace:
        return SimpleNamespace(field=field, segment=segment, evidence=evidence, threshold=6.0)

    found = attribute(
        [one("a", 9.0), one("b", 5.0), *(one(f"n{i}", 2.9) for i in range(200)), one("x", math.nan)]
    )
    assert [share.name for share in found.fields] == ["a", "b"]
    assert math.fsum(share.share for share in found.fields) == pytest.approx(1)
    assert found.fields[0].share == pytest.approx(72 / (72 + 16))
    assert found.carriers() == ("a",)
    assert found.carriers(0.99) == ("a", "b")
    assert found.segments == ()
    spread = attribute([one("a", 9.0), one("a", 9.0, "c=1"), one("a", 9.0, "c=2")])
    assert spread.concentration == {"a": 0.0}
    assert [share.share for share in spread.segments] == [0.5, 0.5]
    assert attribute([]).fields == ()
    assert attribute([]).carriers() == ()


def test_segments_add_up_to_the_rise_of_the_score() -> None:
    rng = np.random.default_rng(13)
    before, now = rng.normal(size=300), rng.normal(size=200)
    first, second = rng.choice(["x", "y", "z"], 300), rng.choice(["x", "y"], 200)
    now[second == "y"] += 2
    weights = rng.uniform(0.5, 2, 300), rng.uniform(0.5, 2, 200)
    found = segment_amounts({"c": (first.tolist(), second.tolist())}, (before, now), weights)
    rise = np.average(now, weights=weights[1]) - np.average(before, weights=weights[0])
    assert math.fsum(found.values()) == pytest.approx(rise)
    assert shares(found)[0].name == "c=y"
