"""The story that pages and API are tested with: a healthy fleet, and one model that falls ill.

``digits-ocr`` reads well with version 1 until the scanner degrades: its images drift, then accuracy
decays, a retrain is requested, version 2 is deployed and the episode resolves. A ``Stage`` cuts the
story at a moment, which is always the present.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

import orjson

from driftline.contracts import Contract, ContractField
from driftline.ids import derived_id
from driftline.store import Store
from tests.seeding import tables
from tests.seeding.distributions import Shape, categories, normal
from tests.seeding.tables import Row, SeededColumn, Span

MODEL = "digits-ocr"
WINDOW_SECONDS = 60
EPISODE_ID = derived_id("ep", MODEL, "scanner")
RETRAIN_ID = derived_id("ac", EPISODE_ID, "retrain")
NOTIFY_ID = derived_id("ac", EPISODE_ID, "opened")
RESOLVED_ID = derived_id("ac", EPISODE_ID, "resolved")

_DRIFT, _DECAY, _REDEPLOY, _RESOLVE = 24, 27, 31, 35


class Stage(IntEnum):
    """How many windows of the story have closed."""

    HEALTHY = 22
    DRIFTING = 26
    DECAYING = 30
    RECOVERED = 40


IMAGE_COLUMNS = tuple(f"image.{name}" for name in ("brightness", "contrast", "sharpness", "noise"))
DIGITS = tuple("0123456789")

DIGITS_CONTRACT = Contract(
    model=MODEL,
    team="ocr",
    description="Reads one handwritten digit from an 8 x 8 grey image.",
    fields=(
        ContractField(name="image", kind="image"),
        ContractField(name="scores", role="output", kind="prediction", classes=DIGITS),
    ),
    prediction="scores.class",
)


def digits_columns() -> list[SeededColumn]:
    """Columns of the model with their baseline."""
    numeric = [SeededColumn(name, "input", "numeric", normal(1500)) for name in IMAGE_COLUMNS]
    numeric += [
        SeededColumn(f"scores.{name}", "output", "numeric", normal(1500))
        for name in ("confidence", "entropy", "margin")
    ]
    shares = categories(1500, (0.1,) * 10)
    return [*numeric, SeededColumn("scores.class", "output", "categorical", shares, DIGITS)]


@dataclass
class _Batch:
    """Rows collected by table, so that each table gets one insert."""

    rows: dict[str, list[Row]]

    def add(self, table: str, *rows: Row) -> None:
        self.rows.setdefault(table, []).extend(rows)

    def write(self, store: Store) -> None:
        for table, rows in self.rows.items():
            store.insert_rows(
                table, rows, token=derived_id("seed", table, len(rows), orjson.dumps(str(rows)).decode())
            )


def last_window_end(now: datetime) -> datetime:
    """End of the newest window that has closed by ``now``."""
    return datetime.fromtimestamp(now.timestamp() // WINDOW_SECONDS * WINDOW_SECONDS, UTC)


def seed_digits(store: Store, stage: Stage, now: datetime | None = None) -> None:
    """Write the story of ``digits-ocr`` up to ``stage``."""
    end = last_window_end(now or datetime.now(UTC))
    start = end - int(stage) * timedelta(seconds=WINDOW_SECONDS)
    columns = digits_columns()
    batch = _Batch({})
    tables.register(store, DIGITS_CONTRACT)
    batch.add("baselines", *tables.baseline_rows(MODEL, "training", start, columns, version="1"))
    batch.add(
        "baseline_recipes",
        {"model": MODEL, "version": "1", "name": "", "recipe": '{"kind":"file"}', "declared_at": start},
    )
    retrained = [SeededColumn(c.name, c.role, c.kind, _moved(c, 1500, 1.0), c.categories) for c in columns]
    if stage > _REDEPLOY:
        deployed = start + _REDEPLOY * timedelta(seconds=WINDOW_SECONDS)
        batch.add("baselines", *tables.baseline_rows(MODEL, "retrained", deployed, retrained, version="2"))
    chance = random.Random(7)
    for index in range(int(stage)):
        _digits_window(batch, index, start, columns, retrained, chance)
    _digits_episode(batch, stage, start)
    batch.write(store)


def _digits_window(
    batch: _Batch,
    index: int,
    start: datetime,
    columns: list[SeededColumn],
    retrained: list[SeededColumn],
    chance: random.Random,
) -> None:
    step = timedelta(seconds=WINDOW_SECONDS)
    version = "2" if index >= _REDEPLOY else "1"
    ill = 0.0 if index < _DRIFT else min(1.0, (index - _DRIFT + 1) / 3)
    seen = 5800 + chance.randrange(400)
    rows = 290 + chance.randrange(40)
    span = Span(
        MODEL,
        version,
        start + index * step,
        start + (index + 1) * step,
        derived_id("bl", MODEL, "retrained" if version == "2" else "training"),
        rows,
    )
    drifted = []
    for column in retrained if version == "2" else columns:
        amount = 0.0 if version == "2" else ill
        noise = chance.gauss(0, 0.06)
        shape = _moved(column, rows, amount, noise) if version == "1" else column.baseline
        effect = _EFFECTS[column.name] * amount + noise
        finding = tables.finding_row(span, column, shape, effect, effect * (rows**0.5) * 0.95)
        batch.add("findings", finding)
        batch.add("profiles", tables.profile_row(span, column, shape, effect))
        if finding["status"] == "drifted":
            drifted.append(column.name)
    accuracy = 0.965 + chance.gauss(0, 0.006)
    if version == "1" and index >= _DRIFT + 1:
        accuracy -= 0.27 * min(1.0, (index - _DRIFT) / 3)
    batch.add("windows", tables.window_row(span, drifted))
    batch.add("performance", tables.performance_row(span, min(0.995, accuracy)))
    batch.add("cpu_samples", tables.cpu_row(span, 21.0 + 3 * chance.random()))
    batch.add("coverage", tables.coverage_row(span, seen, {"queue_full": chance.randrange(6)}))


_EFFECTS = {
    "image.brightness": 0.35,
    "image.contrast": -1.1,
    "image.sharpness": -1.9,
    "image.noise": 1.5,
    "scores.confidence": -1.2,
    "scores.entropy": 1.1,
    "scores.margin": -1.0,
    "scores.class": 0.4,
}


def _moved(column: SeededColumn, rows: int, amount: float, noise: float = 0.0) -> Shape:
    if column.kind == "categorical":
        extra = 0.12 * amount
        return categories(rows, (0.1 - extra / 9,) * 8 + (0.1 + extra, 0.1 - extra / 9))
    return normal(rows, _EFFECTS[column.name] * amount + noise, 1 + 0.2 * amount)


def _digits_episode(batch: _Batch, stage: Stage, start: datetime) -> None:
    def at(window: float) -> datetime:
        return start + window * timedelta(seconds=WINDOW_SECONDS)

    if stage <= _DRIFT:
        return
    common = {
        "episode_id": EPISODE_ID,
        "model": MODEL,
        "opened_kind": "drift",
        "opened_at": at(_DRIFT + 1.1),
        "first_window": at(_DRIFT),
        "version": "1",
        "fields": ["image.sharpness", "image.noise"],
    }
    resolved = stage > _RESOLVE
    decaying = stage > _DECAY
    batch.add(
        "episodes",
        common
        | {
            "kind": "drift",
            "state": "open",
            "updated_at": at(_DRIFT + 1.1),
            "resolved_at": None,
            "last_window": at(_DRIFT),
            "summary": "image.sharpness and image.noise left their baseline.",
            "evidence": '{"image.sharpness": {"effect": -0.63, "evidence": 10.5}}',
            "revision": 1,
        },
    )
    if decaying:
        batch.add(
            "episodes",
            common
            | {
                "kind": "harmful_drift",
                "state": "resolved" if resolved else "open",
                "updated_at": at(_RESOLVE if resolved else _DECAY + 1),
                "resolved_at": at(_RESOLVE) if resolved else None,
                "last_window": at(_REDEPLOY - 1 if resolved else _DECAY),
                "summary": "The images lost sharpness and gained noise, and accuracy fell from 96.7% to 70%.",
                "evidence": '{"accuracy": {"value": 0.70, "baseline": 0.967, "labelled": 285}}',
                "revision": 3 if resolved else 2,
            },
        )
    _note(
        batch,
        NOTIFY_ID,
        "notify",
        "opened",
        "https://chat.example/hooks/drift",
        [("pending", at(_DRIFT + 1.1)), ("sent", at(_DRIFT + 1.15))],
    )
    if decaying:
        steps = [("pending", at(_DECAY + 1.05)), ("sent", at(_DECAY + 1.1))]
        if stage > _REDEPLOY:
            steps += [("running", at(_DECAY + 1.4)), ("succeeded", at(_REDEPLOY))]
        _note(batch, RETRAIN_ID, "retrain", "retrain", "https://pipeline.example/retrain", steps)
    if resolved:
        steps = [("pending", at(_RESOLVE)), ("sent", at(_RESOLVE + 0.05))]
        _note(batch, RESOLVED_ID, "notify", "resolved", "https://chat.example/hooks/drift", steps)


_RANK = {"pending": 0, "retrying": 1, "sent": 2, "running": 3, "succeeded": 5, "failed": 5, "dead": 5}
_OUTCOME = {
    "running": {"status": "running", "run_id": "run-418"},
    "succeeded": {
        "status": "succeeded",
        "run_id": "run-418",
        "detail": {
            "gate": {"passed": True, "champion_accuracy": 0.70, "challenger_accuracy": 0.958},
            "deployed_version": "2",
        },
    },
}


def _note(
    batch: _Batch, action_id: str, kind: str, event: str, target: str, steps: list[tuple[str, datetime]]
) -> None:
    for state, moment in steps:
        batch.add(
            "actions",
            {
                "action_id": action_id,
                "episode_id": EPISODE_ID,
                "model": MODEL,
                "kind": kind,
                "event": event,
                "target": target,
                "state": state,
                "rank": _RANK[state],
                "attempt": 0 if state == "pending" else 1,
                "at": moment,
                "next_attempt_at": moment,
                "payload": orjson.dumps(
                    {"type": f"episode.{event}", "data": {"action_id": action_id}}
                ).decode(),
                "error_reason": "",
                "error": "",
                "outcome": orjson.dumps(_OUTCOME[state]).decode() if state in _OUTCOME else "",
            },
        )
