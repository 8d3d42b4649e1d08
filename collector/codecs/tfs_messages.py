"""The protobuf messages of TensorFlow Serving's Predict.

Field numbers: ``tensorflow_serving/apis/predict.proto`` and ``model.proto`` of tensorflow/serving,
``tensorflow/core/framework/tensor.proto``, ``tensor_shape.proto`` and ``types.proto`` of
tensorflow/tensorflow, ``google/protobuf/wrappers.proto``.
"""

from __future__ import annotations

from collections.abc import Mapping

from collector.codecs.protobuf_schema import message_classes

_CLASSES = message_classes(
    "driftline.tfs",
    {
        "Int64Value": {"value": (1, "int64")},
        "ModelSpec": {
            "name": (1, "string"),
            "version": (2, "Int64Value"),
            "version_label": (4, "string"),
        },
        "Dim": {"size": (1, "int64")},
        "TensorShapeProto": {"dim": (2, "Dim[]"), "unknown_rank": (3, "bool")},
        "TensorProto": {
            "dtype": (1, "int32"),
            "tensor_shape": (2, "TensorShapeProto"),
            "tensor_content": (4, "bytes"),
            "float_val": (5, "float[]"),
            "double_val": (6, "double[]"),
            "int_val": (7, "int32[]"),
            "string_val": (8, "bytes[]"),
            "int64_val": (10, "int64[]"),
            "bool_val": (11, "bool[]"),
            "half_val": (13, "int32[]"),
            "uint32_val": (16, "uint32[]"),
            "uint64_val": (17, "uint64[]"),
        },
        # An entry of a map<string, TensorProto>.
        "TensorEntry": {"key": (1, "string"), "value": (2, "TensorProto")},
        "PredictRequest": {"model_spec": (1, "ModelSpec"), "inputs": (2, "TensorEntry[]")},
        "PredictResponse": {"outputs": (1, "TensorEntry[]"), "model_spec": (2, "ModelSpec")},
    },
)
PredictRequest = _CLASSES["PredictRequest"]
PredictResponse = _CLASSES["PredictResponse"]
TensorProto = _CLASSES["TensorProto"]

DATATYPES: Mapping[int, tuple[str, str]] = {
    1: ("FP32", "float_val"),
    2: ("FP64", "double_val"),
    3: ("INT32", "int_val"),
    4: ("UINT8", "int_val"),
    5: ("INT16", "int_val"),
    6: ("INT8", "int_val"),
    7: ("BYTES", "string_val"),
    9: ("INT64", "int64_val"),
    10: ("BOOL", "bool_val"),
    14: ("BF16", "half_val"),
    17: ("UINT16", "int_val"),
    19: ("FP16", "half_val"),
    22: ("UINT32", "uint32_val"),
    23: ("UINT64", "uint64_val"),
}
"""Number in ``DataType`` to the V2 name and the field that holds the values when ``tensor_content`` does not.

Complex numbers, quantised ones, resources and variants are not decoded."""
