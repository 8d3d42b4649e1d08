"""Rows of the store's tables, one function a table, as the detectors and the loop write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from driftline.contract_store import ContractStore
from driftline.contracts import Contract
from driftline.ids import derived_id
from driftline.store import Store
from tests.seeding.distributions import EDGES, Shape, statistics

Row = dict[str, Any]


@dataclass(frozen=True)
class SeededColumn:
    """A column with its baseline distribution."""

    name: str
    role: str
    kind: str
    baseline: Shape
    categories: tuple[str, ...] = ()


def register(store: Store, contract: Contract) -> None:
    ContractStore(store).register(contract)


def register_many(store: Store, contracts: list[Contract]) -> None:
    """Many contracts in one block; unlike :func:`register` it creates no views."""
    store.insert_rows(
        "contracts",
        [
            {
                "model": contract.model,
                "revision": 1,
                "source": contract.source,
                "body": orjson.dumps(contract.model_dump(mode="json")).decode(),
            }
            for contract in contracts
        ],
    )


def baseline_rows(
    model: str,
    name: str,
    created_at: datetime,
    columns: list[SeededColumn],
    version: str = "",
    labelled: float = 1500.0,
    correct: float = 1450.0,
) -> list[Row]:
    baseline_id = derived_id("bl", model, name)
    return [
        {
            "baseline_id": baseline_id,
            "model": model,
            "version": version,
            "name": name,
            "source": "training set",
            "created_at": created_at,
            "field": column.name,
            "kind": column.kind,
            "edges": list(EDGES) if column.kind == "numeric" else [],
            "categories": list(column.categories),
            "top": len(column.categories),
            "complete": int(column.kind == "categorical"),
            "counts": list(column.baseline.counts),
            "rows": 1500,
            "weight_sum": 1500.0,
            "effective_rows": 1500.0,
            "mean": 0.0 if column.kind == "numeric" else float("nan"),
            "std": 1.0 if column.kind == "numeric" else float("nan"),
            "minimum": -3.2 if column.kind == "numeric" else float("nan"),
            "maximum": 3.4 if column.kind == "numeric" else float("nan"),
            "labelled": labelled,
            "correct": correct,
        }
        for column in columns
    ]


@dataclass(frozen=True)
class Span:
    """One version of a model in one window, compared with a baseline."""

    model: str
    version: str
    start: datetime
    end: datetime
    baseline_id: str
    rows: int

    def key(self) -> Row:
        return {
            "model": self.model,
            "version": self.version,
            "window_start": self.start,
            "window_end": self.end,
        }


def profile_row(span: Span, column: SeededColumn, shape: Shape, mean: float) -> Row:
    return span.key() | {
        "baseline_id": span.baseline_id,
        "field": column.name,
        "kind": column.kind,
        "counts": list(shape.counts),
        "rows": span.rows,
        "weight_sum": float(span.rows),
        "effective_rows": float(span.rows),
        "mean": mean if column.kind == "numeric" else float("nan"),
        "std": 1.0 if column.kind == "numeric" else float("nan"),
        "minimum": -3.0,
        "maximum": 3.0,
        "computed_at": span.end,
    }


def finding_row(
    span: Span, column: SeededColumn, shape: Shape, effect: float, evidence: float, status: str = ""
) -> Row:
    threshold = 5.5 if column.kind == "numeric" else 5.77
    drifted = abs(evidence) > threshold and abs(effect) > 0.05
    return span.key() | {
        "finding_id": derived_id("fi", span.model, span.version, span.start, column.name),
        "baseline_id": span.baseline_id,
        "field": column.name,
        "change": "distribution",
        "kind": column.kind,
        "role": column.role,
        "status": status or ("drifted" if drifted else "ok"),
        "reason": "effect and evidence above their thresholds" if drifted else "",
        "effect": effect,
        "direction": "location" if column.kind == "numeric" else f"share of {(*column.categories, '?')[0]}",
        "evidence": abs(evidence),
        "threshold": threshold,
        "scale": 3 if drifted else 1,
        "minimum_detectable_effect": 0.42,
        "budget": 0.0075,
        "rows": float(span.rows),
        "effective_rows": float(span.rows),
        "statistics": statistics(column.baseline, shape),
        "top_bins": "[]",
        "computed_at": span.end,
    }


def window_row(span: Span, drifted: list[str], status: str = "", reason: str = "") -> Row:
    return span.key() | {
        "baseline_id": span.baseline_id,
        "status": status or ("drifted" if drifted else "ok"),
        "reason": reason,
        "rows": span.rows,
        "weight_sum": float(span.rows),
        "effective_rows": float(span.rows),
        "drifted_fields": drifted,
        "computed_at": span.end,
    }


def performance_row(span: Span, accuracy: float, baseline: float = 0.967, labelled: float = 0.95) -> Row:
    count = int(span.rows * labelled)
    half = 1.96 * (accuracy * (1 - accuracy) / max(1, count)) ** 0.5
    decayed = accuracy + half < baseline - 0.02
    return span.key() | {
        "metric": "accuracy",
        "value": accuracy,
        "lower": max(0.0, accuracy - half),
        "upper": min(1.0, accuracy + half),
        "baseline_value": baseline,
        "labelled": count,
        "labelled_weight": float(count),
        "correct_weight": count * accuracy,
        "effective_labelled": float(count),
        "rows": span.rows,
        "evidence": (baseline - accuracy) / max(0.004, half / 1.96),
        "threshold": 4.5,
        "status": "decayed" if decayed else "ok",
        "reason": "",
        "computed_at": span.end,
    }


def coverage_row(span: Span, seen: int, dropped: Mapping[str, int]) -> Row:
    lost = sum(dropped.values())
    return {
        "ts": span.end - timedelta(seconds=1),
        "model": span.model,
        "version": span.version,
        "instance": f"{span.model}-0",
        "seen": seen,
        "kept": span.rows,
        "unsampled": seen - span.rows - lost,
        "dropped": dict(dropped),
    }


def cpu_row(span: Span, cpu_seconds: float) -> Row:
    return {
        "ts": span.end - timedelta(seconds=1),
        "node": "node-1",
        "model": span.model,
        "instance": f"{span.model}-0",
        "processes": 2,
        "cpu_seconds": cpu_seconds,
        "memory_bytes": 400 * 2**20,
        "interval_seconds": (span.end - span.start).total_seconds(),
        "grade": "measured",
    }
