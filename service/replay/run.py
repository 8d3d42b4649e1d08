"""Replay a file: events in a scratch store, a baseline, the monitor, then the life of its episodes."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from detectors.budget import DECAY_SHARE
from detectors.evaluated_window import EvaluatedWindow
from detectors.files.table import Table, open_table
from detectors.profiles.counting import window_start
from driftline.contract_store import ContractStore
from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.settings import Settings
from driftline.store import Store, load_sql
from driftline.store.opening import open_scratch_store
from driftline.store.sql import split_statements
from service.replay.baseline import baseline_of_file, baseline_of_part, part_of_file
from service.replay.deciding import decide_again, evaluate
from service.replay.episodes import replay_episodes
from service.replay.options import ReplayOptions
from service.replay.outcome import Replay, ToleranceOutcome, field_outcomes
from service.replay.progress import Progress, Silent
from service.replay.reference import FirstPart, OtherFile, Part
from service.replay.rows import Loaded, Roles, contract_of_history, load_timed_rows

MODEL = "replay"


def replay(options: ReplayOptions, settings: Settings, progress: Progress | None = None) -> Replay:
    """Say what monitoring with these settings would have said about a file's history.

    Nothing is sent, nothing is left behind, and no clock is read: the same file gives the same answer.

    Raises
    ------
    InvalidInput
        A column that is not there, no readable time at all, or a baseline without rows.
    """
    shown = progress or Silent()
    table = open_table(options.file)
    # A mistake in a name should not cost the time to read the whole history.
    reference = (
        open_table(options.reference.path) if isinstance(options.reference, OtherFile) else options.reference
    )
    roles = Roles(options.time_column, options.weight_column, options.segments, options.ids)
    contract = contract_of_history(table, roles, MODEL)
    with (
        tempfile.TemporaryDirectory(prefix="driftline-replay-") as scratch,
        open_scratch_store(settings, Path(scratch)) as store,
    ):
        for statement in split_statements(load_sql(__file__, "keep_events")):
            store.command(statement)
        contract = ContractStore(store).register(contract)
        shown.begin("reading rows", table.rows)
        loaded = load_timed_rows(store, contract, table, roles, shown.advance)
        if loaded.rows == 0:
            raise InvalidInput(_no_rows(table, options, loaded))
        return _evaluated(store, contract, table, reference, options, settings, loaded, roles, shown)


def _evaluated(
    store: Store,
    contract: Contract,
    table: Table,
    reference: Table | FirstPart | Part,
    options: ReplayOptions,
    settings: Settings,
    loaded: Loaded,
    roles: Roles,
    shown: Progress,
) -> Replay:
    step = timedelta(seconds=settings.window_seconds)
    end = window_start(loaded.last, settings.window_seconds) + step
    unusable = {
        column.name: column.fault
        for column in table.columns
        if column.kind is None and column.name not in roles.unmonitored and column.name not in roles.segments
    }
    shown.begin("making the baseline", 1)
    if isinstance(reference, Table):
        begin = window_start(loaded.first, settings.window_seconds)
        baseline = baseline_of_file(store, contract, reference)
    else:
        part = part_of_file(reference, loaded, settings.window_seconds)
        begin = part.until
        baseline = baseline_of_part(store, contract, settings, part, end)
    shown.advance(1)
    total = (end - begin) // step
    shown.begin("evaluating windows", total)
    windows = evaluate(store, contract, settings, begin, end, shown)
    tried: list[ToleranceOutcome] = []
    for tolerance in options.tolerances:
        shown.begin(f"tolerance {tolerance:g}", total)
        other = settings.model_copy(update={"drift_tolerance": tolerance})
        found = decide_again(store, contract, other, baseline, windows, shown)
        tried.append(_with_tolerance(found, other, tolerance))
    return Replay(
        windows=tuple(windows),
        episodes=replay_episodes(MODEL, windows, settings),
        fields=field_outcomes(windows, unusable),
        tolerances=tuple(tried),
        loaded=loaded,
        baseline=baseline.name,
        baseline_rows=baseline.rows,
        since=begin,
        until=end,
        window_seconds=settings.window_seconds,
        tolerance=settings.drift_tolerance,
        budget=settings.budget,
        budget_words=settings.false_alarm_budget,
        drift_share=1 - DECAY_SHARE,
    )


def _with_tolerance(windows: list[EvaluatedWindow], settings: Settings, tolerance: float) -> ToleranceOutcome:
    episodes = replay_episodes(MODEL, windows, settings)
    return ToleranceOutcome(
        tolerance=tolerance,
        episodes=len(episodes),
        drifted_windows=sum(window.status == "drifted" for window in windows),
        opened_at=tuple(one.episode.opened_at for one in episodes),
        fields=tuple(dict.fromkeys(name for one in episodes for name in one.episode.fields)),
    )


def _no_rows(table: Table, options: ReplayOptions, loaded: Loaded) -> str:
    if loaded.bad_times:
        return (
            f"none of the {table.rows:,} rows of {options.file} has a time that can be read in column "
            f"{options.time_column!r}, for example {', '.join(loaded.bad_examples)}: ISO 8601, seconds, "
            "milliseconds or microseconds since 1970 and Arrow timestamps are understood"
        )
    return f"no row of {options.file} has a weight above 0 in column {options.weight_column!r}"
