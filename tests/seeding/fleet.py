"""The rest of the fleet: mostly healthy models of five teams, and one of each other status."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from driftline.contracts import Contract, ContractField
from driftline.ids import derived_id
from driftline.store import Store
from tests.seeding import tables
from tests.seeding.distributions import normal
from tests.seeding.story import WINDOW_SECONDS, last_window_end
from tests.seeding.tables import Row, SeededColumn, Span

_NAMES = (
    "face-embed", "face-liveness", "face-quality", "face-age", "asr-mandarin", "asr-english", "asr-punctuate",
    "voice-activity", "intent-router", "toxicity", "summarise-short", "ner-address", "rank-home", "rank-feed",
    "recall-video", "ctr-banner", "invoice-layout", "plate-reader", "id-card", "receipt-total",
    "table-detect", "logo-detect", "barcode-read", "spell-fix",
)  # fmt: skip
COLUMNS = tuple(
    SeededColumn(name, "input", "numeric", normal(1500)) for name in ("length", "energy", "score")
)


@dataclass(frozen=True)
class Odd:
    """A model that is not simply healthy."""

    name: str
    status: str
    quiet_windows: int = 0


ODD = (
    Odd("ctr-search", "insufficient_data"),
    Odd("translate-ja", "no_baseline"),
    Odd("asr-cantonese", "ok", quiet_windows=9),
    Odd("rank-shop", "watch"),
)
REGISTERED_ONLY = "face-mask"


def contract(name: str, team: str) -> Contract:
    """A plain contract with three numeric inputs."""
    return Contract(
        model=name,
        team=team,
        fields=tuple(ContractField(name=column.name, kind="numeric") for column in COLUMNS),
    )


def team_of(name: str) -> str:
    """The team whose work a model's name tells; the rest belongs to the readers of documents."""
    prefixes = {
        "face": ("face",),
        "speech": ("asr", "voice"),
        "nlp": ("intent", "toxicity", "summarise", "ner", "translate", "spell"),
        "recommendation": ("rank", "recall", "ctr", "bulk"),
    }
    return next((team for team, starts in prefixes.items() if name.startswith(starts)), "ocr")


def seed_fleet(store: Store, now: datetime | None = None, extra: int = 0, windows: int = 12) -> int:
    """Write about thirty models, and ``extra`` more; return how many there are."""
    end = last_window_end(now or datetime.now(UTC))
    healthy = [*_NAMES, *(f"bulk-{index:04d}" for index in range(extra))]
    contracts = [contract(name, team_of(name)) for name in healthy]
    contracts += [contract(odd.name, team_of(odd.name)) for odd in ODD]
    contracts.append(contract(REGISTERED_ONLY, "face"))
    tables.register_many(store, contracts)
    rows: dict[str, list[Row]] = {
        "windows": [],
        "findings": [],
        "performance": [],
        "coverage": [],
        "cpu_samples": [],
    }
    chance = random.Random(11)
    for name in healthy:
        _seed_model(rows, Odd(name, "ok"), end, windows, chance)
    for odd in ODD:
        _seed_model(rows, odd, end, windows, chance)
    for table, seeded in rows.items():
        store.insert_rows(table, seeded, token=derived_id("fleet", table, len(seeded), end))
    return len(contracts)


def _seed_model(
    rows: dict[str, list[Row]], odd: Odd, end: datetime, windows: int, chance: random.Random
) -> None:
    step = timedelta(seconds=WINDOW_SECONDS)
    version = str(chance.randrange(1, 9))
    few = odd.status == "insufficient_data"
    busy = 37 if few else chance.choice((400, 900, 2500, 8000))
    level = 0.9 + 0.09 * chance.random()
    for index in range(windows):
        start = end - (windows - index + odd.quiet_windows) * step
        seen = int(busy * (0.9 + 0.2 * chance.random()))
        known = odd.status != "no_baseline"
        span = Span(
            odd.name, version, start, start + step,
            derived_id("bl", odd.name, "training") if known else "", min(seen, 500),
        )  # fmt: skip
        last = index == windows - 1
        status = odd.status if odd.status != "watch" or last else "ok"
        reason = f"{seen} effective rows, 100 needed" if few else ""
        rows["windows"].append(tables.window_row(span, [], status, reason))
        if odd.name.startswith(("rank", "face")):
            rows["cpu_samples"].append(tables.cpu_row(span, seen / 300))
        rows["coverage"].append(tables.coverage_row(span, seen, {}))
        if not known or few:
            continue
        for position, column in enumerate(COLUMNS):
            effect = chance.gauss(0, 0.04)
            watched = status == "watch" and position == 0
            rows["findings"].append(
                tables.finding_row(
                    span, column, column.baseline, 0.19 if watched else effect,
                    4.6 if watched else effect * 20, "watch" if watched else "",
                )
            )  # fmt: skip
        if odd.name.startswith(("face", "asr", "rank", "bulk")):
            rows["performance"].append(
                tables.performance_row(span, level + chance.gauss(0, 0.004), level, labelled=0.3)
            )
