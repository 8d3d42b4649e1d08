"""Labels and events are brought together once, in the store: what is new on either side meets the other.

A label that comes after its event is found by the label's block number, one that comes before by the time
at which the event was received. Both ways write the same rows, and a row that is written twice counts once,
so a step that was cut off is simply done again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from detectors.performance.labels.passes import Passes, overlapping, retained
from detectors.performance.labels.progress import JoinProgress, load_progress, save_progress
from detectors.performance.labels.recipe import JoinRecipe, join_recipe
from detectors.performance.labels.touched import TouchedWindow, touched_windows
from driftline.contracts import Contract
from driftline.errors import InvalidContract
from driftline.settings import Settings
from driftline.store import Store, load_sql

Key = tuple[str, int]
"""Model and recipe."""

REACH = timedelta(hours=6)
"""A model whose events were looked at longer ago is looked at by itself, not with the fleet."""

KEPT_WITHIN = timedelta(hours=1)
"""That nothing came for a model is stored at least so often, so that a start has little to look through."""


@dataclass(frozen=True, slots=True)
class JoinReport:
    """What one call did for a model.

    Attributes
    ----------
    labels
        New labels that were looked at; 0 while an earlier pass goes on.
    joined
        Rows written.
    windows
        Windows that got some of them: their figures have to be computed again.
    complete
        ``False``: the time was up, the next call goes on.
    """

    model: str
    recipe: int
    labels: int
    joined: int
    windows: tuple[TouchedWindow, ...]
    complete: bool


class LabelJoin:
    """Keeps ``labelled_events`` up to date.

    For one thread; two processes do no harm, only the work twice.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._progress: dict[Key, JoinProgress] = {}
        self._block: int | None = None
        self._newest: dict[str, int] = {}
        self._due: set[Key] = set()
        self._clear: dict[Key, datetime] = {}

    def pending(self, contracts: Sequence[Contract], now: datetime | None = None) -> list[str]:
        """Models whose labels and events have to be brought together, in the order of ``contracts``.

        A model is named until :meth:`refresh` is done with it.
        """
        recipes = {one.model: found for one in contracts if (found := join_recipe(one)) is not None}
        if self._block is None:
            self._progress = load_progress(self._store)
        moment = self._server_time()
        for row in self._store.query(load_sql(__file__, "labels_moved"), {"above": self._block or 0}):
            self._newest[row["model"]] = row["newest"]
        self._block = max([self._block or 0, *self._newest.values()])
        settled: dict[str, JoinRecipe] = {}
        for model, recipe in recipes.items():
            key = model, recipe.recipe
            progress = self._progress.get(key)
            labels = self._newest.get(model, 0)
            if progress is None:
                if labels == 0 and not recipe.kpis:
                    continue
                self._due.add(key)
            elif (
                progress.unfinished
                or labels > progress.labels_done
                or moment - self._clear_until(progress) > REACH
            ):
                self._due.add(key)
            if progress is not None and key not in self._due:
                settled[model] = recipe
        moved = self._moved(settled, now or moment)
        self._due |= {(model, settled[model].recipe) for model in moved}
        self._note_clear([(m, one.recipe) for m, one in settled.items() if m not in moved], moment)
        return [model for model, recipe in recipes.items() if (model, recipe.recipe) in self._due]

    def refresh(
        self, contract: Contract, now: datetime | None = None, *, limit_seconds: float = 60.0
    ) -> JoinReport:
        """Join what is new of one model.

        Parameters
        ----------
        limit_seconds
            After so long no further slice of a back-fill is begun; there is always at least one.

        Raises
        ------
        InvalidContract
            The contract measures no quality.
        """
        recipe = join_recipe(contract)
        if recipe is None:
            raise InvalidContract(
                f"the contract of {contract.model!r} names neither quality nor a categorical prediction: "
                "labels have nothing to be compared with"
            )
        key = contract.model, recipe.recipe
        stored = self._progress.get(key) or load_progress(self._store, [contract.model]).get(key)
        passes = Passes(
            self._store, self._settings, recipe, self._server_time(), now, time.monotonic() + limit_seconds
        )
        before = stored or JoinProgress(contract.model, recipe.recipe)
        after = passes.run(self._cleared(before), first=stored is None)
        self._progress[key] = after
        if not after.unfinished:
            self._due.discard(key)
        windows = touched_windows(
            self._store, contract.model, recipe.recipe, passes.moment, self._settings.window_seconds
        )
        return JoinReport(
            model=contract.model,
            recipe=recipe.recipe,
            labels=passes.labels,
            joined=sum(window.rows for window in windows),
            windows=windows,
            complete=not after.unfinished,
        )

    def _moved(self, recipes: Mapping[str, JoinRecipe], now: datetime) -> set[str]:
        """Models with events that came since the last look and have something to be joined with."""
        if not recipes:
            return set()
        seen = min(self._clear_until(self._progress[model, one.recipe]) for model, one in recipes.items())
        rows = self._store.query(
            load_sql(__file__, "events_moved"),
            {
                "since": retained(self._settings, now),
                "received_since": overlapping(seen),
                "by_id": [model for model, one in recipes.items() if not one.key_slot and not one.kpis],
                "by_key": [model for model, one in recipes.items() if one.key_slot],
                "texts": [model for model, one in recipes.items() if one.text_field],
                "kpis": [model for model, one in recipes.items() if one.kpis],
            },
        )
        return {row["model"] for row in rows}

    def _clear_until(self, progress: JoinProgress) -> datetime:
        """Events received before this have met the labels of a model."""
        found = self._clear.get((progress.model, progress.recipe), progress.events_done)
        return max(found, progress.events_done)

    def _cleared(self, progress: JoinProgress) -> JoinProgress:
        """Progress with what looks at the whole fleet have shown since."""
        until = self._clear_until(progress)
        if progress.unfinished or until == progress.events_done:
            return progress
        return replace(progress, events_done=until, events_target=until)

    def _note_clear(self, keys: Sequence[Key], moment: datetime) -> None:
        old = []
        for key in keys:
            self._clear[key] = moment
            if moment - self._progress[key].events_done > KEPT_WITHIN:
                self._progress[key] = self._cleared(self._progress[key])
                old.append(self._progress[key])
        save_progress(self._store, old, datetime.now(UTC))

    def _server_time(self) -> datetime:
        moment = self._store.scalar("SELECT now64(6, 'UTC')")
        assert isinstance(moment, datetime)
        return moment
