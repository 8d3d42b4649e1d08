"""TensorFlow Serving's REST API, which is also KServe's V1 protocol.

``POST /v1/models/{m}[/versions/{v}|/labels/{l}]:predict`` (also ``:classify`` and ``:regress``). The row
form is ``instances`` -> ``predictions``, the column form ``inputs`` -> ``outputs``; tensors are named by
objects, or there is one without a name, which is called ``inputs`` or ``outputs`` in either form. The
datatype is what the JSON values are; see :func:`collector.codecs.json_column.json_column`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from collector.codecs.bad_tensor import BadTensor
from collector.codecs.codec import Body, Glance
from collector.codecs.decoded import Inference, Tensor, clean_text, count_rows
from collector.codecs.json_body import read_object
from collector.codecs.json_column import is_bytes, json_column
from collector.codecs.shapes import ElementRoom
from collector.reasons import Undecodable

MOST_CELLS = 2_000_000
"""Rows of a message times the tensors they name."""
_ROW_KEYS = ("instances", "predictions", "examples", "results")


class TfsRest:
    """See :class:`collector.codecs.codec.Codec`."""

    def glance(self, asked: Body | None, answered: Body | None) -> Glance:
        """Rows of the row form; the smaller body is parsed for them."""
        bodies = [body for body in (asked, answered) if body is not None]
        for body in sorted(bodies, key=lambda body: len(body.data)):
            try:
                rows = row_count(read_object(body.data))
            except Undecodable:
                continue
            if rows:
                return Glance(rows)
        return Glance(1)

    def decode(self, asked: Body | None, answered: Body | None) -> Inference:
        """Decode an exchange.

        Raises
        ------
        Undecodable
            ``malformed_body`` when a body is neither form, ``body_too_large``.
        """
        return v1_inference(
            None if asked is None else read_object(asked.data),
            None if answered is None else read_object(answered.data),
        )


def row_count(message: Mapping[str, Any]) -> int:
    """Rows of a message in the row form; in the column form what all tensors have in common; else 0."""
    for key in _ROW_KEYS:
        if type(message.get(key)) is list:
            return len(message[key])
    value = message.get("inputs", message.get("outputs"))
    columns = list(value.values()) if type(value) is dict and not is_bytes(value) else [value]
    sizes = {len(column) if type(column) is list else 0 for column in columns}
    return sizes.pop() if len(sizes) == 1 else 0


def v1_inference(asked: Mapping[str, Any] | None, answered: Mapping[str, Any] | None) -> Inference:
    """Decode the parsed bodies of an exchange; see :meth:`TfsRest.decode`."""
    inputs, outputs = _Side(), _Side()
    error = ""
    if asked is not None:
        _read_request(asked, inputs)
    if answered is not None:
        if "error" in answered:
            error = clean_text(str(answered["error"]))
        else:
            _read_response(answered, outputs)
    faults = inputs.faults | outputs.faults
    if inputs.rows is not None and outputs.rows is not None and inputs.rows != outputs.rows:
        faults |= dict.fromkeys(outputs.tensors, "rows_differ")
        outputs = _Side()
    rows, batched = count_rows([*inputs.tensors.values(), *outputs.tensors.values()])
    return Inference(
        request_id="",
        version="",
        rows=rows,
        batched=batched,
        inputs=inputs.tensors,
        outputs=outputs.tensors,
        faults=faults,
        error=error,
    )


@dataclass(slots=True)
class _Side:
    """What a request or a response holds; ``rows`` is known of the row form only."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    rows: int | None = None
    room: ElementRoom = field(default_factory=ElementRoom)

    def add_rows(self, rows: list[Any], unnamed: str) -> None:
        """The row form: an object of tensors a row, or a value a row."""
        self.rows = len(rows)
        if not all(type(row) is dict and not is_bytes(row) for row in rows):
            self.add(unnamed, rows)
            return
        names = dict.fromkeys(name for row in rows for name in row)
        if len(names) * len(rows) > MOST_CELLS:
            raise Undecodable("malformed_body", f"{len(rows)} rows name {len(names)} tensors")
        for name in names:
            self.add(name, [row.get(name) for row in rows])

    def add_columns(self, value: Any, unnamed: str) -> None:
        """The column form: an object of tensors, or one tensor."""
        if type(value) is dict and not is_bytes(value):
            for name, column in value.items():
                self.add(name, [column], whole=True)
        else:
            self.add(unnamed, [value], whole=True)

    def add(self, name: str, rows: list[Any], *, whole: bool = False) -> None:
        """A tensor from its rows; ``whole`` takes the one row as the tensor."""
        try:
            tensor = json_column(name, rows, self.room)
        except BadTensor as error:
            self.faults[name] = error.fault
            return
        if whole:
            tensor = Tensor(name, tensor.datatype, tensor.values.reshape(tensor.shape[1:]))
        self.tensors[name] = tensor


def _read_request(message: Mapping[str, Any], side: _Side) -> None:
    rows = message.get("instances", message.get("examples"))
    if type(rows) is list:
        side.add_rows(rows, "inputs")
    elif "inputs" in message:
        side.add_columns(message["inputs"], "inputs")
    else:
        raise Undecodable("malformed_body", "neither instances nor inputs nor examples")


def _read_response(message: Mapping[str, Any], side: _Side) -> None:
    if "predictions" in message:
        predictions = message["predictions"]
        if type(predictions) is list:
            side.add_rows(predictions, "outputs")
        else:  # KServe's own predictors may answer with an object
            side.add_columns(predictions, "outputs")
    elif "outputs" in message:
        side.add_columns(message["outputs"], "outputs")
    elif type(message.get("results")) is list:
        results = message["results"]
        if all(_is_classification(result) for result in results):
            side.rows = len(results)
            side.add("classes", [[label for label, _ in result] for result in results])
            side.add("scores", [[score for _, score in result] for result in results])
        else:
            side.add_rows(results, "outputs")
    else:
        raise Undecodable("malformed_body", "neither predictions nor outputs nor results")


def _is_classification(result: object) -> bool:
    """A row of :classify: pairs of a label and a score."""
    return type(result) is list and all(type(pair) is list and len(pair) == 2 for pair in result)
