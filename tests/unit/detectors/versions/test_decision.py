"""Verdicts about a challenger: how often they are wrong over many looks, how fast they are right."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.versions.betting import BETS, Tally, Vector, log_mixture
from detectors.versions.decision import decide, verdict
from detectors.versions.evidence import Evidence, PairedEvidence, UnpairedEvidence

counts = st.integers(0, 3000)


def errors(rows: int, wrong: float) -> Tally:
    return Tally.of([0.0, 1.0], counts=[rows - wrong, wrong])


def pairs(only_champion: float, only_challenger: float, rows: float) -> PairedEvidence:
    """Pairs in which only one of both erred, and the others."""
    rest = rows - only_champion - only_challenger
    return PairedEvidence(Tally.of([0.0, 0.5, 1.0], counts=[only_champion, rest, only_challenger]))


def least_by_brute_force(x: Tally, y: Tally, difference: float) -> float:
    """Least log wealth of "x above b + difference, y below b" over a very fine grid of b."""
    b = np.linspace(max(0, -difference), min(1, 1 - difference), 40_001)

    def above(tally: Tally, means: Vector) -> Vector:
        means = np.clip(means, 1e-9, 1 - 1e-9)
        paths = np.stack(
            [
                sum(
                    count * np.log1p(bet * weight * (value / means - 1))
                    for value, weight, count in zip(tally.values, tally.weights, tally.counts, strict=True)
                )
                for bet in BETS
            ]
        )
        return log_mixture(paths, 0.25)

    return float(np.min(above(x, b + difference) + above(y.mirrored(), 1 - b)))


@given(st.integers(1, 3000), st.floats(0, 1), st.integers(1, 3000), st.floats(0, 1), st.floats(-0.5, 0.5))
def test_evidence_of_groups_never_exceeds_the_least_over_all_means(
    n: int, p: float, m: int, q: float, difference: float
) -> None:
    x, y = errors(n, round(p * n)), errors(m, round(q * m))
    evidence = UnpairedEvidence(x, y).log_above(difference)
    least = least_by_brute_force(x, y, difference)
    assert evidence <= least + 1e-6
    # And gives away little where it matters.
    if 1 < least < 10:
        assert evidence >= 0.8 * least - 0.3


@given(counts, counts, st.integers(1, 4000))
def test_both_kinds_of_evidence_are_mirror_images(a: int, b: int, more: int) -> None:
    rows = a + b + more
    ahead, behind = pairs(a, b, rows), pairs(b, a, rows)
    assert ahead.log_above(0.01) == pytest.approx(behind.log_below(-0.01), abs=1e-6)
    split, turned = (
        UnpairedEvidence(errors(rows, a), errors(rows, b)),
        UnpairedEvidence(errors(rows, b), errors(rows, a)),
    )
    assert split.log_above(0.01) == pytest.approx(turned.log_below(-0.01), abs=1e-6)


@given(counts, counts)
def test_verdict_and_interval_say_the_same(a: int, b: int) -> None:
    margin = 0.02
    for evidence in (pairs(a, b, 7000), UnpairedEvidence(errors(3000, a), errors(3000, b))):
        found = decide(evidence, margin, 0.05)
        assert found.lower <= found.estimate + 1e-6
        assert found.estimate <= found.upper + 1e-6
        assert (found.verdict == "worse") == (found.lower >= margin - 1e-6)
        assert (found.verdict == "better") == (found.upper <= 1e-6)
        assert (found.verdict in ("better", "not_worse")) == (found.upper <= margin + 1e-6)
        assert found.verdict == "undecided" or found.more_rows is None
        assert verdict(evidence, margin, 0.05) == found.verdict


def test_the_expected_number_of_labels_decides() -> None:
    def evidence(times: float) -> Evidence:
        return UnpairedEvidence(
            errors(round(1000 * times), 140 * times), errors(round(1000 * times), 100 * times)
        )

    now = decide(evidence(1), 0.0, 0.05)
    assert now.verdict == "undecided"
    assert now.more_rows is not None
    needed = 1 + now.more_rows / 2000
    assert decide(evidence(1.03 * needed), 0.0, 0.05).verdict == "worse"
    assert decide(evidence(0.9 * needed), 0.0, 0.05).verdict == "undecided"
    # At the margin itself no number of labels decides.
    assert decide(pairs(100, 120, 1000), 0.02, 0.05).more_rows is None


def test_nothing_is_decided_without_rows_and_wrong_levels_are_refused() -> None:
    empty = PairedEvidence(Tally.of([]))
    assert decide(empty, 0.1, 0.05).verdict == "undecided"
    assert (decide(empty, 0.1, 0.05).lower, decide(empty, 0.1, 0.05).upper) == (-1.0, 1.0)
    for margin, alpha in ((1.0, 0.05), (-0.1, 0.05), (0.1, 0.0), (0.1, 1.0), (math.nan, 0.05)):
        with pytest.raises(ValueError, match="lies between"):
            decide(empty, margin, alpha)


def looks_until_verdict(kind: str, extra: float, margin: float, seed: int) -> list[str]:
    """Verdicts of one stream at 40 looks from 100 to 10,000 rows a side; 10% of the champion's are wrong."""
    rng = np.random.default_rng(seed)
    looks = np.unique(np.geomspace(100, 10_000, 40).astype(int))
    luck = rng.random((2, looks[-1]))
    champion = luck[0] < 0.1
    # Shadow: what is hard for one is hard for the other; of the rest each has its own luck.
    challenger = np.where(luck[1] < 0.8, luck[0], rng.random(looks[-1])) < 0.1 + extra
    found: list[str] = []
    for n in looks:
        a, b = champion[:n], challenger[:n]
        if kind == "shadow":
            evidence: Evidence = pairs((a & ~b).sum(), (b & ~a).sum(), n)
        else:
            evidence = UnpairedEvidence(errors(n, (luck[1, :n] < 0.1 + extra).sum()), errors(n, a.sum()))
        found.append(verdict(evidence, margin, 0.05))
    return found


@pytest.mark.parametrize("kind", ["shadow", "canary"])
def test_a_false_verdict_is_ever_given_as_seldom_as_stated(kind: str) -> None:
    repeats = 40
    # On the margin's edge both verdicts would be wrong; without a difference "worse" and "better" are.
    on_edge = [looks_until_verdict(kind, 0.02, 0.02, seed) for seed in range(repeats)]
    equal = [looks_until_verdict(kind, 0.0, 0.0, seed) for seed in range(repeats)]
    for found in (on_edge, equal):
        false = np.mean([any(one in ("worse", "better", "not_worse") for one in looks) for looks in found])
        # 5% in 40 streams: more than 6 happen less than once in 300.
        assert false <= 6 / 40


def test_a_five_point_loss_is_found_and_shadows_need_fewer_labels() -> None:
    def first(kind: str) -> list[int]:
        # 40: found at no look.
        streams = (looks_until_verdict(kind, 0.05, 0.01, seed) for seed in range(30))
        return [next((at for at, one in enumerate(looks) if one == "worse"), 40) for looks in streams]

    shadow, canary = first("shadow"), first("canary")
    assert np.mean(np.array(shadow) < 40) >= 0.97
    assert np.mean(np.array(canary) < 40) >= 0.9
    assert np.median(shadow) < np.median(canary)
