"""The classifier reads digits, survives its file, and the repository keeps whole versions only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from demo.classifier import Classifier
from demo.digits import load_pools
from demo.model_contract import CONTRACT, baseline_body, contract_body
from demo.repository import ModelRepository
from demo.scanner import HEALTHY, WORN
from demo.training import capture_repeatedly, train
from driftline.contracts import parse_contract
from driftline.errors import InvalidInput, NotFound, UnreadableFile


def test_it_reads_clean_scans_and_clearly_fewer_of_the_worn_scanner(champion: Classifier) -> None:
    rng = np.random.default_rng(5)
    pages = load_pools().morning
    clean = (champion.predict(HEALTHY.capture(pages.images, rng)) == pages.labels).mean()
    worn = (champion.predict(WORN.capture(pages.images, rng)) == pages.labels).mean()
    assert clean > 0.93
    assert 0.5 < worn < clean - 0.1


def test_scores_are_probabilities(champion: Classifier) -> None:
    scores = champion.scores(load_pools().holdout.images)
    assert scores.shape == (len(load_pools().holdout), 10)
    assert np.allclose(scores.sum(axis=1), 1.0)
    assert scores.min() >= 0.0


def test_training_is_repeatable_and_needs_every_digit() -> None:
    pages = load_pools().train
    few = pages.take(np.arange(200))
    assert np.array_equal(train(few, 3).hidden_weights, train(few, 3).hidden_weights)
    with pytest.raises(InvalidInput, match=r"none of \[7\]"):
        train(pages.take(np.flatnonzero(pages.labels != 7)), 3)


def test_a_saved_model_gives_the_same_scores(champion: Classifier, tmp_path: Path) -> None:
    champion.save(tmp_path / "model.npz")
    images = load_pools().holdout.images
    assert np.array_equal(Classifier.load(tmp_path / "model.npz").scores(images), champion.scores(images))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"text"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=r"model\.npz is not a digits classifier"):
        Classifier.load(path)


def test_arrays_that_do_not_fit_together_are_refused(champion: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    Classifier(
        champion.hidden_weights[:, :5], champion.hidden_bias, champion.output_weights, champion.output_bias
    ).save(path)
    with pytest.raises(UnreadableFile, match="its arrays have shapes"):
        Classifier.load(path)


def test_versions_count_up_and_the_newest_is_the_default(champion: Classifier, tmp_path: Path) -> None:
    repository = ModelRepository(tmp_path / "models")
    with pytest.raises(NotFound, match=r"has no version at all; it has \[\]"):
        repository.load()
    assert repository.publish(champion, {"method": "first"}) == 1
    assert repository.publish(champion, {"method": "second"}) == 2
    assert repository.versions() == [1, 2]
    assert repository.load().metadata == {"method": "second"}
    assert repository.load(1).metadata == {"method": "first"}
    with pytest.raises(NotFound, match=r"no version 3; it has \[1, 2\]"):
        repository.load(3)


def test_a_draft_that_was_never_finished_is_no_version(champion: Classifier, tmp_path: Path) -> None:
    repository = ModelRepository(tmp_path)
    repository.publish(champion, {})
    (tmp_path / ".draft-2-99").mkdir()
    assert repository.versions() == [1]
    assert repository.publish(champion, {}) == 2


def test_a_baseline_has_every_column_of_the_contract_and_counts_what_is_right(champion: Classifier) -> None:
    captures = capture_repeatedly(load_pools().holdout, HEALTHY, 2, np.random.default_rng(2))
    body = baseline_body("holdout", 1, champion, captures)
    assert len(body["rows"]) == body["labelled"] == 2 * len(load_pools().holdout)
    assert set(body["rows"][0]) == {column.name for column in CONTRACT.columns()}
    right = sum(
        row["scores.class"] == str(label) for row, label in zip(body["rows"], captures.labels, strict=True)
    )
    assert body["correct"] == right


def test_the_declared_contract_is_one() -> None:
    assert parse_contract(contract_body()) == CONTRACT
