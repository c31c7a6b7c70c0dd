"""The routes. Expensive work is done in the pool; here, requests are received and answers passed on."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from inkdigit import __version__
from inkdigit.errors import UsageError, unknown
from inkdigit.serving import openapi
from inkdigit.serving.answers import Answer, Json, Refusal
from inkdigit.serving.bounds import Bounds
from inkdigit.serving.frames import FAULT
from inkdigit.serving.kserve import build_router
from inkdigit.serving.limits import Bodies, Deadline
from inkdigit.serving.metrics import Metrics, PoolMetrics, render
from inkdigit.serving.pool import Pool
from inkdigit.serving.queries import ExplainQuery, ReadQuery, check_repeats
from inkdigit.serving.reference import draw_reference
from inkdigit.serving.security import Security
from inkdigit.serving.uploads import take_one, take_several

MISSING = {
    404: ("not_found", "found no such path, expected one of those of /docs"),
    405: ("method", "found another method than this path takes; /docs tells which"),
}
STATIC = Path(__file__).parent / "static"


def build_app(pool: Pool, models: list[str], bounds: Bounds, allowed: list[str]) -> FastAPI:
    """The application.

    Args:
        pool: what reads; it need not be ready yet.
        models: their names; the first is the default.
        bounds: see ``Bounds``.
        allowed: names, besides loopback's, under which this server may be addressed.
    """
    app = FastAPI(
        title="inkdigit", version=__version__, summary=openapi.SUMMARY, docs_url=None, redoc_url=None,
        openapi_tags=openapi.TAGS, redirect_slashes=False,
    )  # fmt: skip
    _add_reading(app, pool, models, bounds)
    _add_state(app, pool, models)
    app.include_router(build_router(pool))
    _add_pages(app)
    _add_errors(app)
    registry = CollectorRegistry()
    registry.register(PoolMetrics(pool))
    app.add_api_route("/metrics", lambda: PlainTextResponse(render(registry), media_type=CONTENT_TYPE_LATEST),
                      tags=["state"], summary="For Prometheus", response_class=PlainTextResponse)  # fmt: skip
    paths = frozenset(app.openapi()["paths"])
    app.add_middleware(Bodies, bounds=bounds)  # the middleware added last runs first
    app.add_middleware(Security, allowed=allowed)
    app.add_middleware(Deadline, bounds=bounds)
    app.add_middleware(Metrics, registry=registry, name=lambda path: _name_route(path, paths))
    return app


def _add_reading(app: FastAPI, pool: Pool, models: list[str], bounds: Bounds) -> None:
    once = [Depends(check_repeats)]

    def choose(model: str | None) -> str:
        if model is not None and model not in models:
            raise unknown("model", model, models)
        return model or models[0]

    @app.post("/read", tags=["reading"], dependencies=once, **openapi.READ)
    async def read(request: Request, query: Annotated[ReadQuery, Query()]) -> Response:
        """Reads a picture: what `inkdigit read --format json` prints in its list."""
        model = choose(query.model)
        upload = await take_one(request)
        return _respond(await pool.ask(query.to_head("read", model, upload.name), upload.content))

    @app.post("/read/batch", tags=["reading"], dependencies=once, **openapi.BATCH)
    async def read_batch(request: Request, query: Annotated[ReadQuery, Query()]) -> Response:
        """Reads several pictures: what `inkdigit read --format json` prints, with an error for what cannot be read."""
        model = choose(query.model)
        uploads = await take_several(request, bounds.max_batch)
        heads = [query.to_head("read", model, upload.name) for upload in uploads]
        return _join(await asyncio.gather(*pool.ask_all(heads, [upload.content for upload in uploads])))

    @app.post("/explain", tags=["reading"], dependencies=once, **openapi.EXPLAIN)
    async def explain(request: Request, query: Annotated[ExplainQuery, Query()]) -> Response:
        """Reads a picture, and shows what the network saw of each digit, and one digit's feature maps."""
        model = choose(query.model)
        upload = await take_one(request)
        head = query.to_head("explain", model, upload.name)
        return _respond(await pool.ask(head, upload.content))


def _respond(answer: Answer) -> Response:
    return Json(answer.body, answer.status)


def _join(answers: list[Answer]) -> Response:
    """A list of answers; but if the query, a model or the server is at fault, that error alone, which concerns all."""
    for answer in answers:
        if answer.code in ("usage", "model", "fault"):
            return _respond(answer)
    return Json(b"[" + b",".join(answer.body for answer in answers) + b"]")


def _add_state(app: FastAPI, pool: Pool, models: list[str]) -> None:
    @app.get("/models", tags=["state"], **openapi.MODELS)
    async def list_models() -> list[dict[str, Any]]:
        """The models, with their cards: what each was trained on and how good it is."""
        return [{"name": name, "card": pool.cards.get(name, {}), "default": name == models[0]} for name in models]

    @app.head("/health/live", include_in_schema=False)
    @app.get("/health/live", tags=["state"], summary="Whether the server lives")
    async def live() -> dict[str, str]:
        """Always, while it answers."""
        return {"status": "live"}

    @app.head("/health/ready", include_in_schema=False)
    @app.get("/health/ready", tags=["state"], summary="Whether a reading would be answered", **openapi.READY)
    async def ready() -> JSONResponse:
        """Once the hash of each model was checked and each has read a picture."""
        return JSONResponse({"status": "ready" if pool.ready else "starting"}, 200 if pool.ready else 503)


def _add_pages(app: FastAPI) -> None:
    @app.head("/", include_in_schema=False)
    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(draw_reference(app.openapi()))

    app.mount("/static", StaticFiles(directory=STATIC))


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(Refusal)
    async def refuse(_: Request, refusal: Refusal) -> Response:
        return Json(refusal.body, refusal.status, refusal.headers)

    @app.exception_handler(UsageError)
    async def tell_usage(request: Request, error: UsageError) -> Response:
        return await refuse(request, Refusal(422, "usage", str(error)))

    @app.exception_handler(RequestValidationError)
    async def tell_query(request: Request, error: RequestValidationError) -> Response:
        return await refuse(request, Refusal(422, "usage", _describe(error.errors()[0])))

    @app.exception_handler(HTTPException)
    async def tell_http(_: Request, error: HTTPException) -> Response:
        code, message = MISSING.get(error.status_code, ("http", str(error.detail)))
        return Json(Refusal(error.status_code, code, message).body, error.status_code, dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def tell_fault(request: Request, _: Exception) -> Response:
        return await refuse(request, Refusal(500, "fault", FAULT))


def _describe(error: Mapping[str, Any]) -> str:
    """What is wrong with a query in one line: what was given, and what the option means."""
    name = str(error["loc"][1] if len(error["loc"]) > 1 else "query")
    option = ExplainQuery.model_fields.get(name)
    is_pattern = error["type"] == "string_pattern_mismatch"  # a regular expression says little
    expected = option.description if is_pattern and option and option.description else error["msg"]
    return f"found {str(error['input'])[:40]!r} for {name}, expected another value: {expected.rstrip('.')}; see /docs"


def _name_route(path: str, paths: frozenset[str]) -> str:
    """The name under which a path is counted: itself, the prefix under which it lies, or ``other``."""
    if path in paths:
        return path
    return next(
        (start for start in ("/static", "/v2/models") if path.startswith(start)), "/" if path == "/" else "other"
    )
