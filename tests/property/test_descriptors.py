"""Every descriptor over anything: no surprise raised, input left alone, each row for itself."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from collector.descriptors.audio import measure_audio
from collector.descriptors.embedding import measure_embeddings
from collector.descriptors.encoded_audio import measure_encoded_audio
from collector.descriptors.encoded_image import measure_encoded_images
from collector.descriptors.image import measure_images
from collector.descriptors.prediction import measure_predictions
from collector.descriptors.reference import Centroid, CentroidLearner, Vocabulary, VocabularyLearner
from collector.descriptors.sequence import measure_sequences
from collector.descriptors.tensor import measure_tensors
from collector.descriptors.text import measure_texts

REFUSAL = re.compile(r"(shape|no axis of|scores of shape|confidences of shape) \(")
Columns = dict[str, Any]
REFERENCE = Centroid(direction=np.array([0.5, -0.5, 0.1], dtype=np.float32), rows=1)
VOCABULARY = Vocabulary(hashes=np.array([1, 1 << 31], dtype=np.uint32), rows=1)


def predictions(scores: NDArray[Any]) -> Columns:
    found = measure_predictions(scores)
    return {
        "class": found.classes,
        **{name: getattr(found, name) for name in ("confidence", "entropy", "margin")},
    }


MEASURES: dict[str, Callable[[NDArray[Any]], Columns]] = {
    "audio": lambda stack: dict(measure_audio(stack, 8000)),
    "embedding": lambda stack: dict(measure_embeddings(stack, REFERENCE)),
    "image": lambda stack: dict(measure_images(stack)),
    "prediction": predictions,
    "sequence": lambda stack: dict(measure_sequences(stack)),
    "tensor": lambda stack: dict(measure_tensors(stack)),
}
SHAPES = st.lists(st.integers(0, 6), min_size=1, max_size=4).map(tuple) | st.sampled_from(
    [(3, 5, 4), (2, 3, 4, 3), (2, 1, 4, 5), (3, 40), (4, 3), (0, 8, 8), (0, 7)]
)
DTYPES = st.sampled_from(["float64", "float32", "float16", "uint8", "int16", "int64", "bool"])
STACKS = arrays.arrays(DTYPES, SHAPES)
PIXELS = arrays.arrays("float64", (5, 4, 4), elements=st.floats(0, 1) | st.just(np.nan))
TEXTS = st.lists(
    st.none()
    | st.text(st.characters(exclude_categories=()))
    | st.text("ab 你か1.,'’-🙂\u0301\ud800", max_size=60),
    max_size=6,
)


def measured(kind: str, stack: NDArray[Any]) -> Columns | None:
    """What the descriptor says, or nothing if it refuses the shape, in its own words."""
    try:
        return MEASURES[kind](stack)
    except ValueError as error:
        refusal = str(error)
    assert REFUSAL.match(refusal)
    return None


def assert_alike(found: Columns, expected: Columns, order: Sequence[int]) -> None:
    """The same values row by row, up to the rounding of sums taken in another order."""
    for name, values in expected.items():
        if isinstance(values, list):
            assert list(found[name]) == [values[row] for row in order], name
        else:
            np.testing.assert_allclose(
                found[name], np.asarray(values)[list(order)], rtol=1e-9, atol=1e-12, err_msg=name
            )


def assert_a_value_a_row(found: Columns, rows: int) -> None:
    for name, values in found.items():
        assert len(values) == rows, name
        if not isinstance(values, list):
            assert values.dtype == np.float64, name
            assert not np.isinf(values).any(), name


@pytest.mark.parametrize("kind", sorted(MEASURES))
@given(stack=STACKS)
def test_any_array_is_measured_or_refused_as_documented(kind: str, stack: NDArray[Any]) -> None:
    before = stack.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a warning would be a line in the log for every batch
        found = measured(kind, stack)
    if found is None:
        return
    assert_a_value_a_row(found, len(stack))
    assert np.array_equal(stack, before, equal_nan=stack.dtype.kind == "f")


@pytest.mark.parametrize("kind", sorted(MEASURES))
@given(stack=STACKS, data=st.data())
def test_rows_are_measured_each_for_itself(kind: str, stack: NDArray[Any], data: st.DataObject) -> None:
    found = measured(kind, stack)
    if found is None:
        return
    order = data.draw(st.permutations(range(len(stack))))[: data.draw(st.integers(0, len(stack)))]
    assert_alike(MEASURES[kind](stack[np.array(order, dtype=np.int64)]), found, order)


@given(PIXELS)
def test_pictures_stay_within_their_bounds(stack: NDArray[np.float64]) -> None:
    found = measure_images(stack)
    for name, most in (("brightness", 1.0), ("contrast", 0.5), ("entropy", 4.0), ("blank_share", 1.0)):
        known = found[name][~np.isnan(found[name])]
        assert ((known >= 0.0) & (known <= most + 1e-9)).all(), name


@given(TEXTS, st.data())
def test_any_text_is_measured_for_itself(texts: list[str | None], data: st.DataObject) -> None:
    found = dict(measure_texts(texts, VOCABULARY))
    assert_a_value_a_row(found, len(texts))
    order = data.draw(st.permutations(range(len(texts))))
    assert_alike(dict(measure_texts([texts[row] for row in order], VOCABULARY)), found, order)
    for name in ("digit_share", "punctuation_share", "emoji_share", "unknown_share", "repetition"):
        known = np.asarray(found[name])
        known = known[~np.isnan(known)]
        assert ((known >= 0.0) & (known <= 1.0)).all(), name
    assert_a_value_a_row(dict(measure_sequences(texts=texts)), len(texts))


@given(TEXTS, TEXTS)
def test_the_order_of_learning_does_not_matter(first: list[str | None], second: list[str | None]) -> None:
    one, other = VocabularyLearner(rows=1), VocabularyLearner(rows=1)
    one.add(first)
    one.add(second)
    other.add([*second, *first])
    assert one.ready == other.ready
    if one.ready:
        assert one.build().to_json() == other.build().to_json()


@given(STACKS)
def test_a_centroid_is_learned_from_any_stack(stack: NDArray[Any]) -> None:
    learner = CentroidLearner(rows=1)
    learner.add(stack)
    if learner.ready:
        assert np.linalg.norm(learner.build().direction.astype(np.float64)) <= 1.0 + 1e-6


def image_file() -> bytes:
    file = BytesIO()
    Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).save(file, "PNG")
    return file.getvalue()


WAV = (
    b"RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00@\x1f\x00\x00\x80>\x00\x00\x02\x00\x10\x00"
)
WAV += b"data\xff\xff\xff\xff" + bytes(range(256))
FILES = (image_file(), WAV)
STARTS = (b"", b"\xff\xd8\xff\xe0\x00\x10JFIF", b"RIFF\x10\x00\x00\x00WEBPVP8 ", b"GIF89a", b"BM", b"II*\x00")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file with some of its bytes changed and its end cut off, or a magic number and anything."""
    if draw(st.booleans()):
        return draw(st.sampled_from(STARTS)) + draw(st.binary(max_size=200))
    content = bytearray(draw(st.sampled_from(FILES)))
    for at, value in draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=5)
    ):
        content[at] = value
    return bytes(content[: draw(st.integers(0, len(content)))])


@given(st.lists(st.none() | damaged(), max_size=4))
def test_any_bytes_are_an_image_or_not(contents: list[bytes | None]) -> None:
    assert_a_value_a_row(dict(measure_encoded_images(contents)), len(contents))


@given(st.lists(st.none() | damaged(), max_size=4))
def test_any_bytes_are_audio_or_not(contents: list[bytes | None]) -> None:
    assert_a_value_a_row(dict(measure_encoded_audio(contents)), len(contents))
