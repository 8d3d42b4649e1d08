"""From the values of one field to the columns that measure it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

import numpy as np
import orjson
from numpy.typing import NDArray

from collector.codecs.decoded import FLOAT_DATATYPES
from collector.descriptors.audio import measure_audio
from collector.descriptors.embedding import measure_embeddings
from collector.descriptors.encoded_audio import measure_encoded_audio
from collector.descriptors.encoded_image import measure_encoded_images
from collector.descriptors.image import measure_images
from collector.descriptors.prediction import measure_predictions
from collector.descriptors.reference import Centroid, Vocabulary
from collector.descriptors.sequence import measure_sequences
from collector.descriptors.tensor import measure_tensors
from collector.descriptors.text import measure_texts
from collector.files import file_bytes
from driftline.contracts import ContractField, Kind

Numbers = NDArray[np.float64]
Cells = Numbers | Sequence[str | None]
Measured = dict[str, Cells]
"""Descriptor name (empty for a plain field) to one value a row."""


_WHITE = {"UINT8": 255.0, "UINT16": 65535.0}
"""Brightest level of integer pixels; that of floats is told by the image."""
_FULL_SCALE = {"INT8": 2.0**7, "INT16": 2.0**15, "INT32": 2.0**31}
"""Loudest sample of integer waveforms; those of floats are 1."""


class References(Protocol):
    """What descriptors of one model compare with, by version and field; taught while unknown."""

    def vocabulary(self, version: str, field: str) -> Vocabulary | None: ...

    def centroid(self, version: str, field: str) -> Centroid | None: ...

    def learn_texts(self, version: str, field: str, texts: Sequence[str | None]) -> None: ...

    def learn_vectors(self, version: str, field: str, vectors: NDArray[Any]) -> None: ...


class Mismatch(Exception):
    """A tensor is not what the contract says; the text is a short reason."""


def measure(
    field: ContractField,
    datatype: str,
    values: NDArray[Any],
    versions: Sequence[str],
    references: References | None,
) -> Measured:
    """Measure ``n`` rows of a field; raises :class:`Mismatch`.

    Parameters
    ----------
    datatype, values
        V2 datatype; the row is the first axis.
    versions
        Version of each row.
    references
        What is known of the versions; ``None`` leaves out what compares with them. Nothing is learned from
        a redacted field: what was learned leaves the process, and words can be guessed from it.
    """
    if field.redaction is not None:
        references = None
    try:
        return _MEASURES[field.kind](field, datatype, values, versions, references)
    except ValueError as error:
        # What the descriptors raise for an impossible shape.
        raise Mismatch(f"no_{field.kind}") from error


def _numeric(field: ContractField, datatype: str, values: NDArray[Any], *_: object) -> Measured:
    return {"": _numbers(datatype, _single(values))}


def _categorical(field: ContractField, datatype: str, values: NDArray[Any], *_: object) -> Measured:
    return {"": _names(datatype, _single(values))}


def _tensor(field: ContractField, datatype: str, values: NDArray[Any], *_: object) -> Measured:
    return dict(measure_tensors(_numbers(datatype, values)))


def _image(field: ContractField, datatype: str, values: NDArray[Any], *_: object) -> Measured:
    if datatype == "BYTES":
        return dict(measure_encoded_images([file_bytes(value) for value in _single(values)]))
    return dict(measure_images(_numbers(datatype, values), _WHITE.get(datatype)))


def _audio(field: ContractField, datatype: str, values: NDArray[Any], *_: object) -> Measured:
    if datatype == "BYTES":
        return dict(measure_encoded_audio([file_bytes(value) for value in _single(values)]))
    full_scale = _FULL_SCALE.get(datatype)
    return dict(measure_audio(_numbers(datatype, values), field.sample_rate_hz, full_scale))


def _text(
    field: ContractField,
    datatype: str,
    values: NDArray[Any],
    versions: Sequence[str],
    references: References | None,
) -> Measured:
    texts = _texts(datatype, values)
    if references is None:
        return dict(measure_texts(texts))

    def measured(version: str, rows: list[int]) -> Measured:
        chosen = [texts[row] for row in rows]
        vocabulary = references.vocabulary(version, field.name)
        if vocabulary is None:
            references.learn_texts(version, field.name, chosen)
        return dict(measure_texts(chosen, vocabulary))

    return _per_version(versions, measured)


def _embedding(
    field: ContractField,
    datatype: str,
    values: NDArray[Any],
    versions: Sequence[str],
    references: References | None,
) -> Measured:
    vectors = _numbers(datatype, values)
    if references is None:
        return dict(measure_embeddings(vectors))

    def measured(version: str, rows: list[int]) -> Measured:
        chosen = vectors[rows]
        centroid = references.centroid(version, field.name)
        if centroid is None:
            references.learn_vectors(version, field.name, chosen)
        return dict(measure_embeddings(chosen, centroid))

    return _per_version(versions, measured)


def _sequence(field: ContractField, datatype: str, values: NDArray[Any], *_: object) -> Measured:
    if datatype == "BYTES":
        return dict(measure_sequences(texts=_texts(datatype, values)))
    return dict(measure_sequences(_numbers(datatype, values)))


def _prediction(field: ContractField, datatype: str, values: NDArray[Any], *_: object) -> Measured:
    flat = values.reshape(len(values), -1)
    if flat.shape[1] == 0:
        raise Mismatch("empty_tensor")
    if flat.shape[1] == 1 and datatype not in FLOAT_DATATYPES:
        names = _names(datatype, flat[:, 0])
        if datatype != "BYTES" and field.classes:
            names = [_class_name(field, name) for name in names]
        return {"class": names}
    found = measure_predictions(_numbers(datatype, flat), field.classes)
    return {
        "class": found.classes,
        "confidence": found.confidence,
        "entropy": found.entropy,
        "margin": found.margin,
    }


def _class_name(field: ContractField, label: str | None) -> str | None:
    """A class given by its index, by name."""
    if label is not None and label.isdecimal() and int(label) < len(field.classes):
        return field.classes[int(label)]
    return label


def _single(values: NDArray[Any]) -> NDArray[Any]:
    flat = values.reshape(len(values), -1)
    if flat.shape[1] != 1:
        raise Mismatch("not_one_value_a_row")
    return flat[:, 0]


def _numbers(datatype: str, values: NDArray[Any]) -> Numbers:
    if datatype == "BYTES":
        raise Mismatch("text_in_place_of_numbers")
    return cast(Numbers, values)


def _names(datatype: str, values: NDArray[Any]) -> list[str | None]:
    if datatype == "BYTES":
        return [value if isinstance(value, str) else _from_bytes(value) for value in values.tolist()]
    if datatype == "BOOL":
        return ["true" if value else "false" for value in values.tolist()]
    return [_number_name(value) for value in values.tolist()]


def _from_bytes(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")


def _number_name(value: float) -> str | None:
    if not np.isfinite(value):
        return None
    return str(int(value)) if value == int(value) else repr(value)


def _texts(datatype: str, values: NDArray[Any]) -> list[str | None]:
    """One text a row; several of a row are its lines."""
    if datatype != "BYTES":
        raise Mismatch("numbers_in_place_of_text")
    names = _names(datatype, values.reshape(-1))
    each = len(names) // len(values) if len(values) else 1
    if each == 1:
        return names
    return [
        "\n".join(text or "" for text in names[start : start + each])
        for start in range(0, len(names), each or 1)
    ]


def _per_version(versions: Sequence[str], measured: Callable[[str, list[int]], Measured]) -> Measured:
    """Measure the rows of each version by what is known of it."""
    rows: dict[str, list[int]] = {}
    for row, version in enumerate(versions):
        rows.setdefault(version, []).append(row)
    found: Measured = {}
    for version, chosen in rows.items():
        _scatter(found, measured(version, chosen), chosen, len(versions))
    return found


def _scatter(found: Measured, part: Measured, rows: list[int], total: int) -> None:
    """Put the columns of some of the rows in their places."""
    if len(rows) == total:
        found.update(part)
        return
    for name, cells in part.items():
        if isinstance(cells, np.ndarray):
            column = found.setdefault(name, np.full(total, np.nan))
            cast(Numbers, column)[rows] = cells
        else:
            names = cast(list[str | None], found.setdefault(name, [None] * total))
            for row, cell in zip(rows, cells, strict=True):
                names[row] = cell


def raw_value(datatype: str, value: object, redact: Callable[[str], str | None] | None) -> str | None:
    """One row's value, redacted: text as it is, numbers as JSON; ``None`` when redaction drops it."""
    if datatype == "BYTES":
        flat = np.asarray(value, dtype=object).reshape(-1).tolist()
        present = [item for item in flat if item is not None]
        texts = [item if isinstance(item, str) else item.decode("utf-8", "replace") for item in present]
        if redact is not None:
            texts = [text for text in map(redact, texts) if text is not None]
        if not texts:
            return None
        return texts[0] if len(flat) == 1 else orjson.dumps(texts).decode()
    body = orjson.dumps(np.asarray(value).tolist()).decode()
    return body if redact is None else redact(body)


_MEASURES: dict[Kind, Callable[..., Measured]] = {
    "numeric": _numeric,
    "categorical": _categorical,
    "text": _text,
    "image": _image,
    "audio": _audio,
    "embedding": _embedding,
    "tensor": _tensor,
    "prediction": _prediction,
    "sequence": _sequence,
}
