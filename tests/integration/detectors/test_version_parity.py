"""An optimised variant against the original: in shadow traffic, and in files."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from detectors.versions import ParityQuestion, Tolerance, parity_files, parity_of_files, parity_of_versions
from detectors.versions.parity import ANSWERED
from driftline.errors import ContractMismatch, InvalidInput, NotFound
from driftline.readmodel.version_parity import OutputParity, VersionParity
from driftline.settings import Settings
from driftline.store import Store
from tests.seeding.two_versions import CHALLENGER, CHAMPION, Traffic, seed_two_versions

START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
QUESTION = ParityQuestion("letters", CHAMPION, CHALLENGER, until=START + timedelta(days=1))


def output(found: VersionParity, name: str) -> OutputParity:
    return next(one for one in found.outputs if one.name == name)


def test_a_variant_that_answers_alike_passes(store: Store, settings: Settings) -> None:
    seed_two_versions(store, Traffic(rows=1500, shared="trace", latency_ms=(10.0, 4.0)), START)
    tolerances = {"scores.confidence": Tolerance(0.2)}
    found = parity_of_versions(store, settings, replace(QUESTION, tolerances=tolerances))
    assert found.verdict == "pass"
    assert found.pairing == "trace"
    assert (found.rows_a, found.rows_b, found.pairs, found.only_a, found.only_b) == (1500, 1500, 1500, 0, 0)
    assert output(found, "scores.class").share == 1.0
    confidence = output(found, "scores.confidence")
    assert confidence.absolute_tolerance == 0.2
    assert confidence.max_absolute is not None
    assert 0.05 < confidence.max_absolute < 0.2
    assert found.latency[0].verdict == "faster"
    assert found.words[0] == "'2' answers like '1': 1,500 inputs were compared, 0.99 of them have to agree."
    assert re.search(r"'2' is 2\.[456] times as fast at the 50% quantile", " ".join(found.words))
    # Entropy and margin were never sent: nothing on either side says nothing.
    assert output(found, "scores.entropy").pairs == 0


def test_a_variant_that_differs_fails_with_examples(store: Store, settings: Settings) -> None:
    seed_two_versions(store, Traffic(rows=1500, errors=(0.1, 0.2), failed=(0.0, 0.03)), START)
    found = parity_of_versions(store, settings, QUESTION)
    assert found.verdict == "fail"
    labels = output(found, "scores.class")
    assert labels.verdict == "fail"
    assert labels.share == pytest.approx(0.9, abs=0.03)
    assert len(labels.worst) == 5
    for one in labels.worst:
        events = store.query(
            "SELECT toString(version) AS v, toString(categorical[2]) AS c, toString(categorical[1]) AS d "
            "FROM inference_events WHERE event_id = {id:String} ORDER BY v",
            {"id": one.id},
        )
        assert any({row["c"], row["d"]} >= {one.a} for row in events)
        assert one.a != one.b
    assert output(found, ANSWERED).verdict == "fail"
    assert output(found, ANSWERED).worst[0].b == "failed"
    # Default: 0.05 standard deviations of the original's values.
    confidence = output(found, "scores.confidence")
    assert confidence.absolute_tolerance == pytest.approx(0.05 * 0.02, rel=0.1)
    assert confidence.verdict == "fail"
    assert "does not answer like" in found.words[0]


def test_large_traffic_is_drawn_by_hash(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_two_versions(store, Traffic(rows=2000), START)
    whole = parity_of_versions(store, settings, QUESTION)
    monkeypatch.setattr("detectors.versions.parity.PAIRS_OF_A_PART", 100)
    in_parts = parity_of_versions(store, settings, QUESTION)
    assert in_parts.model_copy(update={"outputs": ()}) == whole.model_copy(update={"outputs": ()})
    assert [one.agreeing for one in in_parts.outputs] == [one.agreeing for one in whole.outputs]
    monkeypatch.setattr("detectors.versions.parity.MOST_PAIRS", 500)
    drawn = parity_of_versions(store, settings, QUESTION)
    assert drawn.sampled == 8 / 32
    assert 300 < drawn.pairs < 700
    assert any("drawn by their hash" in one for one in drawn.words)


def test_questions_about_nothing_are_refused(store: Store, settings: Settings) -> None:
    seed_two_versions(store, Traffic(rows=30, shared="split"), START)
    with pytest.raises(InvalidInput, match="no request was answered by both"):
        parity_of_versions(store, settings, QUESTION)
    with pytest.raises(NotFound, match="version '3'"):
        parity_of_versions(store, settings, replace(QUESTION, b="3"))
    with pytest.raises(InvalidInput, match=r"'ink' is none; those there are: scores\.confidence"):
        parity_of_versions(store, settings, replace(QUESTION, tolerances={"ink": Tolerance(1.0)}))
    with pytest.raises(InvalidInput, match="required share"):
        parity_of_versions(store, settings, replace(QUESTION, required=0.0))


def written(path: Path, **columns: object) -> Path:
    table = pa.table(columns)
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pyarrow.parquet.write_table(table, path)
    return path


def test_files_are_joined_by_key_whatever_their_order_and_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    n = 3000
    score = rng.normal(size=n)
    ids = np.array([f"img-{i}" for i in range(n)])
    label = rng.choice(["cat", "dog"], n)
    noisy = score + rng.normal(scale=1e-3, size=n)
    noisy[7] = score[7] + 4.0
    noisy[11] = np.nan
    turned = rng.permutation(n)[:-2]
    a = written(tmp_path / "a.csv", id=ids, score=score, label=label, extra=score)
    b = written(tmp_path / "b.parquet", id=ids[turned], score=noisy[turned], label=label[turned])
    found = parity_of_files(a, b, "id", tolerances={"score": Tolerance(0.01)})
    assert found.verdict == "pass"
    assert (found.rows_a, found.rows_b, found.pairs, found.only_a, found.only_b) == (n, n - 2, n - 2, 2, 0)
    assert {one.name for one in found.outputs} == {ANSWERED, "score", "label"}
    scores = output(found, "score")
    assert scores.agreeing == n - 4
    assert scores.not_finite_b == 1
    assert [one.id for one in scores.worst[:2]] == ["img-11", "img-7"]
    assert scores.max_absolute == pytest.approx(4.0)
    assert any("2 inputs of 'a.csv' have none of 'b.parquet'" in one for one in found.words)
    # Files that do not fit are read in several passes, to the same end.
    monkeypatch.setattr(parity_files, "ROWS_OF_A_PASS", 250)
    again = parity_of_files(a, b, "id", tolerances={"score": Tolerance(0.01)})
    assert [one.agreeing for one in again.outputs] == [one.agreeing for one in found.outputs]
    assert (again.pairs, again.only_a) == (found.pairs, found.only_a)
    # Without a tolerance: 0.05 standard deviations.
    assert output(parity_of_files(a, b, "id"), "score").absolute_tolerance == pytest.approx(0.05, rel=0.05)


def test_files_that_cannot_be_joined_are_refused(tmp_path: Path) -> None:
    a = written(tmp_path / "a.parquet", id=["1", "2"], x=[1.0, 2.0])
    with pytest.raises(ContractMismatch, match="no column 'key' to join by; it has id, x"):
        parity_of_files(a, a, "key")
    other = written(tmp_path / "b.parquet", id=["3", "4"], x=[1.0, 2.0])
    with pytest.raises(InvalidInput, match="no value of 'id' is in both files"):
        parity_of_files(a, other, "id")
    twice = written(tmp_path / "c.parquet", id=["1", "1"], x=[1.0, 2.0])
    with pytest.raises(InvalidInput, match="'1' twice"):
        parity_of_files(a, twice, "id")
    unlike = written(tmp_path / "d.parquet", id=["1", "2"], y=[1.0, 2.0])
    with pytest.raises(ContractMismatch, match="share no column but 'id'"):
        parity_of_files(a, unlike, "id")
    with pytest.raises(InvalidInput, match="those there are: x"):
        parity_of_files(a, a, "id", tolerances={"z": Tolerance(1.0)})


def test_a_column_that_became_text_is_compared_as_text(tmp_path: Path) -> None:
    a = written(tmp_path / "a.parquet", id=["1", "2"], x=[1, 2])
    b = written(tmp_path / "b.parquet", id=["1", "2"], x=["1", "two"])
    found = parity_of_files(a, b, "id")
    assert output(found, "x").kind == "categorical"
    assert output(found, "x").agreeing == 1
