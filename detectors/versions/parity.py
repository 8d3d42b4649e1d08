"""Do two versions in shadow traffic give the same answers: an optimised engine against the original."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from detectors.performance.labels.recipe import join_recipe
from detectors.versions.output_parity import EXAMPLES, OutputComparison, Tolerance
from detectors.versions.pairing import VersionPair, shared_answers, version_pair
from detectors.versions.parity_words import parity_in_words, verdict_of
from detectors.versions.unlabelled import answered_rows, answers, latencies
from driftline.contract_store import ContractStore
from driftline.contracts import Column
from driftline.errors import InvalidInput
from driftline.events import MISSING_CATEGORY
from driftline.readmodel.version_parity import VersionParity
from driftline.settings import Settings
from driftline.store import Store, load_sql

ANSWERED: Final = "(answered)"
"""Name of the output that says whether there was an answer at all."""

REQUIRED: Final = 0.99

MOST_PAIRS: Final = 300_000
"""Requests that are compared; of more a fixed part, drawn by their hash."""

PAIRS_OF_A_PART: Final = 100_000
"""Requests that are held in memory at once."""


@dataclass(frozen=True, slots=True)
class ParityQuestion:
    """What is to be compared.

    Attributes
    ----------
    a, b
        The original and its variant.
    tolerances
        By output. For others it is the contract's tolerance of the field, else the setting
        ``drift_tolerance``, in standard deviations of the original's values.
    required
        Share of requests whose answers have to agree.
    """

    model: str
    a: str
    b: str
    since: datetime | None = None
    until: datetime | None = None
    tolerances: Mapping[str, Tolerance] = field(default_factory=dict)
    required: float = REQUIRED


def parity_of_versions(store: Store, settings: Settings, question: ParityQuestion) -> VersionParity:
    """Compare the outputs of two versions for the requests that both answered.

    An output passes when its share of agreeing requests is shown to reach what is required, at 95% with one
    look, and fails when it is shown not to.

    Raises
    ------
    InvalidInput
        No request was answered by both, the contract has no outputs, or a tolerance is for none of them.
    NotFound
        The model is unknown or a version never answered.
    """
    checked_share(question.required)
    contract = ContractStore(store).required(question.model)
    outputs = [column for column in contract.columns() if column.role == "output"]
    if not outputs:
        raise InvalidInput(f"the contract of {question.model!r} has no field of the role output to compare")
    numbers = [column for column in outputs if column.kind == "numeric"]
    categories = [column for column in outputs if column.kind == "categorical"]
    check_names([column.name for column in numbers], question.tolerances)
    pair = version_pair(
        store,
        question.model,
        question.a,
        question.b,
        question.since,
        question.until or datetime.now(UTC),
    )
    recipe = join_recipe(contract)
    key_slot = recipe.key_slot if recipe else 0
    way = shared_answers(store, pair, key_slot, "yes").way
    assert way != "unpaired", "pairs were asked for"
    tolerances = _tolerances(store, settings, pair, numbers, question.tolerances)
    compared = {
        column.name: OutputComparison(
            column.name, column.kind, tolerances.get(column.name, Tolerance()), question.required
        )
        for column in outputs
    }
    answered = OutputComparison(ANSWERED, "categorical", Tolerance(), question.required)
    counted = answers(store, pair)
    rows = max(1, *(answered_rows(counted, version) for version in (question.a, question.b)))
    parts = 1 << max(0, math.ceil(math.log2(rows / PAIRS_OF_A_PART)))
    looked_at = max(1, min(parts, MOST_PAIRS * parts // rows))
    params = {
        **pair.params(),
        "way": way,
        "key_slot": key_slot,
        "number_slots": [column.slot + 1 for column in numbers],
        "category_slots": [column.slot + 1 for column in categories],
        "parts": parts,
    }
    sides = _Sides()
    for part in range(looked_at):
        sides.add(store.query(load_sql(__file__, "parity_unmatched"), {**params, "part": part})[0])
        found = store.query_columns(load_sql(__file__, "parity_rows"), {**params, "part": part})
        if not len(found["id"]):
            continue
        failed_a, failed_b = list(found["failed_a"]), list(found["failed_b"])
        answered.add(found["id"], *([_ANSWERS[one] for one in side] for side in (failed_a, failed_b)))
        both = [at for at, (x, y) in enumerate(zip(failed_a, failed_b, strict=True)) if not (x or y)]
        ids = [found["id"][at] for at in both]
        for index, column in enumerate(numbers):
            a, b = ([found[side][at][index] for at in both] for side in ("numbers_a", "numbers_b"))
            compared[column.name].add(ids, a, b)
        for index, column in enumerate(categories):
            a, b = (
                [_known(found[side][at][index]) for at in both] for side in ("categories_a", "categories_b")
            )
            compared[column.name].add(ids, a, b)
    results = (answered.result(), *(one.result() for one in compared.values()))
    parity = VersionParity(
        model=question.model,
        a=question.a,
        b=question.b,
        since=pair.since,
        until=pair.until,
        pairing=way,
        required=question.required,
        verdict=verdict_of(results),
        words=(),
        rows_a=sides.rows_a,
        rows_b=sides.rows_b,
        pairs=results[0].pairs,
        sampled=looked_at / parts,
        only_a=sides.only_a,
        only_b=sides.only_b,
        only_a_examples=sides.examples_a,
        only_b_examples=sides.examples_b,
        outputs=results,
        latency=latencies(counted, pair, 0.05),
        cost=None,
    )
    return parity.model_copy(update={"words": parity_in_words(parity)})


_ANSWERS: Final = ("answered", "failed")


@dataclass(slots=True)
class _Sides:
    """Requests of both versions, added up over parts."""

    rows_a: int = 0
    rows_b: int = 0
    only_a: int = 0
    only_b: int = 0
    examples_a: tuple[str, ...] = ()
    examples_b: tuple[str, ...] = ()

    def add(self, row: Mapping[str, Any]) -> None:
        self.rows_a += row["rows_a"]
        self.rows_b += row["rows_b"]
        self.only_a += row["only_a"]
        self.only_b += row["only_b"]
        self.examples_a = (*self.examples_a, *row["examples_a"])[:EXAMPLES]
        self.examples_b = (*self.examples_b, *row["examples_b"])[:EXAMPLES]


def checked_share(required: float) -> float:
    """A required share, if it can be one; :class:`InvalidInput` says what can."""
    if not 0 < required <= 1:
        raise InvalidInput(f"the required share lies above 0 and is at most 1, got {required:g}")
    return required


def check_names(known: Collection[str], tolerances: Mapping[str, Tolerance]) -> None:
    """Every tolerance is for a numeric output; :class:`InvalidInput` names those there are."""
    for name in tolerances:
        if name not in known:
            raise InvalidInput(
                f"a tolerance is for a numeric output, and {name!r} is none; those there are: "
                f"{', '.join(sorted(known)) or 'none'}"
            )


def _tolerances(
    store: Store,
    settings: Settings,
    pair: VersionPair,
    numbers: Sequence[Column],
    given: Mapping[str, Tolerance],
) -> dict[str, Tolerance]:
    """What was given, and for the others standard deviations of the original turned into its unit."""
    found = dict(given)
    rest = [column for column in numbers if column.name not in given]
    if not rest:
        return found
    rows = store.query(
        load_sql(__file__, "output_spread"),
        {
            "model": pair.model,
            "version": pair.champion,
            "since": pair.since,
            "until": pair.until,
            "number_slots": [column.slot + 1 for column in rest],
        },
    )
    for column, spread in zip(rest, rows[0]["spreads"] or [math.nan] * len(rest), strict=True):
        units = settings.drift_tolerance if column.tolerance is None else column.tolerance
        found[column.name] = Tolerance(units * spread if math.isfinite(spread) else 0.0)
    return found


def _known(category: str) -> str | None:
    return None if category == MISSING_CATEGORY else category
