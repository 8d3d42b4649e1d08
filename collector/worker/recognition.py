"""Which gRPC call a request and its response are, told by their messages when their headers were lost.

After a gap an HTTP/2 client goes on referring to headers that were sent before it, often for as long as the
connection lives, and a load balancer's connections live for days. Their messages say enough: a body that
decodes as an inference request with tensors, and another that decodes as its response, for the same model,
are that. Anything less is not taken for one.
"""

from __future__ import annotations

from collector.codecs.codec import Body
from collector.codecs.routes import find_route
from collector.exchange import Request, Response
from collector.reasons import Undecodable
from driftline.contracts import MODEL_NAME

UNARY = ("/inference.GRPCInferenceService/ModelInfer", "/tensorflow.serving.PredictionService/Predict")
"""Calls of one message each way: a message in the answer means that the call succeeded."""


def recognised(request: Request, response: Response) -> str:
    """Path of the call, empty when it is none of :data:`UNARY` for certain.

    Parameters
    ----------
    request, response
        Complete; the target is empty when it was lost, and otherwise only checked.
    """
    for target in UNARY:
        if request.target in ("", target) and _is(target, request, response):
            return target
    return ""


def _is(target: str, request: Request, response: Response) -> bool:
    route = find_route("POST", target)
    assert route is not None
    try:
        asked = Body(request.body(), request.headers)
        answered = Body(response.body(), response.headers)
        found = route.codec.decode(asked, answered)
        models = {route.codec.glance(asked, None).model, route.codec.glance(None, answered).model}
    except Undecodable:
        return False
    whole = bool(found.inputs) and bool(found.outputs) and not found.faults
    return whole and len(models) == 1 and MODEL_NAME.fullmatch(models.pop()) is not None
