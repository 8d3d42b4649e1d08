"""Vocabularies and centroids as the worker knows them: learned from first rows, shared by the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from collector.descriptors.reference import (
    ROWS_TO_LEARN,
    Centroid,
    CentroidLearner,
    Reference,
    Vocabulary,
    VocabularyLearner,
    parse_reference,
)
from driftline.logs import get_logger
from driftline.store import Store, load_sql

_log = get_logger(__name__)

REFRESH_SECONDS = 30.0
MOST_LEARNERS = 64
"""Fields that are learned at the same time, at a few megabytes each at most."""

Key = tuple[str, str, str]
"""Model, version, field."""


class ReferenceBook:
    """Asked and taught by the loop's thread; the shipper's does the I/O.

    The first collector of a version that has seen enough rows writes its reference; all others use that
    one, so that they measure alike. Until then the columns that need it are missing.

    Parameters
    ----------
    rows
        Rows from which a reference is learned.
    """

    def __init__(self, rows: int = ROWS_TO_LEARN) -> None:
        self._rows = rows
        self._lock = threading.Lock()
        self._known: dict[Key, Reference] = {}
        self._learners: dict[Key, VocabularyLearner | CentroidLearner] = {}
        self._learned: dict[Key, Reference] = {}
        self._models: set[str] = set()
        self._read_at = -REFRESH_SECONDS

    def of(self, model: str) -> ModelReferences:
        """The references of one model."""
        with self._lock:
            if model not in self._models:
                self._models.add(model)
                self._read_at = -REFRESH_SECONDS
        return ModelReferences(self, model)

    def get(self, key: Key) -> Reference | None:
        """The reference in force, if it is known."""
        return self._known.get(key)

    def learn_texts(self, key: Key, texts: Sequence[str | None]) -> None:
        """Show texts of a field that has no vocabulary yet."""
        learner = self._learner(key, VocabularyLearner)
        if isinstance(learner, VocabularyLearner):
            learner.add(texts)
            self._graduate(key, learner)

    def learn_vectors(self, key: Key, vectors: NDArray[Any]) -> None:
        """Show vectors of a field that has no centroid yet."""
        learner = self._learner(key, CentroidLearner)
        if isinstance(learner, CentroidLearner):
            learner.add(vectors)
            self._graduate(key, learner)

    def work(self, store: Store) -> None:
        """Write what was learned and read what others wrote; raises what the store raises."""
        with self._lock:
            learned, models = dict(self._learned), sorted(self._models)
        for (model, version, field), reference in learned.items():
            store.insert(
                "descriptor_references",
                {
                    "model": [model],
                    "version": [version],
                    "field": [field],
                    "kind": ["vocabulary" if isinstance(reference, Vocabulary) else "centroid"],
                    "body": [reference.to_json()],
                    "rows": [reference.rows],
                },
            )
        now = time.monotonic()
        # Once everything that was looked up is known, nothing is read.
        due = self._learners and now - self._read_at >= REFRESH_SECONDS
        if not models or not (learned or due):
            return
        self._read_at = now
        self._read(store, models)
        with self._lock:
            for key in learned:
                del self._learned[key]

    def _read(self, store: Store, models: list[str]) -> None:
        found = dict(self._known)
        for row in store.query(load_sql(__file__, "references"), {"models": models}):
            key = str(row["model"]), str(row["version"]), str(row["field"])
            if key in found:
                continue
            try:
                found[key] = parse_reference(str(row["body"]))
            except ValueError as error:
                _log.error("a reference cannot be read", key="/".join(key), error=str(error))
        self._known = found

    def _learner(
        self, key: Key, kind: type[VocabularyLearner | CentroidLearner]
    ) -> VocabularyLearner | CentroidLearner | None:
        if key in self._known or key in self._learned:
            self._learners.pop(key, None)
            return None
        if key not in self._learners and len(self._learners) < MOST_LEARNERS:
            self._learners[key] = kind(self._rows)
        return self._learners.get(key)

    def _graduate(self, key: Key, learner: VocabularyLearner | CentroidLearner) -> None:
        if learner.ready:
            with self._lock:
                self._learned[key] = learner.build()
            del self._learners[key]


class ModelReferences:
    """The references of one model, as measuring asks for them."""

    def __init__(self, book: ReferenceBook, model: str) -> None:
        self._book = book
        self._model = model

    def vocabulary(self, version: str, field: str) -> Vocabulary | None:
        """The vocabulary of a text field, if it is known."""
        found = self._book.get((self._model, version, field))
        return found if isinstance(found, Vocabulary) else None

    def centroid(self, version: str, field: str) -> Centroid | None:
        """The centroid of an embedding field, if it is known."""
        found = self._book.get((self._model, version, field))
        return found if isinstance(found, Centroid) else None

    def learn_texts(self, version: str, field: str, texts: Sequence[str | None]) -> None:
        """Learn from texts of a field that has no vocabulary yet."""
        self._book.learn_texts((self._model, version, field), texts)

    def learn_vectors(self, version: str, field: str, vectors: NDArray[Any]) -> None:
        """Learn from vectors of a field that has no centroid yet."""
        self._book.learn_vectors((self._model, version, field), vectors)
