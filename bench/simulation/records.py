"""Results as JSON lines: one a simulated unit, appended as they come, so that a run can be resumed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import detectors.evidence
from detectors import budget
from detectors.profiles import layout

Record = dict[str, Any]
UnitForm = Literal["month", "power", "peers", "peer_power"]


@dataclass(frozen=True, slots=True)
class Unit:
    """One piece of work that can be done again alone: a numbered month of a kind and baseline.

    Attributes
    ----------
    change
        Name of the change in a power run, else empty.
    """

    form: UnitForm
    kind: str
    baseline: str
    number: int
    change: str = ""


def _fingerprint() -> str:
    sources = sorted(
        Path(path) for folder in detectors.evidence.__path__ for path in Path(folder).glob("*.py")
    )
    digest = hashlib.sha256()
    for path in [*sources, Path(layout.__file__), Path(budget.__file__)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


_VERSION = _fingerprint()
"""Taken when the procedure is loaded: its files may change while a long run goes on."""


def procedure_version() -> str:
    """Fingerprint of the procedure's source: figures of different procedures are never mixed."""
    return _VERSION


def record_of(unit: Unit, result: Record) -> Record:
    """One line: the unit, the procedure's version (peers have none) and what came out."""
    version = procedure_version() if unit.form in ("month", "power") else ""
    return {**asdict(unit), "procedure": version, **result}


def unit_of(record: Record) -> Unit:
    """The unit that a record is of."""
    return Unit(record["form"], record["kind"], record["baseline"], record["number"], record["change"])


def load(path: Path) -> list[Record]:
    """Records of a file, none when it does not exist; a torn last line is left out."""
    if not path.exists():
        return []
    records = []
    for line in path.read_text().splitlines():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return records


def done(records: Iterable[Record], version: str) -> set[Unit]:
    """Units that are recorded for this version of the procedure, peers for any."""
    return {unit_of(record) for record in records if record["procedure"] in (version, "")}


def append(path: Path, record: Record) -> None:
    """Add one line."""
    with path.open("a") as out:
        out.write(json.dumps(record, separators=(",", ":")) + "\n")
