"""What holds of whatever a codec returns, for any bytes."""

from __future__ import annotations

import typing

import numpy as np

from collector.codecs.bad_tensor import TensorFault
from collector.codecs.codec import Body, Codec
from collector.codecs.decoded import FLOAT_DATATYPES, NUMERIC_DATATYPES, Inference
from collector.codecs.shapes import MOST_ELEMENTS
from collector.inference import infer_contract
from collector.mapping import Mapper
from collector.reasons import DropReason, Undecodable
from driftline.errors import InvalidContract

_FAULTS = frozenset(typing.get_args(TensorFault))
_REASONS = frozenset(typing.get_args(DropReason))
_DATATYPES = NUMERIC_DATATYPES | FLOAT_DATATYPES | {"BOOL", "BYTES"}


def decode_checked(codec: Codec, asked: Body | None, answered: Body | None) -> Inference | None:
    """Glance and decode: an inference that is sound, or ``None`` for one refused by a known reason."""
    glance = codec.glance(asked, answered)
    assert glance.rows >= 1
    for text in (glance.model, glance.version):
        text.encode("utf-8")
    reason: str | None = None
    found: Inference | None = None
    try:
        found = codec.decode(asked, answered)
    except Undecodable as error:
        reason = error.reason
    if found is None:
        assert reason in _REASONS
    else:
        check(found)
    return found


def check(found: Inference) -> None:
    """Asserts that an inference is sound."""
    assert found.rows >= 1
    for text in (found.request_id, found.model, found.version, found.error):
        text.encode("utf-8")
    assert set(found.faults.values()) <= _FAULTS
    for side in (found.inputs, found.outputs):
        assert sum(tensor.values.size for tensor in side.values()) <= MOST_ELEMENTS
        for name, tensor in side.items():
            assert name == tensor.name
            assert tensor.datatype in _DATATYPES
            assert tensor.per_row(found.rows, batched=found.batched).shape[0] == found.rows
            if tensor.datatype != "BYTES":
                assert tensor.values.dtype == np.dtype(np.float64)
            else:
                assert {type(value) for value in tensor.values.ravel()} <= {str, bytes, type(None)}


def map_checked(found: Inference) -> bool:
    """Infer a contract from an inference and map it; whether there was anything to infer from."""
    try:
        contract = infer_contract("m", [found])
    except InvalidContract:
        return False
    mapped = Mapper(contract, lambda *_: None).map([found], ["ok"], [found.version])
    assert mapped.numeric.shape == (found.rows, contract.width("numeric"))
    assert len(mapped.categorical) == found.rows
    for row in mapped.categorical:
        assert len(row) == contract.width("categorical")
        for value in row:
            value.encode("utf-8")
    return True
