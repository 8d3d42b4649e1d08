"""Whatever the bodies are, every codec returns a sound inference or refuses by a known reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.codecs.codec import Body, Codec
from tests.fuzz.codec_targets import CODECS
from tests.fuzz.mutation import mutated
from tests.fuzz.seeds import SEEDS, Pair
from tests.payloads.checking import decode_checked, map_checked

HEADERS = st.sampled_from(
    [
        {},
        {"inference-header-content-length": "40"},
        {"grpc-encoding": "gzip"},
        {"grpc-encoding": "deflate", "inference-header-content-length": "0"},
    ]
)
BODIES = st.builds(Body, st.binary(max_size=300), HEADERS) | st.none()

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
TENSOR = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["x", "y", "\ud800", ""]) | JSON,
        "shape": st.lists(st.integers(0, 4), max_size=4) | JSON,
        "datatype": st.sampled_from(["FP32", "INT64", "BOOL", "BYTES", "UINT8"]) | JSON,
        "data": st.lists(LEAVES, max_size=16) | JSON,
    },
    optional={"parameters": st.fixed_dictionaries({"binary_data_size": st.integers(-1, 9)}) | JSON},
)
KEYS = st.sampled_from(
    [
        "inputs",
        "outputs",
        "instances",
        "predictions",
        "examples",
        "results",
        "error",
        "id",
        "model_version",
        "rows",
    ]
)
MESSAGES = st.dictionaries(KEYS, st.lists(TENSOR, max_size=3) | JSON, max_size=4)


def as_body(value: Any) -> Body:
    return Body(json.dumps(value).encode("utf-8", "surrogatepass"), {})


@pytest.mark.parametrize("name", CODECS)
@given(asked=BODIES, answered=BODIES)
def test_any_bytes(name: str, asked: Body | None, answered: Body | None) -> None:
    decode_checked(CODECS[name], asked, answered)


@pytest.mark.parametrize("name", ["v2_rest", "tfs_rest", "by_content", "mapped"])
@given(asked=MESSAGES.map(as_body), answered=MESSAGES.map(as_body) | st.none())
def test_any_json(name: str, asked: Body, answered: Body | None) -> None:
    found = decode_checked(CODECS[name], asked, answered)
    if found is not None:
        map_checked(found)


@pytest.mark.parametrize("name", CODECS)
@given(data=st.data())
def test_any_change_of_a_sound_message(name: str, data: st.DataObject) -> None:
    pair: Pair = data.draw(st.sampled_from(SEEDS[name]))
    seed = data.draw(st.integers(0, 2**32 - 1))
    found = decode_checked(CODECS[name], *(mutated(body, seed) for body in pair))
    if found is not None:
        map_checked(found)


@pytest.mark.parametrize("name", CODECS)
def test_the_messages_that_are_changed_are_sound(name: str) -> None:
    codec: Codec = CODECS[name]
    for asked, answered in SEEDS[name]:
        found = decode_checked(codec, asked, answered)
        assert found is not None
        assert found.inputs or found.outputs or found.error
        assert map_checked(found) or found.error
