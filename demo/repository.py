"""The model repository: a folder with one sub-folder a version, as V2 servers read it."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.classifier import Classifier
from driftline.errors import Conflict, NotFound

_WEIGHTS = "model.npz"
_METADATA = "metadata.json"


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A published version: its number, its weights and how it came to be."""

    number: int
    classifier: Classifier
    metadata: dict[str, Any]


class ModelRepository:
    """Versions ``1``, ``2``, … of one model below a folder; a version is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def versions(self) -> list[int]:
        """Numbers of the published versions, ascending."""
        if not self.folder.is_dir():
            return []
        return sorted(int(entry.name) for entry in self.folder.iterdir() if entry.name.isdecimal())

    def load(self, number: int | None = None) -> ModelVersion:
        """Read a version, the newest when none is named.

        Raises
        ------
        NotFound
            There is no such version, or none at all.
        UnreadableFile
            Its weights are damaged.
        """
        known = self.versions()
        if not known or (number is not None and number not in known):
            wanted = "version at all" if number is None else f"version {number}"
            raise NotFound(f"model repository {self.folder} has no {wanted}; it has {known}")
        chosen = known[-1] if number is None else number
        folder = self.folder / str(chosen)
        metadata = json.loads((folder / _METADATA).read_text(encoding="utf-8"))
        return ModelVersion(chosen, Classifier.load(folder / _WEIGHTS), metadata)

    def publish(self, classifier: Classifier, metadata: dict[str, Any]) -> int:
        """Add the next version and return its number.

        Raises
        ------
        Conflict
            Somebody else published that version at the same moment.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        number = max(self.versions(), default=0) + 1
        draft = self.folder / f".draft-{number}-{os.getpid()}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        classifier.save(draft / _WEIGHTS)
        (draft / _METADATA).write_text(json.dumps(metadata, indent=2), encoding="utf-8")
        try:
            draft.rename(self.folder / str(number))
        except OSError as error:
            shutil.rmtree(draft)
            raise Conflict(f"version {number} of {self.folder} was published meanwhile") from error
        return number
