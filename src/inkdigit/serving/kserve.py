"""The Open Inference Protocol 2 in JSON: raw digit images → probabilities, for clients of KServe and Triton."""

import json
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from inkdigit import __version__
from inkdigit.images import SIZE
from inkdigit.serving.answers import Json, Refusal
from inkdigit.serving.pool import Pool

IMAGES, PROBABILITIES = "images", "probabilities"
"""Names of the classifier's input and output, repeated since its module loads ONNX Runtime, which only readers need."""

TENSOR = {
    "type": "object",
    "properties": {
        "name": {"const": IMAGES},
        "datatype": {"const": "UINT8"},
        "shape": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 4},
        "data": {"type": "array", "description": "0 to 255, ink bright on 0; flat, or nested as the shape."},
    },
    "required": ["name", "datatype", "shape", "data"],
}
REQUEST = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "inputs": {"type": "array", "items": TENSOR, "minItems": 1, "maxItems": 1},
    },
    "required": ["inputs"],
    "example": {
        "inputs": [{"name": IMAGES, "datatype": "UINT8", "shape": [1, SIZE * SIZE], "data": [0] * SIZE * SIZE}]
    },
}
FAULT = {
    "application/json": {
        "schema": {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
    }
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": FAULT}
    for status, words in ((400, "Not such a request."), (404, "No such model."))
}


def build_router(pool: Pool) -> APIRouter:
    """The protocol's routes."""
    router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])

    @router.get("", summary="The server")
    async def tell_server() -> dict[str, Any]:
        return {"name": "inkdigit", "version": __version__, "extensions": []}

    @router.get("/health/live", summary="Whether the server lives")
    async def live() -> dict[str, bool]:
        return {"live": True}

    @router.get("/health/ready", summary="Whether all models are ready", responses={503: {"description": "Not yet."}})
    async def ready() -> JSONResponse:
        return JSONResponse({"ready": bool(pool.ready)}, 200 if pool.ready else 503)

    @router.get("/models/{name}", summary="What a model takes and gives", responses={404: RESPONSES[404]})
    async def tell_model(name: str) -> JSONResponse:
        if name not in pool.cards:
            return _miss()
        tensors = {
            "inputs": [{"name": IMAGES, "datatype": "UINT8", "shape": [-1, SIZE, SIZE]}],
            "outputs": [{"name": PROBABILITIES, "datatype": "FP32", "shape": [-1, pool.cards[name]["outputs"]]}],
        }
        return JSONResponse({"name": name, "platform": "onnxruntime_onnx", "versions": [], **tensors})

    @router.get(
        "/models/{name}/ready",
        summary="Whether a model is ready",
        responses={404: RESPONSES[404], 503: {"description": "Not yet."}},
    )
    async def model_ready(name: str) -> JSONResponse:
        if name not in pool.cards:
            return _miss()
        return JSONResponse({"name": name, "ready": bool(pool.ready)}, 200 if pool.ready else 503)

    @router.post(
        "/models/{name}/infer",
        summary="Digit images → probabilities",
        responses={**RESPONSES, 503: {"description": "Too busy.", "content": FAULT}},
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": REQUEST}}}},
    )
    async def infer(name: str, request: Request) -> Response:
        if name not in pool.cards:
            return _miss()
        try:
            answer = await pool.ask({"job": "infer", "model": name, "name": ""}, await request.body())
        except Refusal as refusal:
            return JSONResponse({"error": str(refusal)}, refusal.status, refusal.headers)
        if answer.code:
            return JSONResponse(
                {"error": json.loads(answer.body)["error"]["message"]}, 500 if answer.status == 500 else 400
            )
        return Json(answer.body)

    return router


def _miss() -> JSONResponse:
    return JSONResponse({"error": "found no such model; see GET /models"}, 404)
