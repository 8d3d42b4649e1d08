"""What the client copies, and what the collector reads of it: from values to decoded tensors, no socket."""

from __future__ import annotations

import array
import math
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from collector.codecs.codec import Body
from collector.codecs.decoded import Inference
from collector.codecs.v2_rest import V2Rest
from collector.exchange import MESSAGE_BYTES, BodyBudget, Exchange
from collector.taps.client_frames import ClientConnection
from driftline.client.frames import BODY_BYTES, TooLarge, frame
from driftline.client.snapshot import snapshot
from driftline.client.tensors import UNSUPPORTED, rows_of, tensors
from tests.recording_sink import RecordingSink

ROOT = Path(__file__).parents[3]
HEAD = {
    "model": "digits",
    "version": "3",
    "instance": "pod-1",
    "event_id": "e-1",
    "trace_id": "",
    "at": 1795428000.5,
    "took_ms": 2.5,
    "status": "ok",
}


class QuietTransport:
    """As much of a transport as a connection needs when nobody is at the other end."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        self.aborted = True


def delivered(parts: list[bytes], piece: int = 1 << 20) -> RecordingSink:
    sink = RecordingSink()
    connection = ClientConnection(sink, BodyBudget(), set(), 10)
    connection.connection_made(cast(Any, QuietTransport()))
    data = b"".join(parts)
    for start in range(0, len(data), piece):
        connection.data_received(data[start : start + piece])
    return sink


def copies(inputs: dict[str, Any]) -> list[tuple[str, Any]]:
    copied, nothing, _ = snapshot(inputs, None)
    assert copied is not None
    assert nothing is None
    return copied


def decoded(inputs: dict[str, Any], *, batch: bool = False) -> Inference:
    copied = copies(inputs)
    (exchange,) = delivered(frame(HEAD, tensors(copied, batch=batch), None)).exchanges
    request = exchange.request
    assert request is not None
    return V2Rest().decode(Body(request.body(), request.headers), None)


@pytest.mark.parametrize(
    ("value", "datatype", "expected"),
    [
        (1.5, "FP64", [1.5]),
        (7, "INT64", [7.0]),
        (True, "BOOL", [1.0]),
        ("text 😀", "BYTES", ["text 😀"]),
        (None, "FP64", [math.nan]),
        ([0.5, 1, None, True], "FP64", [[0.5, 1.0, math.nan, 1.0]]),
        ([1, 2], "INT64", [[1.0, 2.0]]),
        ([True, False], "BOOL", [[1.0, 0.0]]),
        (["a", ""], "BYTES", [["a", ""]]),
        (("a", b"b"), "BYTES", [["a", "b"]]),
        ([[1.0, 2.0], [3.0, 4.0]], "FP64", [[[1.0, 2.0], [3.0, 4.0]]]),
        ([["a"], ["b"]], "BYTES", [[["a"], ["b"]]]),
        ([np.float32(0.5), np.float32(2.0)], "FP64", [[0.5, 2.0]]),
        ([np.zeros(2), np.ones(2)], "FP64", [[[0.0, 0.0], [1.0, 1.0]]]),
        (np.float32(0.5), "FP32", [0.5]),
        (np.array([1, 2], dtype=np.uint8), "UINT8", [[1.0, 2.0]]),
        (np.array([[1, 2]], dtype=">i4"), "INT32", [[[1.0, 2.0]]]),
        (np.array([1.5], dtype=">f8"), "FP64", [[1.5]]),
        (np.arange(6, dtype=np.float16).reshape(2, 3)[:, ::2], "FP16", [[[0.0, 2.0], [3.0, 5.0]]]),
        (np.array([True, False]), "BOOL", [[1.0, 0.0]]),
        (np.array(["ab", "c"]), "BYTES", [["ab", "c"]]),
        (np.array([b"ab", b"c"]), "BYTES", [["ab", "c"]]),
        (np.array(["ab", "c"], dtype=object), "BYTES", [["ab", "c"]]),
        (array.array("f", [0.5, 1.0]), "FP32", [[0.5, 1.0]]),
        (array.array("q", [-1]), "INT64", [[-1.0]]),
        (memoryview(b"\x01\x02"), "UINT8", [[1.0, 2.0]]),
    ],
)
def test_values_arrive_as_they_were_with_a_batch_axis_of_one(
    value: Any, datatype: str, expected: Any
) -> None:
    inference = decoded({"x": value})
    tensor = inference.inputs["x"]
    assert (inference.faults, inference.rows, inference.batched) == ({}, 1, True)
    assert tensor.datatype == datatype
    assert_array_equal(tensor.values, np.asarray(expected, dtype=tensor.values.dtype))


def test_a_batch_keeps_its_axis() -> None:
    inference = decoded({"x": np.zeros((8, 4), np.float32), "label": ["a"] * 8}, batch=True)
    assert (inference.rows, inference.batched) == (8, True)
    assert inference.inputs["x"].shape == (8, 4)


class Torch:
    """A tensor of PyTorch, as far as it is looked at."""

    def detach(self) -> Torch:
        return self

    def cpu(self) -> Torch:
        return self

    def numpy(self) -> Any:
        return np.array([1.0, 2.0], dtype=np.float32)


class Frame:
    """What converts itself to an array: a column of a data frame."""

    def __array__(self) -> Any:
        return np.array([3, 4], dtype=np.int16)


def test_tensors_of_other_libraries_become_arrays() -> None:
    inference = decoded({"torch": Torch(), "column": Frame()})
    assert inference.inputs["torch"].datatype == "FP32"
    assert_array_equal(inference.inputs["column"].values, [[3.0, 4.0]])


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {"nested": 1},
        [1.0, "mixed"],
        [[1.0], [1.0, 2.0]],
        [[1.0], 2.0],
        [2**70],
        1j,
        np.zeros(2, np.complex64),
        np.array(["2026-01-01"], dtype="datetime64[s]"),
        np.zeros(2, dtype=[("a", "f4")]),
        np.array([object()]),
    ],
)
def test_a_value_that_cannot_be_recorded_is_a_fault_and_the_others_stay(value: Any) -> None:
    inference = decoded({"bad": value, "good": 1.0})
    assert set(inference.faults) == {"bad"}
    assert set(inference.inputs) == {"good"}


def test_copies_do_not_follow_what_the_server_does_later() -> None:
    flat, nested, values = [1.0], [[1.0]], np.ones(1)
    copied = copies({"flat": flat, "nested": nested, "values": values})
    flat[0] = nested[0][0] = values[0] = 9.0
    assert [tensor.data for tensor in tensors(copied, batch=False)] == [np.ones(1).tobytes()] * 3


def test_the_size_of_a_copy_is_about_what_it_holds() -> None:
    assert snapshot({"x": np.zeros(1000)}, None)[2] == pytest.approx(8000, rel=0.1)
    assert snapshot({"x": "y" * 1000}, None)[2] == pytest.approx(1000, rel=0.2)
    assert snapshot({"x": ["y" * 100] * 10}, None)[2] >= 1000
    assert snapshot({"x": [[0.0] * 100] * 10}, None)[2] >= 8000


def test_rows_of_a_message_are_what_its_tensors_share() -> None:
    def found(**values: Any) -> int:
        return rows_of(tensors(copies(values), batch=True))

    assert found(x=np.zeros((3, 2)), y=[1, 2, 3]) == 3
    assert found(x=np.zeros((3, 2)), y=[1, 2]) == 1
    assert found(x=object(), y=[1, 2]) == 2
    assert found(x=1.0) == 1
    assert found(x=object()) == 1


def test_a_body_beyond_what_the_collector_takes_is_not_framed() -> None:
    assert BODY_BYTES <= MESSAGE_BYTES
    copied = copies({"x": np.zeros(BODY_BYTES // 8 + 1)})
    with pytest.raises(TooLarge):
        frame(HEAD, tensors(copied, batch=False), None)


def test_unsupported_tensors_have_no_bytes() -> None:
    (tensor,) = tensors(copies({"x": object()}), batch=True)
    assert (tensor.datatype, tensor.data) == (UNSUPPORTED, b"")


def test_a_frame_becomes_an_exchange_in_whatever_pieces_it_comes() -> None:
    asked, answered = ([("x", [0.5])], [("y", ["7"])])
    parts = frame(HEAD, tensors(asked, batch=False), tensors(answered, batch=False))
    for piece in (1, 7, 1 << 20):
        sink = delivered(parts * 3, piece)
        assert len(sink.exchanges) == 3
        exchange = sink.exchanges[-1]
        assert isinstance(exchange, Exchange)
        assert exchange.request is not None
        assert exchange.response is not None
        assert exchange.request.target == "/v2/models/digits/infer"
        assert (exchange.tap, exchange.latency_ms, exchange.epoch_seconds) == ("client", 2.5, 1795428000.5)
        assert (exchange.identity.event_id, exchange.identity.instance) == ("e-1", "pod-1")
        inference = V2Rest().decode(
            Body(exchange.request.body(), exchange.request.headers),
            Body(exchange.response.body(), exchange.response.headers),
        )
        assert (inference.version, inference.request_id) == ("3", "e-1")
        assert inference.outputs["y"].values.tolist() == [["7"]]


def test_the_client_needs_the_standard_library_alone() -> None:
    program = (
        "import sys, driftline.client as client\n"
        "c = client.Client(None)\n"
        "c.record(inputs={'x': 1.0})\n"
        "print(sorted(name for name in sys.modules if name.startswith('driftline')"
        " and not name.startswith('driftline.client')))\n"
    )
    # Without site-packages: -S.
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "['driftline']"
