"""Labelled captures on disk: what the annotators leave for the next training."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demo.digits import IMAGE_SHAPE, Documents


@dataclass(frozen=True, slots=True)
class LabelledCapture:
    """One scan and the digit that a person read on it."""

    image: NDArray[np.float64]
    label: int
    document: int
    captured_at: datetime


class LabelledPool:
    """A folder of small files, each written whole; one program adds, others read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, captures: list[LabelledCapture]) -> None:
        """Store captures as one more file."""
        if not captures:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        moments = np.array([capture.captured_at.timestamp() for capture in captures])
        draft = self.folder / f".draft-{os.getpid()}"
        with draft.open("wb") as file:
            np.savez(
                file,
                images=np.stack([capture.image for capture in captures]).astype(np.float32),
                labels=np.array([capture.label for capture in captures], np.int64),
                documents=np.array([capture.document for capture in captures], np.int64),
                captured_at=moments,
            )
        draft.rename(self.folder / f"{len(list(self.folder.glob('*.npz'))):06d}.npz")

    def since(self, moment: datetime) -> Documents:
        """Every stored capture made at ``moment`` or later, oldest file first."""
        parts = []
        for path in sorted(self.folder.glob("*.npz")):
            with np.load(path, allow_pickle=False) as arrays:
                recent = arrays["captured_at"] >= moment.timestamp()
                parts.append(
                    Documents(
                        arrays["images"][recent].astype(np.float64).reshape(-1, *IMAGE_SHAPE),
                        arrays["labels"][recent],
                        arrays["documents"][recent],
                    )
                )
        return Documents.join(parts)
