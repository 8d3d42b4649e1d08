"""From the bytes of a request to the columns of every kind, with nothing declared beforehand."""

from __future__ import annotations

import base64
import io
import math
import wave
from typing import Any

import numpy as np
import orjson
import pytest
from PIL import Image

from collector.codecs.codec import Body
from collector.codecs.decoded import Inference
from collector.codecs.routes import find_route
from collector.inference import infer_contract
from collector.mapping import Mapper
from driftline.contracts import Contract, ContractField
from driftline.events import MISSING_CATEGORY

WORDS = [
    "the",
    "invoice",
    "of",
    "march",
    "was",
    "paid",
    "late",
    "and",
    "nobody",
    "knows",
    "why",
    "it",
    "took",
    "so",
    "long",
]


def jpeg(rng: np.random.Generator) -> str:
    file = io.BytesIO()
    pixels = rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, "JPEG")
    return base64.b64encode(file.getvalue()).decode()


def sound(rng: np.random.Generator) -> str:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes((rng.normal(0, 3000, 4000)).astype("<i2").tobytes())
    return base64.b64encode(file.getvalue()).decode()


def tensor(name: str, datatype: str, shape: list[int], data: object) -> dict[str, object]:
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def inference(seed: int) -> Inference:
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.ones(5))
    asked = {
        "inputs": [
            tensor("photo", "BYTES", [1], [jpeg(rng)]),
            tensor("speech", "BYTES", [1], [sound(rng)]),
            tensor("question", "BYTES", [1], [" ".join(rng.choice(WORDS, 12))]),
            tensor("country", "BYTES", [1], [str(rng.choice(["de", "fr"]))]),
            tensor("pixels", "FP32", [1, 3, 16, 16], rng.random(768).tolist()),
            tensor("features", "FP32", [1, 3], rng.normal(size=3).tolist()),
        ]
    }
    answered = {
        "model_version": "1",
        "outputs": [
            tensor("vector", "FP32", [1, 64], rng.normal(size=64).tolist()),
            tensor("scores", "FP32", [1, 5], scores.tolist()),
            tensor("map", "FP32", [1, 6, 6], rng.normal(size=36).tolist()),
        ],
    }
    route = find_route("POST", "/v2/models/m/infer", "application/json")
    assert route is not None
    return route.codec.decode(Body(orjson.dumps(asked), {}), Body(orjson.dumps(answered), {}))


INFERENCES = [inference(seed) for seed in range(20)]


def columns(contract: Contract, inferences: list[Inference]) -> dict[str, list[Any]]:
    mapper = Mapper(contract, lambda *fault: pytest.fail(str(fault)))
    mapped = mapper.map(inferences, ["ok"] * len(inferences), ["1"] * len(inferences))
    return {
        column.name: mapped.numeric[:, column.slot].tolist()
        if column.kind == "numeric"
        else [row[column.slot] for row in mapped.categorical]
        for column in contract.columns()
    }


def test_kinds_are_told_from_the_traffic() -> None:
    contract = infer_contract("m", INFERENCES)
    assert {field.name: field.kind for field in contract.fields} == {
        "photo": "image",
        "speech": "audio",
        "question": "text",
        "country": "categorical",
        "pixels": "image",
        "features[0]": "numeric",
        "features[1]": "numeric",
        "features[2]": "numeric",
        "vector": "embedding",
        "scores": "prediction",
        "map": "tensor",
    }
    assert contract.prediction == "scores.class"


def test_every_column_is_measured() -> None:
    found = columns(infer_contract("m", INFERENCES), INFERENCES)
    # Before anything was learned there is nothing to compare with.
    compared = {"question.unknown_share", "vector.cosine"}
    for name, values in found.items():
        missing = [value == MISSING_CATEGORY or value != value for value in values]
        assert all(missing) if name in compared else not any(missing), name
    assert found["photo.width"] == [32.0] * 20
    assert found["photo.aspect"] == pytest.approx([32 / 24] * 20)
    assert found["pixels.height"] == [16.0] * 20
    assert found["speech.duration_seconds"] == [0.5] * 20
    assert found["speech.sample_rate_hz"] == [8000.0] * 20
    assert found["speech.rms"] == pytest.approx([3000 / 32768] * 20, rel=0.1)
    assert found["question.tokens"] == [12.0] * 20


def test_declared_kinds_that_nobody_can_guess() -> None:
    contract = Contract(
        model="m",
        fields=(
            ContractField(name="features", kind="audio", sample_rate_hz=8000.0),
            ContractField(name="scores", kind="sequence", role="output"),
            ContractField(name="question", kind="sequence"),
        ),
    )
    found = columns(contract, INFERENCES)
    assert found["features.duration_seconds"] == [3 / 8000] * 20
    assert found["scores.length"] == [5.0] * 20
    assert all(0.0 < value < 1.0 for value in found["scores.mean_confidence"])
    assert all(math.isnan(value) for value in found["question.mean_confidence"])
    assert all(value > 12 for value in found["question.characters"])


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("country", "tensor", "text_in_place_of_numbers"),
        ("features", "text", "numbers_in_place_of_text"),
        ("features", "image", "no_image"),
        ("pixels", "numeric", "not_one_value_a_row"),
    ],
)
def test_what_cannot_be_measured_is_a_mismatch(name: str, kind: str, reason: str) -> None:
    contract = Contract.model_validate({"model": "m", "fields": [{"name": name, "kind": kind}]})
    faults: list[tuple[str, str, int]] = []
    mapper = Mapper(contract, lambda *fault: faults.append(fault))
    mapped = mapper.map(INFERENCES[:2], ["ok", "ok"], ["1", "1"])
    assert faults == [(name, reason, 2)]
    assert np.isnan(mapped.numeric).all()


def test_files_that_are_none_are_missing_and_no_error() -> None:
    contract = Contract(model="m", fields=(ContractField(name="country", kind="image"),))
    assert all(math.isnan(value) for value in columns(contract, INFERENCES)["country.width"])
