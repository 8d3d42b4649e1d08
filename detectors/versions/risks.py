"""Losses of two versions on labelled traffic, whole and by segment, each with its verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass

from detectors.performance.decay.loss import Loss
from detectors.performance.labels.recipe import JoinRecipe
from detectors.versions.decision import Decision, decide
from detectors.versions.labelled_losses import ComparedLosses, LossReader
from detectors.versions.pairing import VersionPair, Way
from driftline.errors import InvalidInput
from driftline.quality_contract import Quality
from driftline.quality_metrics import metric_of
from driftline.readmodel.version_comparison import RiskDifference
from driftline.settings import Settings
from driftline.store import Store

_LARGEST = 700.0
"""Logarithm of the largest e-value that is shown."""


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """There is nothing to compare: a version has no labelled answer."""

    version: str


@dataclass(frozen=True, slots=True)
class Risks:
    """What labels say of two versions.

    Attributes
    ----------
    segments
        By value of each segment column, at a level that holds for all of them together.
    unusable
        Labelled rows without a loss.
    """

    whole: RiskDifference
    segments: tuple[RiskDifference, ...]
    unusable: int


@dataclass(frozen=True, slots=True)
class ComparedTraffic:
    """Labelled answers of two versions in a stretch of time, and how they find each other."""

    store: Store
    pair: VersionPair
    way: Way
    recipe: JoinRecipe
    loss: Loss

    def risks(
        self, margin: float, alpha: float, segment: tuple[str, str] | None = None
    ) -> Risks | Unlabelled:
        """Difference of the mean losses on all rows, and by segment.

        Parameters
        ----------
        margin
            Loss that is accepted, in the metric's unit.
        alpha
            Highest probability of ever giving a wrong verdict about all rows; as much again about segments.
        segment
            Column and value: only its rows, not divided further.

        Raises
        ------
        InvalidInput
            The margin is not below the largest loss.
        """
        unbounded = self.loss.bounded(1.0) if self.loss.learned else self.loss
        labelled = self._reader(unbounded, segment).labelled()
        # Pairs by trace or key take the truth from the champion's answer.
        needed = (
            (labelled.champion, labelled.challenger)
            if self.way in ("unpaired", "event")
            else (labelled.champion,)
        )
        if not all(needed):
            return Unlabelled(self.pair.champion if not labelled.champion else self.pair.challenger)
        bound = _bound(labelled.high_loss) if self.loss.learned else self.loss.bound
        if not margin < bound:
            raise InvalidInput(
                f"margin must be below the largest loss of {self.loss.metric} ({bound:g}), got {margin:g}"
            )
        measured = self.loss.bounded(bound)
        reader = self._reader(measured, segment)
        whole = reader.whole(labelled)
        parts = (
            {}
            if segment
            else {
                f"{column}={value}": compared
                for column in self.recipe.segments
                for value, compared in reader.by_segment(labelled, column).items()
            }
        )
        each = alpha / max(1, len(parts))
        return Risks(
            _risk("", whole, measured, decide(whole.evidence, margin / bound, alpha), alpha),
            tuple(
                _risk(name, compared, measured, decide(compared.evidence, margin / bound, each), each)
                for name, compared in parts.items()
            ),
            labelled.unusable,
        )

    def _reader(self, loss: Loss, segment: tuple[str, str] | None) -> LossReader:
        return LossReader(self.store, self.pair, self.recipe, loss, self.way, segment)


def accepted_margin(quality: Quality, metric: str, settings: Settings) -> float:
    """Loss in a metric that is accepted when nobody says otherwise, in its unit.

    Parameters
    ----------
    metric
        The contract's primary one when empty.
    """
    name = metric or quality.primary
    for kpi in quality.kpis:
        if kpi.name == name:
            return kpi.tolerance
    if quality.tolerance is not None and name == quality.primary:
        return quality.tolerance
    # The setting is about shares; other units have no tolerance that nobody named.
    return settings.accuracy_tolerance if metric_of(name).unit == "share" else 0.0


def _risk(
    segment: str, compared: ComparedLosses, loss: Loss, decision: Decision, alpha: float
) -> RiskDifference:
    def e_value(log: float) -> float:
        return math.exp(min(log, _LARGEST))

    return RiskDifference(
        segment=segment,
        verdict=decision.verdict,
        champion=loss.value(loss.bound * compared.champion),
        challenger=loss.value(loss.bound * compared.challenger),
        champion_labels=compared.champion_rows,
        challenger_labels=compared.challenger_rows,
        difference=loss.bound * decision.estimate,
        lower=loss.bound * decision.lower,
        upper=loss.bound * decision.upper,
        worse_e_value=e_value(decision.against_not_worse),
        not_worse_e_value=e_value(decision.against_worse),
        better_e_value=e_value(decision.against_better),
        needed_e_value=2.0 / alpha,
        more_labels=decision.more_rows,
    )


def _bound(high_loss: float) -> float:
    """Power of two above nearly all losses: it stays while more come, and with it the evidence so far.

    >>> _bound(0.9), _bound(5.0), _bound(0.0)
    (1.0, 8.0, 1.0)
    """
    if not (math.isfinite(high_loss) and high_loss > 0):
        return 1.0
    return float(2.0 ** math.ceil(math.log2(high_loss)))
