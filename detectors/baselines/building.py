"""Build a baseline: lay its columns out, count its windows in one statement, learn their noise."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from detectors.baselines.baseline import Baseline, BaselineColumn, EventRange
from detectors.baselines.layouts import LaidOut, lay_out
from detectors.baselines.pooling import pooled, with_unseen
from detectors.baselines.recipe import FileRecipe, Recipe
from detectors.baselines.spans import Span, window_number
from detectors.profiles.counting import count_profiles
from detectors.profiles.profile import Profile
from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.ids import BaselineId, derived_id
from driftline.store import Store

ONE_WINDOW_SECONDS = 4_000_000_000
"""A window length that puts every time from 1970 to 2096 into one window."""


@dataclass(frozen=True, slots=True)
class BuiltBaseline:
    """A baseline with what was seen while it was built.

    Attributes
    ----------
    laid_out
        Layout and figures of every column.
    windows
        Its own windows by column, oldest first, the excluded ones too; empty without an order in time.
    excluded
        Numbers of the windows that were left out.
    """

    baseline: Baseline
    laid_out: Mapping[str, LaidOut]
    windows: Mapping[str, Sequence[Profile]]
    excluded: frozenset[int] = frozenset()


def build_baseline(
    store: Store,
    contract: Contract,
    events: EventRange,
    *,
    name: str,
    source: str,
    version: str = "",
    labelled: float = 0.0,
    correct: float = 0.0,
) -> Baseline:
    """Lay out and count every column of the contract over a range of events; nothing is stored.

    Raises
    ------
    InvalidInput
        The range holds no events, or more correct than labelled rows are claimed.
    """
    return build_with_windows(
        store, contract, events, name=name, source=source, version=version, labelled=labelled, correct=correct
    ).baseline


def build_with_windows(
    store: Store,
    contract: Contract,
    events: EventRange,
    *,
    name: str,
    source: str,
    version: str = "",
    labelled: float = 0.0,
    correct: float = 0.0,
    recipe: Recipe | None = None,
    window_seconds: int = 0,
    excluded: Collection[int] = (),
    created_at: datetime | None = None,
) -> BuiltBaseline:
    """Build a baseline and keep its windows.

    Parameters
    ----------
    recipe
        How it is made; as from a file when absent.
    window_seconds
        Length of its windows; 0 when the rows have no order in time.
    excluded
        Numbers since 1970 of windows that are left out of the reference.

    Raises
    ------
    InvalidInput
        The range holds no events outside the excluded windows, or more correct than labelled rows are
        claimed.
    """
    if not 0 <= correct <= labelled:
        raise InvalidInput(f"correct ({correct:g}) must lie between 0 and labelled ({labelled:g})")
    recipe = recipe or FileRecipe()
    laid_out = lay_out(store, contract, events, window_seconds=window_seconds or 1, excluded=excluded)
    windows = count_windows(store, contract, events, laid_out, window_seconds or ONE_WINDOW_SECONDS)
    left_out = frozenset(excluded)
    columns: dict[str, BaselineColumn] = {}
    for column, profiles in windows.items():
        kept = [
            profile
            for profile in profiles
            if not left_out or window_number(profile.window_start, window_seconds) not in left_out
        ]
        found = laid_out[column]
        columns[column] = with_unseen(pooled(kept, found), found.singletons)
    created_at = created_at or datetime.now(UTC)
    baseline = Baseline(
        baseline_id=BaselineId(derived_id("bl", contract.model, version, name, created_at)),
        model=contract.model,
        version=version,
        name=name,
        source=source,
        created_at=created_at,
        columns=columns,
        labelled=labelled,
        correct=correct,
        recipe=recipe,
        history=Span(since=events.since, until=events.until) if window_seconds else None,
        window_seconds=window_seconds,
    )
    return BuiltBaseline(baseline, laid_out, windows if window_seconds else {}, left_out)


def count_windows(
    store: Store,
    contract: Contract,
    events: EventRange,
    laid_out: Mapping[str, LaidOut],
    window_seconds: int,
) -> dict[str, list[Profile]]:
    """Windows of every laid-out column over a range, all versions together, oldest first."""
    profiles = count_profiles(
        store,
        contract.model_copy(update={"model": events.model}),
        {name: found.layout for name, found in laid_out.items()},
        versions=events.versions,
        apart=False,
        since=events.since,
        until=events.until,
        window_seconds=window_seconds,
        centres={name: found.mean for name, found in laid_out.items()},
    )
    windows: dict[str, list[Profile]] = {name: [] for name in laid_out}
    for profile in sorted(profiles, key=lambda one: one.window_start):
        windows[profile.column].append(profile)
    return windows
