"""What speaks for and against a candidate: its answers beside the champion's, on rows with a truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from detectors.gate.candidate_answers import evaluated_model
from detectors.performance.decay.loss import Loss, loss_of
from detectors.performance.labels.recipe import JoinRecipe, join_recipe
from detectors.performance.metrics.figure import Figure, WindowFigures
from detectors.performance.metrics.window_figures import reference_figures
from detectors.versions.pairing import VersionPair, Way, shared_answers
from detectors.versions.risks import ComparedTraffic, Risks, Unlabelled
from detectors.versions.unlabelled import answers, failures, latencies
from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.readmodel.gates import GateFigure, GateRows
from driftline.readmodel.version_comparison import FailureDifference, LatencyRatio
from driftline.store import Store, load_sql

EvidenceKind = Literal["answers", "traffic", "none"]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What there is to judge a candidate by, before it is looked at."""

    kind: EvidenceKind
    first_answer: datetime
    fingerprint: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows from a moment on: how both versions did on them.

    Attributes
    ----------
    risks
        ``None`` when a version has no labelled answer there.
    """

    risks: Risks | None
    figures: tuple[GateFigure, ...]
    labels: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate next to a champion, with the stretch of time that is looked at."""

    store: Store
    contract: Contract
    champion: str
    version: str
    since: datetime
    until: datetime

    @property
    def recipe(self) -> JoinRecipe:
        """What is taken from events; :class:`InvalidInput` for a contract without truths."""
        recipe = join_recipe(self.contract)
        if recipe is None or recipe.task == "kpi":
            raise InvalidInput(
                f"{self.contract.model!r} cannot be evaluated: its contract has no `quality` section "
                "with a truth"
            )
        return recipe

    def loss(self, metric: str) -> Loss:
        """Loss of one answer behind a metric; the contract's primary one when empty."""
        quality = self.contract.quality_or_default()
        assert quality is not None  # there is a recipe
        return loss_of(quality, metric, self.recipe.scores)

    def delivered(self) -> Delivered:
        """Whether answers were handed in, or live traffic was answered."""
        (row,) = self.store.query(load_sql(__file__, "delivered"), self._params())
        kind: EvidenceKind = "answers" if row["answers"] else "traffic" if row["events"] else "none"
        return Delivered(kind, row["first_answer"], tuple(row.values()))

    def freeze(self) -> None:
        """Join the answers that were handed in with the truths, so that they read as traffic does."""
        for statement in ("freeze_champion", "freeze_candidate"):
            self.store.command(load_sql(__file__, statement), self._params())

    def completeness(self, first_answer: datetime) -> GateRows:
        """How many of the rows that were given out have an answer."""
        params = self._params() | {"first_answer": first_answer}
        (row,) = self.store.query(load_sql(__file__, "answered"), params)
        return GateRows(**row)

    def slice(self, kind: EvidenceKind, loss: Loss, margin: float, alpha: float, since: datetime) -> Slice:
        """Both versions on the rows from ``since`` on."""
        pair = replace(self._pair(kind), since=since)
        traffic = ComparedTraffic(self.store, pair, self.way(kind), self.recipe, loss)
        found = traffic.risks(margin, alpha)
        by_version = {version: self._figures(pair, version) for version in (self.champion, self.version)}
        figures = _side_by_side(
            by_version[self.champion], by_version[self.version], "all" if since == self.since else "drifted"
        )
        risks = None if isinstance(found, Unlabelled) else found
        labels = risks.whole.challenger_labels if risks else 0
        return Slice(risks, figures, labels)

    def way(self, kind: EvidenceKind) -> Way:
        """How answers to one request find each other."""
        if kind == "answers":
            return "event"
        return shared_answers(self.store, self._pair(kind), self.recipe.key_slot, "auto").way

    def live(self, alpha: float) -> tuple[FailureDifference, tuple[LatencyRatio, ...]]:
        """Failures and speed on live traffic."""
        pair = self._pair("traffic")
        rows = answers(self.store, pair)
        return failures(rows, pair, alpha), latencies(rows, pair, alpha)

    def _pair(self, kind: EvidenceKind) -> VersionPair:
        model = self.contract.model
        name = evaluated_model(model, self.version) if kind == "answers" else model
        return VersionPair(name, self.champion, self.version, self.since, self.until)

    def _figures(self, pair: VersionPair, version: str) -> Mapping[tuple[str, str], Figure]:
        found: list[WindowFigures] = reference_figures(
            self.store,
            self.contract,
            pair.since,
            pair.until,
            model=pair.model,
            versions=(version,),
            segments=False,
        )
        return {(one.metric, one.class_name): one for window in found for one in window.figures}

    def _params(self) -> dict[str, Any]:
        return {
            "model": self.contract.model,
            "evaluated": evaluated_model(self.contract.model, self.version),
            "champion": self.champion,
            "version": self.version,
            "recipe": self.recipe.recipe,
            "since": self.since,
            "until": self.until,
        }


def _side_by_side(
    champion: Mapping[tuple[str, str], Figure],
    candidate: Mapping[tuple[str, str], Figure],
    slice_name: Literal["all", "drifted"],
) -> tuple[GateFigure, ...]:
    nothing = float("nan")
    return tuple(
        GateFigure(
            metric=metric,
            class_name=class_name,
            slice=slice_name,
            champion=mine.value if mine else nothing,
            champion_lower=mine.lower if mine else nothing,
            champion_upper=mine.upper if mine else nothing,
            candidate=its.value if its else nothing,
            candidate_lower=its.lower if its else nothing,
            candidate_upper=its.upper if its else nothing,
            labels=its.labelled if its else 0,
        )
        for metric, class_name in dict.fromkeys((*candidate, *champion))
        for mine in (champion.get((metric, class_name)),)
        for its in (candidate.get((metric, class_name)),)
    )
