"""All baselines in force, kept in memory: a baseline never changes under its id, so it is read once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from detectors.baselines.baseline import Baseline
from detectors.baselines.packed import PackedBaseline
from detectors.baselines.stored import load_packed
from driftline.store import Store, load_sql

BATCH = 200
"""Baselines read in one query, so that the answer stays small."""

LATE_COMMIT = timedelta(hours=1)
"""How long after its time of creation a baseline may appear in the store."""


class BaselineBook:
    """The newest baseline of every model and version.

    :meth:`refresh` costs one small query when nothing is new. Safe for one thread at a time.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._newest: dict[str, dict[str, tuple[datetime, str]]] = {}
        self._packed: dict[str, PackedBaseline] = {}
        self._read_until = datetime(1970, 1, 1, tzinfo=UTC)

    def refresh(self) -> None:
        """Read what was stored since the last time; what is no longer in force is forgotten."""
        rows = self._store.query(load_sql(__file__, "book_ids"), {"since": self._read_until})
        for row in rows:
            versions = self._newest.setdefault(row["model"], {})
            entry = (row["created_at"], row["baseline_id"])
            versions[row["version"]] = max(versions.get(row["version"], entry), entry)
        in_force = {
            baseline_id: model
            for model, versions in self._newest.items()
            for _, baseline_id in versions.values()
        }
        self._packed = {key: value for key, value in self._packed.items() if key in in_force}
        unknown = [(model, key) for key, model in in_force.items() if key not in self._packed]
        for first in range(0, len(unknown), BATCH):
            wanted = unknown[first : first + BATCH]
            models = sorted({model for model, _ in wanted})
            for found in load_packed(self._store, models, [key for _, key in wanted]):
                self._packed[found.baseline_id] = found
        if rows:
            self._read_until = max(self._read_until, max(row["created_at"] for row in rows) - LATE_COMMIT)

    def ids(self, model: str) -> frozenset[str]:
        """Ids of a model's baselines in force."""
        return frozenset(baseline_id for _, baseline_id in self._newest.get(model, {}).values())

    def packed(self, model: str, version: str) -> PackedBaseline | None:
        """The baseline that windows of a version are compared with: its own, else the one for any."""
        versions = self._newest.get(model, {})
        entry = versions.get(version) or versions.get("")
        return self._packed.get(entry[1]) if entry else None

    def find(self, model: str, version: str) -> Baseline | None:
        """The same as :meth:`packed`, with an object a column."""
        found = self.packed(model, version)
        return found.unpacked() if found else None

    def versions(self, model: str) -> Mapping[str, Baseline]:
        """Baselines of a model by version; ``""`` is the one for any."""
        return {
            version: self._packed[baseline_id].unpacked()
            for version, (_, baseline_id) in self._newest.get(model, {}).items()
            if baseline_id in self._packed
        }

    def __len__(self) -> int:
        return len(self._packed)
