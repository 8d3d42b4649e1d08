"""Why a model's loss changed: the rows of its baseline and of a range, taken apart by the detectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from detectors.baselines.baseline import Baseline
from detectors.baselines.spans import Span
from detectors.baselines.stored import load_baselines
from detectors.explanation.known import known_contract
from detectors.performance.attribution import LossAttribution, LossRows, explain_loss, loss_rows
from detectors.performance.attribution.kept_rows import estimated_rows, kept_rows
from detectors.performance.decay.loss import Loss, loss_of
from detectors.performance.estimates.fitting import fit_estimators
from detectors.performance.estimates.reference import load_reference
from detectors.performance.estimates.window import window_rows
from detectors.performance.labels.recipe import JoinRecipe, join_recipe
from detectors.profiles.layout import ColumnLayout
from detectors.windows import last_closed_end
from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.quality_contract import Quality
from driftline.readmodel.health import model_facts
from driftline.readmodel.loss_explanation import LossBasis, LossExplanation, LossRange, LossStatus
from driftline.readmodel.quality import VersionQuality, model_quality
from driftline.settings import Settings
from driftline.store import Store

DEFAULT_WINDOWS = 24
"""Length of the range that is explained when none is asked for, in windows."""

MOST_ESTIMATED_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class LossQuestion:
    """What is to be explained.

    Attributes
    ----------
    version
        Empty: that with the newest figures, else one that serves.
    since, until
        Events of ``[since, until)``; see :func:`asked_range` for what holds when they are absent.
    """

    model: str
    version: str = ""
    since: datetime | None = None
    until: datetime | None = None


def loss_explanation(
    store: Store, settings: Settings, question: LossQuestion, now: datetime | None = None
) -> LossExplanation:
    """Which fields and segments explain how the mean loss of a range differs from the baseline's.

    The loss is realised where the range has labels, else what CBPE or DLE expects of each row.

    Raises
    ------
    NotFound
        No such model.
    InvalidInput
        The range ends before it begins, or the contract's metric is no mean of losses.
    """
    contract = known_contract(store, question.model)
    moment = now or datetime.now(UTC)
    quality, recipe = contract.quality_or_default(), join_recipe(contract)
    measured = model_quality(store, question.model, moment).versions
    version = question.version or _newest_version(store, settings, question.model, measured, moment)
    baselines = load_baselines(store, question.model)
    baseline = baselines.get(version) or baselines.get("")
    labelled_until = max(
        (one.window_end for one in measured if one.version == version and one.window_end is not None),
        default=None,
    )
    closed = last_closed_end(moment, settings.window_seconds, settings.allowed_lateness_seconds)
    if labelled_until is None or (question.since is not None and question.since >= labelled_until):
        newest = closed
    else:
        newest = labelled_until
    span = asked_range(
        question.since,
        question.until,
        newest,
        settings.window_seconds,
        baseline.history if baseline is not None else None,
    )
    blank = _Blank(question.model, version, span, baseline.name if baseline is not None else "")
    if quality is None or recipe is None:
        return blank.saying(
            "no_quality", "the contract measures no quality: name a prediction or a quality section"
        )
    blank.metric = quality.primary
    if baseline is None:
        return blank.saying(
            "no_baseline",
            f"there is no baseline to compare with: make one with `driftline baseline {question.model}`",
        )
    asked = _Asked(store, contract, quality, recipe, baseline, version, span)
    return asked.answer(blank)


def asked_range(
    since: datetime | None,
    until: datetime | None,
    newest_end: datetime,
    window_seconds: int,
    history: Span | None,
) -> Span:
    """The range to explain.

    Parameters
    ----------
    newest_end
        End of the newest window with labels, or else of the newest closed one: ends a range without end.
    history
        What the baseline is made of: a range without beginning is 24 windows long, but does not reach back
        into it.

    Raises
    ------
    InvalidInput
        It ends before it begins.

    Examples
    --------
    >>> noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    >>> asked_range(None, None, noon, 3600, None).text
    '2026-11-22 12:00 to 2026-11-23 12:00 UTC'
    """
    end = until or newest_end
    begin = since or end - timedelta(seconds=DEFAULT_WINDOWS * window_seconds)
    if since is None and history is not None and begin < history.until < end:
        begin = history.until
    if begin >= end:
        which = "until" if until else "the end of the newest window"
        raise InvalidInput(f"since ({begin.isoformat()}) must be before {which} ({end.isoformat()})")
    return Span(since=begin, until=end)


def _newest_version(
    store: Store, settings: Settings, model: str, measured: tuple[VersionQuality, ...], now: datetime
) -> str:
    labelled = [one.version for one in measured if one.window_start is not None]
    if labelled:
        return labelled[0]
    serving = model_facts(store, settings, model, now).versions
    return next(iter([*(one.version for one in measured), *serving]), "")


@dataclass(slots=True)
class _Blank:
    """What is known before anything is compared."""

    model: str
    version: str
    span: Span
    baseline_name: str
    metric: str = ""
    basis: LossBasis = ""

    def saying(self, status: LossStatus, reason: str) -> LossExplanation:
        """Why there is nothing to explain."""
        nothing = dict.fromkeys(("value", "lower", "upper"))
        empty = {"rows": 0, "effective_rows": 0.0, "loss": None}
        return self._record(
            status=status,
            before={"since": None, "until": None, **empty},
            now={"since": self.span.since, "until": self.span.until, **empty},
            change=nothing,
            causes=(),
            rest=nothing,
            segments=(),
            fields=(),
            words=(f"Nothing can be explained: {reason}.",),
        )

    def explaining(self, found: LossAttribution, history: Span | None) -> LossExplanation:
        """The attribution as it is shown."""
        facts = asdict(found)
        before = LossRange(
            since=history.since if history else None,
            until=history.until if history else None,
            rows=found.rows_before[0],
            effective_rows=found.rows_before[1],
            loss=found.before,
        )
        now = LossRange(
            since=self.span.since,
            until=self.span.until,
            rows=found.rows_now[0],
            effective_rows=found.rows_now[1],
            loss=found.now,
        )
        for name in ("rows_before", "rows_now"):
            del facts[name]
        return self._record(**(facts | {"before": before, "now": now}))

    def _record(self, **facts: Any) -> LossExplanation:
        own = {
            "model": self.model,
            "version": self.version,
            "metric": self.metric,
            "basis": self.basis,
            "baseline_name": self.baseline_name,
        }
        return LossExplanation.model_validate(own | facts)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question whose baseline is known."""

    store: Store
    contract: Contract
    quality: Quality
    recipe: JoinRecipe
    baseline: Baseline
    version: str
    span: Span

    def answer(self, blank: _Blank) -> LossExplanation:
        loss = loss_of(self.quality, scores=self.recipe.scores)
        current = loss_rows(
            self.store,
            self.contract,
            loss,
            self._layouts(),
            self.span.since,
            self.span.until,
            versions=[self.version] if self.version else [],
        )
        if not len(current):
            return self._estimated(blank)
        reference = self._reference(loss)
        if reference is None or not len(reference):
            return blank.saying(
                "no_reference",
                f"no labelled rows of the baseline {self.baseline.name!r} are stored: make one from labelled "
                "traffic (`driftline baseline`), or deliver labels for its range",
            )
        blank.basis = "realised"
        return blank.explaining(explain_loss(reference, current), self.baseline.history)

    def _layouts(self) -> Mapping[str, ColumnLayout]:
        return {name: column.layout for name, column in self.baseline.columns.items()}

    def _reference(self, loss: Loss) -> LossRows | None:
        """Labelled rows of the baseline: from its range of traffic, or those that were kept of a file."""
        history = self.baseline.history
        if history is not None:
            found = loss_rows(
                self.store,
                self.contract,
                loss,
                self._layouts(),
                history.since,
                history.until,
                versions=[self.baseline.version] if self.baseline.version else [],
            )
            if len(found):
                return found
        kept = load_reference(self.store, self.contract.model, self.baseline.baseline_id)
        if kept is None:
            return None
        return kept_rows(kept, self.quality, loss.metric, self._layouts(), self.recipe.segments)

    def _estimated(self, blank: _Blank) -> LossExplanation:
        kept = load_reference(self.store, self.contract.model, self.baseline.baseline_id)
        if kept is None:
            return blank.saying(
                "no_labels",
                f"the range {self.span.text} has no labels, and the baseline {self.baseline.name!r} no "
                "labelled rows to estimate from",
            )
        fitted = fit_estimators(self.contract, self.quality, kept)
        rows = window_rows(
            self.store,
            self.contract,
            fitted,
            self.version,
            self.span.since,
            self.span.until,
            most_rows=MOST_ESTIMATED_ROWS,
        )
        if not len(rows):
            version = f" of version {self.version}" if self.version else ""
            return blank.saying("empty_range", f"no event{version} is stored in the range {self.span.text}")
        found = estimated_rows(fitted, rows, self._layouts(), self.recipe.segments)
        if isinstance(found, str):
            return blank.saying(
                "no_labels", f"the range has no labels, and its loss cannot be estimated: {found}"
            )
        blank.basis, reference, current = found[0], found[1], found[2]
        return blank.explaining(explain_loss(reference, current, estimated=True), self.baseline.history)
