"""Answers of a candidate to stored events, as its pipeline hands them in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from detectors.performance.labels.recipe import JoinRecipe, join_recipe
from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.store import Store

FAULTS_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class AnswersReceipt:
    """What became of a delivery."""

    stored: int
    refused: int
    faults: tuple[str, ...]


def record_answers(
    store: Store, contract: Contract, version: str, answers: Iterable[Mapping[str, Any]]
) -> AnswersReceipt:
    """Store a candidate's answers; of an event that is answered again the newest counts.

    Parameters
    ----------
    answers
        Each with ``event_id``, ``prediction`` (a class, number, text or list of items, by the contract's
        task) and, of a classifier, ``scores``: the probability of each class by name, or one number as the
        contract has it. What cannot be an answer is refused one by one.

    Raises
    ------
    InvalidInput
        The contract measures no quality by the truth, or the version is empty.
    """
    recipe = join_recipe(contract)
    if recipe is None or recipe.task == "kpi":
        raise InvalidInput(
            f"{contract.model!r} cannot be evaluated: its contract has no `quality` section with a truth"
        )
    if not version.strip():
        raise InvalidInput("the candidate's version is empty: name it as it will be deployed")
    now = datetime.now(UTC)
    rows: list[dict[str, Any]] = []
    faults: list[str] = []
    refused = 0
    for number, answer in enumerate(answers, 1):
        try:
            rows.append(_row(recipe, answer))
        except ValueError as error:
            refused += 1
            if len(faults) < FAULTS_SHOWN:
                faults.append(f"answer {number}: {error}")
    common = {"model": contract.model, "version": version, "received_at": now}
    if rows:
        store.insert_rows("gate_answers", [common | row for row in rows])
    return AnswersReceipt(len(rows), refused, tuple(faults))


def _row(recipe: JoinRecipe, answer: Mapping[str, Any]) -> dict[str, Any]:
    event_id = answer.get("event_id")
    if not isinstance(event_id, str) or not event_id.strip("\0"):
        raise ValueError(f"event_id is a text that is not empty, got {event_id!r}")
    if "prediction" not in answer:
        raise ValueError(f"event {event_id!r} has no prediction")
    given = answer["prediction"]
    row = {
        "event_id": event_id,
        "prediction": "",
        "predicted_value": math.nan,
        "scores": [],
        "prediction_text": "",
    }
    if recipe.task == "classification":
        if isinstance(given, bool) or not isinstance(given, (str, int)) or given == "":
            raise ValueError(f"the prediction of a classifier is a class, got {given!r}")
        return row | {"prediction": str(given), "scores": _scores(recipe, answer.get("scores"))}
    if recipe.task in ("regression", "verification"):
        if isinstance(given, bool) or not isinstance(given, (int, float)) or not math.isfinite(given):
            raise ValueError(f"the prediction of a {recipe.task} is a finite number, got {given!r}")
        return row | {"predicted_value": float(given)}
    if recipe.task == "ranking":
        if not isinstance(given, list):
            raise ValueError(f"the prediction of a ranking is a list of items, got {given!r}")
        return row | {"prediction_text": orjson.dumps(given).decode()}
    if not isinstance(given, str):
        raise ValueError(f"the prediction of a transcription is a text, got {given!r}")
    return row | {"prediction_text": given}


def _scores(recipe: JoinRecipe, given: object) -> list[float]:
    """Probabilities in the order of the contract; NaN for each that was not given."""
    if given is None or not recipe.scores:
        return [math.nan] * len(recipe.scores)
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        if len(recipe.scores) != 1:
            raise ValueError(
                f"scores name a probability for each of {', '.join(recipe.scores)}, got {given!r}"
            )
        return [_probability(given)]
    if not isinstance(given, Mapping):
        raise ValueError(f"scores are probabilities by class, got {given!r}")
    if len(recipe.scores) == 1 and recipe.scores[0] not in given:
        raise ValueError("scores are one number: the probability that the contract's column holds")
    return [_probability(given[name]) if name in given else math.nan for name in recipe.scores]


def _probability(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f"a probability lies between 0 and 1, got {value!r}")
    return float(value)


def evaluated_model(model: str, version: str) -> str:
    """Name under which the joined rows of an evaluation are kept in ``labelled_events``.

    >>> evaluated_model("ocr-1", "8")
    'gate:ocr-1:8'
    """
    return f"gate:{model}:{version}"
