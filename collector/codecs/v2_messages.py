"""The protobuf messages of the V2 protocol that carry an inference.

Field numbers: ``grpc_service.proto`` of triton-inference-server/common, which the Open Inference Protocol's
``grpc_predict_v2.proto`` agrees with.
"""

from __future__ import annotations

from collector.codecs.protobuf_schema import message_classes

_CLASSES = message_classes(
    "driftline.v2",
    {
        # An entry of a map<string, InferParameter>; what the parameter says is not needed.
        "ParameterEntry": {"key": (1, "string")},
        "InferTensorContents": {
            "bool_contents": (1, "bool[]"),
            "int_contents": (2, "int32[]"),
            "int64_contents": (3, "int64[]"),
            "uint_contents": (4, "uint32[]"),
            "uint64_contents": (5, "uint64[]"),
            "fp32_contents": (6, "float[]"),
            "fp64_contents": (7, "double[]"),
            "bytes_contents": (8, "bytes[]"),
        },
        # InferInputTensor and InferOutputTensor are alike.
        "InferTensor": {
            "name": (1, "string"),
            "datatype": (2, "string"),
            "shape": (3, "int64[]"),
            "parameters": (4, "ParameterEntry[]"),
            "contents": (5, "InferTensorContents"),
        },
        "ModelInferRequest": {
            "model_name": (1, "string"),
            "model_version": (2, "string"),
            "id": (3, "string"),
            "inputs": (5, "InferTensor[]"),
            "raw_input_contents": (7, "bytes[]"),
        },
        "ModelInferResponse": {
            "model_name": (1, "string"),
            "model_version": (2, "string"),
            "id": (3, "string"),
            "outputs": (5, "InferTensor[]"),
            "raw_output_contents": (6, "bytes[]"),
        },
        "ModelStreamInferResponse": {
            "error_message": (1, "string"),
            "infer_response": (2, "ModelInferResponse"),
        },
    },
)
ModelInferRequest = _CLASSES["ModelInferRequest"]
ModelInferResponse = _CLASSES["ModelInferResponse"]
ModelStreamInferResponse = _CLASSES["ModelStreamInferResponse"]
