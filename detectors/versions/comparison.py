"""Champion and challenger on the same traffic: decided with labels, described without them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from detectors.performance.decay.loss import Loss, loss_of
from detectors.performance.labels.recipe import JoinRecipe, join_recipe
from detectors.versions.pairing import Pairing, SharedAnswers, VersionPair, shared_answers, version_pair
from detectors.versions.risks import ComparedTraffic, Unlabelled, accepted_margin
from detectors.versions.unlabelled import agreement, answers, failures, latencies
from detectors.versions.words import in_words
from driftline.contract_store import ContractStore
from driftline.errors import InvalidInput
from driftline.quality_contract import Quality
from driftline.quality_metrics import metric_of
from driftline.readmodel.version_comparison import VersionComparison
from driftline.settings import Settings
from driftline.store import Store


@dataclass(frozen=True, slots=True)
class ComparisonQuestion:
    """What is to be compared.

    Attributes
    ----------
    since
        Start of the traffic; when absent the first answer of the version that came later. Asking again, keep
        it: evidence adds up from there.
    metric
        One that is a mean over events; the contract's primary one when empty.
    margin
        Loss in the metric that is accepted, in its unit; when absent the contract's tolerance.
    pairing
        ``auto`` pairs when both answered the same requests.
    segment
        As ``field=value``; all rows when empty.
    alpha
        Highest probability of ever giving a wrong verdict.
    """

    model: str
    champion: str
    challenger: str
    since: datetime | None = None
    until: datetime | None = None
    metric: str = ""
    margin: float | None = None
    pairing: Pairing = "auto"
    segment: str = ""
    alpha: float = 0.05


def compare_versions(store: Store, settings: Settings, question: ComparisonQuestion) -> VersionComparison:
    """Compare a challenger with a champion; may be asked at any time, and as often as one likes.

    Shadow traffic is compared pair by pair, split traffic as two groups. With probability ``1 - alpha`` no
    verdict about all rows is ever wrong, at none of the looks, as long as the question stays the same.

    Raises
    ------
    InvalidInput
        The metric, margin, segment, range or level is wrong, or pairs are asked for and there are none.
    NotFound
        The model is unknown or a version never answered.
    """
    if not 0 < question.alpha < 1:
        raise InvalidInput(f"alpha lies between 0 and 1, got {question.alpha:g}")
    contract = ContractStore(store).required(question.model)
    quality, recipe = contract.quality_or_default(), join_recipe(contract)
    if question.metric and quality is None:
        raise InvalidInput(f"{question.model!r} measures no quality: its contract has no `quality` section")
    pair = version_pair(
        store,
        question.model,
        question.champion,
        question.challenger,
        question.since,
        question.until or datetime.now(UTC),
    )
    shared = shared_answers(store, pair, recipe.key_slot if recipe else 0, question.pairing)
    loss = loss_of(quality, question.metric, recipe.scores) if quality and recipe else None
    margin = _accepted(question, quality, settings)
    segment = _segment(question.segment, recipe)
    rows = answers(store, pair)
    found = VersionComparison(
        model=question.model,
        champion=question.champion,
        challenger=question.challenger,
        since=pair.since,
        until=pair.until,
        segment=question.segment,
        metric=loss.metric if loss else "",
        margin=margin,
        alpha=question.alpha,
        pairing=shared.way,
        shared_share=shared.share,
        verdict="undecided",
        words=(),
        risk=None,
        segments=(),
        unusable=0,
        failures=failures(rows, pair, question.alpha),
        latency=latencies(rows, pair, question.alpha),
        agreement=None,
    )
    if recipe is None or loss is None:
        return _told(found, "The contract measures no quality: only speed and failures are compared.")
    of_champion = sum(row["rows"] for row in rows if row["version"] == question.champion)
    found = found.model_copy(
        update={"agreement": agreement(store, pair, recipe, shared.way, of_champion, question.alpha)}
    )
    if loss.kind == "event" and shared.way in ("trace", "key"):
        return _told(
            found,
            f"{metric_of(loss.metric).label} needs the texts of both answers under one event id: send the "
            "shadow's with the champion's. Only what needs no label is compared.",
        )
    if loss.name and shared.way != "unpaired":
        return _told(
            found,
            f"{loss.name!r} follows the answer that was served, and what the shadow answered was not: only "
            "what needs no label is compared.",
        )
    return _with_labels(store, found, pair, shared, recipe, loss, segment)


def _with_labels(
    store: Store,
    found: VersionComparison,
    pair: VersionPair,
    shared: SharedAnswers,
    recipe: JoinRecipe,
    loss: Loss,
    segment: tuple[str, str] | None,
) -> VersionComparison:
    traffic = ComparedTraffic(store, pair, shared.way, recipe, loss)
    risks = traffic.risks(found.margin, found.alpha, segment)
    if isinstance(risks, Unlabelled):
        return _told(
            found, f"No labelled answer of {risks.version!r} yet: only what needs no label is compared."
        )
    update = {
        "risk": risks.whole,
        "segments": risks.segments,
        "verdict": risks.whole.verdict,
        "unusable": risks.unusable,
    }
    return _told(found.model_copy(update=update))


def _accepted(question: ComparisonQuestion, quality: Quality | None, settings: Settings) -> float:
    """What is accepted: as asked, else as the contract says, else the setting for shares."""
    if question.margin is not None:
        if not (math.isfinite(question.margin) and question.margin >= 0):
            raise InvalidInput(
                f"margin is a loss of at least 0 in the metric's unit, got {question.margin!r}"
            )
        return question.margin
    return 0.0 if quality is None else accepted_margin(quality, question.metric, settings)


def _segment(text: str, recipe: JoinRecipe | None) -> tuple[str, str] | None:
    if not text:
        return None
    name, sign, value = text.partition("=")
    known = recipe.segments if recipe else ()
    if not sign or name not in known:
        raise InvalidInput(
            f"a segment is written field=value with one of {', '.join(known) or 'no segment columns'}, "
            f"got {text!r}"
        )
    return name, value


def _told(found: VersionComparison, trouble: str = "") -> VersionComparison:
    return found.model_copy(update={"words": in_words(found, trouble)})
