"""False alarms, power and peers of the decision about decay: ``python -m bench decay [--quick]``.

False alarms: many streams of 10,000 windows each, whose risk is exactly the limit (the worst case that the
guarantee covers), or that of the reference. The stated level is ``looks / c``, and with the reference's error
``alpha + looks / c``, at the default budget. Power: error up by 5 points, windows of 1,000 labels, a
reference of 10,000. Seeds are fixed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import binomtest

from bench.decay_peers import PEERS, peer_alarms
from bench.decay_streams import (
    Cells,
    Draw,
    clustered,
    drawn,
    errors,
    first_alarms,
    first_alarms_with_delays,
    log_factors,
    partly_labelled,
    reference_of,
    skewed_losses,
    wandering,
    weighted_errors,
)
from detectors.performance.decay.budget import DecayBudget
from detectors.performance.decay.reference import RiskReference
from driftline.settings import Settings

Vector = NDArray[np.float64]

SEED = 20_314
LOOKS = 10_000
BUDGET = DecayBudget(0.0625, 3600)
LOG_C = math.log(BUDGET.threshold)
REFERENCE_LABELS, LABELS, DROP, WITHIN = 10_000, 1_000, 0.05, 3
HEALTHY = 50
RISKS, TOLERANCES = (0.05, 0.1, 0.2), (0.0, 0.005, 0.01, 0.02)


def run(quick: bool = False) -> list[dict[str, Any]]:
    """False alarms, power, peers."""
    streams = 100 if quick else 400
    results = _false_alarms(streams)
    for risk in RISKS:
        results += [_power(risk, tolerance, 1000 if quick else 4000) for tolerance in TOLERANCES]
    return [*results, *_peers(4 if quick else 10)]


def _at(limit: float, cells: Cells) -> RiskReference:
    """A reference whose limit is given, with the bets that fit."""
    variance = float(cells.shares @ (cells.losses - limit) ** 2)
    usual = float(cells.shares @ cells.weights**2 / (cells.shares @ cells.weights))
    return RiskReference(REFERENCE_LABELS, limit, variance, limit, 0.0, limit, 1.0, 1.0, usual_weight=usual)


def _false_alarms(streams: int) -> list[dict[str, Any]]:
    results = []
    # Ten labels at a time hardly overshoot the threshold: there the level is nearly met, and 400 streams
    # cannot tell it from one above.
    binary, small, many = errors(0.1), 200, 10 * streams
    cases: list[tuple[str, Cells, Draw]] = [
        ("full_labels", binary, drawn(binary, LABELS, streams)),
        ("few_labels", binary, drawn(binary, 10, many)),
        ("partial_labels", binary, partly_labelled(binary, LABELS, streams)),
        ("lognormal_weights", *_both(weighted_errors(0.1, 1.0), small, streams)),
        ("skewed_losses", *_both(skewed_losses(), small, streams)),
    ]
    level = LOOKS / BUDGET.threshold
    for k, (name, cells, draw) in enumerate(cases):
        factors = log_factors(cells, [_at(cells.risk, cells)])
        repeats = many if name == "few_labels" else streams
        alarms = first_alarms(draw, LOOKS, factors, repeats, LOG_C, SEED + k)
        results.append(_share(f"at_limit_{name}", np.isfinite(alarms), level))
    factors = log_factors(binary, [_at(0.1, binary)])
    newest, revised = first_alarms_with_delays(0.1, LOOKS, LABELS, 4, factors, streams, LOG_C, SEED + 10)
    # The level counts beginnings, which are windows; each is looked at four times.
    results.append(_share("at_limit_delayed_corrected", np.isfinite(newest), level))
    results.append(_share("at_limit_delayed_any_revised_window", np.isfinite(revised), level))
    results.append(_at_reference(streams))
    return [*results, *_broken(streams)]


def _both(cells: Cells, labels: int, streams: int) -> tuple[Cells, Draw]:
    return cells, drawn(cells, labels, streams)


def _at_reference(streams: int) -> dict[str, Any]:
    """Nothing changed and no tolerance: each stream has a reference of its own."""
    wrong = np.random.default_rng(SEED + 20).binomial(REFERENCE_LABELS, 0.1, streams)
    references = [reference_of(REFERENCE_LABELS, int(k), BUDGET.alpha_reference, 0.0) for k in wrong]
    draw = drawn(errors(0.1), LABELS, streams)
    alarms = first_alarms(draw, LOOKS, log_factors(errors(0.1), references), streams, LOG_C, SEED + 21)
    return _share("at_reference_level", np.isfinite(alarms), BUDGET.false_alarm_probability(LOOKS))


def _broken(streams: int) -> list[dict[str, Any]]:
    """What the guarantee does not cover: errors that come together, a risk that wanders around the limit."""
    cells = errors(0.1)
    factors = log_factors(cells, [_at(0.1, cells)])
    results = []
    for name, draw in (
        ("errors_in_runs_of_10", clustered(0.1, LABELS, 10, streams)),
        ("risk_wanders_sd_1_point", wandering(0.1, LABELS, 0.01, 0.9, streams)),
    ):
        alarms = first_alarms(draw, LOOKS, factors, streams, LOG_C, SEED + 30)
        results.append(_share(f"not_covered_{name}", np.isfinite(alarms), None))
    # A reference that knows the long-run variance raises windows' evidence to 1 / (1 + n spread / variance).
    for memory in (0.0, 0.9):
        spread = 0.01**2 * (1 + memory) / (1 - memory)
        damped = factors / (1 + LABELS * spread / 0.09)
        draw = wandering(0.1, LABELS, 0.01, memory, streams)
        alarms = first_alarms(draw, LOOKS, damped, streams, LOG_C, SEED + 31)
        results.append(_share(f"spread_known_memory_{memory:g}", np.isfinite(alarms), None))
    return results


def _power(risk: float, tolerance: float, streams: int) -> dict[str, Any]:
    rng = np.random.default_rng(SEED + 40)
    wrong = rng.binomial(REFERENCE_LABELS, risk, streams)
    references = [reference_of(REFERENCE_LABELS, int(k), BUDGET.alpha_reference, tolerance) for k in wrong]
    before, after = (drawn(errors(r), LABELS, streams) for r in (risk, risk + DROP))
    alarms = first_alarms(
        lambda r, t: before(r, t) if t < HEALTHY else after(r, t),
        HEALTHY + 40,
        log_factors(errors(risk), references),
        streams,
        LOG_C,
        SEED + 41,
    )
    delays = alarms[alarms > HEALTHY] - HEALTHY
    found = float((delays <= WITHIN).mean())
    best = _fixed_sample(risk, tolerance)
    bar = "at least 0.95" if tolerance == Settings.model_fields["decay_tolerance"].default else ""
    return {
        "bench": "decay",
        "metric": f"found_within_{WITHIN}_accuracy_{1 - risk:g}_tolerance_{tolerance:g}",
        "value": round(found, 4),
        "unit": "share of drops by 5 points",
        "bar": bar,
        "baseline": "one z-test of exactly the three windows against the same limit, at 1/c",
        "baseline_value": round(best, 4),
        "ratio": round(found / best, 3),
        "met": found >= 0.95 if bar else None,
        "sizes": {
            "streams": streams,
            "labels_a_window": LABELS,
            "reference_labels": REFERENCE_LABELS,
            "windows_to_detection": {q: float(np.quantile(delays, q)) for q in (0.5, 0.95)},
            "known_reference": round(_fixed_sample(risk, tolerance, known=True), 4),
        },
    }


def _fixed_sample(risk: float, tolerance: float, *, known: bool = False) -> float:
    """Power of a z-test that knows when the drop began and looks once, at error ``1 / c``.

    ``known``: against the exact risk of the reference, which nobody knows.
    """
    n = WITHIN * LABELS
    z = -float(ndtri(1 / BUDGET.threshold))
    usual = reference_of(REFERENCE_LABELS, round(risk * REFERENCE_LABELS), BUDGET.alpha_reference, tolerance)
    limit, wobble = (risk + tolerance, 0.0) if known else (usual.limit, risk * (1 - risk) / REFERENCE_LABELS)
    now = risk + DROP
    spread = math.sqrt(now * (1 - now) / n + wobble)
    return float(ndtr((now - limit - z * math.sqrt(limit * (1 - limit) / n)) / spread))


def _peers(streams: int) -> list[dict[str, Any]]:
    windows = 300
    rng = np.random.default_rng(SEED + 50)
    past = rng.random((streams, REFERENCE_LABELS)) < 0.1
    stream = rng.random((streams, windows * LABELS)) < 0.1
    references = [reference_of(REFERENCE_LABELS, int(row.sum()), BUDGET.alpha_reference, 0.0) for row in past]
    wrong = stream.reshape(streams, windows, LABELS).sum(axis=2)
    ours = first_alarms(
        lambda _, t: np.stack([LABELS - wrong[:, t], wrong[:, t]], axis=1),
        windows,
        log_factors(errors(0.1), references),
        streams,
        LOG_C,
        SEED,
    )
    mine = float(np.isfinite(ours).mean())
    results = []
    for peer in PEERS:
        theirs = float(np.mean([peer_alarms(peer, past[k], stream[k], LABELS) > 0 for k in range(streams)]))
        results.append(
            {
                "bench": "decay",
                "metric": f"false_alarm_within_{windows}_windows_beside_{peer}",
                "value": round(mine, 4),
                "unit": "share of unchanged streams",
                "bar": "",
                "baseline": peer,
                "baseline_value": round(theirs, 4),
                "ratio": round(mine / theirs, 3) if theirs else None,
                "met": None,
                "sizes": {"streams": streams, "windows": windows, "labels_a_window": LABELS},
            }
        )
    return results


def _share(name: str, alarmed: NDArray[np.bool_], level: float | None) -> dict[str, Any]:
    count, streams = int(alarmed.sum()), alarmed.size
    interval = binomtest(count, streams).proportion_ci(0.95, "exact")
    return {
        "bench": "decay",
        "metric": f"false_alarm_{name}",
        "value": round(count / streams, 4),
        "unit": f"probability within {LOOKS:,} looks",
        "bar": "" if level is None else f"at most {level:.4f}",
        "baseline": "",
        "baseline_value": None,
        "ratio": None,
        "met": None if level is None else bool(count / streams <= level),
        "sizes": {"streams": streams, "interval": [round(interval.low, 4), round(interval.high, 4)]},
    }
