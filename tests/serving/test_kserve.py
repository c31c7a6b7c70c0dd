"""The Open Inference Protocol, as its clients use it."""

import asyncio
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from tests.serving.conftest import Served

from inkdigit import OnnxClassifier
from inkdigit.reading.weights import find_model
from inkdigit.serving.answers import Answer
from inkdigit.serving.bounds import Bounds
from inkdigit.serving.kserve import build_router
from inkdigit.serving.pool import Pool


def tensor(images: Any, shape: list[int] | None = None, **more: Any) -> dict[str, Any]:
    values = np.asarray(images)
    data = values.ravel().tolist()
    return {
        "inputs": [{"name": "images", "datatype": "UINT8", "shape": shape or list(values.shape), "data": data, **more}]
    }


IMAGES = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)


@pytest.mark.parametrize("shape", [[3, 28, 28], [3, 784], [3, 1, 28, 28]], ids=str)
def test_probabilities_are_the_classifiers(shape: list[int], served: Served) -> None:
    expected = OnnxClassifier(find_model("reader"))(IMAGES)
    with served.client() as client:
        answer = client.post("/v2/models/reader/infer", json={**tensor(IMAGES, shape), "id": "7"}).json()
        nested = client.post("/v2/models/reader/infer", json=tensor(IMAGES, data=IMAGES.tolist())).json()
    (output,) = answer["outputs"]
    assert (answer["model_name"], answer["id"]) == ("reader", "7")
    assert (output["name"], output["datatype"], output["shape"]) == ("probabilities", "FP32", [3, 11])
    np.testing.assert_allclose(np.reshape(output["data"], (3, 11)), expected, atol=1e-6)
    assert nested["outputs"][0]["data"] == output["data"]


def test_a_thousand_images_go_into_one_request(served: Served) -> None:
    with served.client() as client:
        assert client.post("/v2/models/reader/infer", json=tensor(np.zeros((1024, 28, 28), int))).status_code == 200


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "not one input"),
        ([], "no JSON object"),
        ({"inputs": []}, "not one input"),
        ({"inputs": [1]}, "not one input"),
        (tensor(IMAGES, datatype="FP32"), "another name or datatype"),
        (tensor(IMAGES, name="x"), "another name or datatype"),
        (tensor(IMAGES, [3, 27, 28]), "another shape"),
        (tensor(IMAGES, [3, 28, "28"]), "another shape"),  # type: ignore[list-item]
        (tensor(IMAGES, [2, 28, 28]), "data of another kind"),
        (tensor(IMAGES, [0, 28, 28]), "found 0 images"),
        (tensor(IMAGES, [10**9, 28, 28]), "expected 1 to 1024"),
        (tensor(IMAGES.astype(int) + 256), "data of another kind"),
        (tensor(IMAGES / 255), "data of another kind"),
        (tensor(IMAGES, data=[[1], [2, 3]]), "data of another kind"),
        (tensor(IMAGES, data="abc"), "data of another kind"),
        (tensor(IMAGES, data=None), "data of another kind"),
        (tensor(IMAGES, data=[10**30] * 2352), "data of another kind"),
        ({**tensor(IMAGES), "outputs": [{"name": "logits"}]}, "outputs that are not there"),
        ({**tensor(IMAGES), "outputs": 7}, "outputs that are not there"),
    ],
)
def test_what_is_no_request(body: Any, words: str, served: Served) -> None:
    with served.client() as client:
        answer = client.post("/v2/models/reader/infer", json=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff"], ids=["empty", "cut", "deep", "bytes"])
def test_what_is_no_json(content: bytes, served: Served) -> None:
    with served.client() as client:
        answer = client.post("/v2/models/reader/infer", content=content)
    assert answer.status_code == 400
    assert "no JSON" in answer.json()["error"]


def test_what_clients_look_up(served: Served) -> None:
    with served.client() as client:
        assert client.get("/v2").json()["name"] == "inkdigit"
        assert client.get("/v2/health/live").json() == {"live": True}
        assert client.get("/v2/health/ready").json() == {"ready": True}
        model = client.get("/v2/models/reader").json()
        assert client.get("/v2/models/reader/ready").json() == {"name": "reader", "ready": True}
        missing = [client.get("/v2/models/x"), client.get("/v2/models/x/ready"), client.post("/v2/models/x/infer")]
    assert model["inputs"] == [{"name": "images", "datatype": "UINT8", "shape": [-1, 28, 28]}]
    assert model["outputs"] == [{"name": "probabilities", "datatype": "FP32", "shape": [-1, 11]}]
    assert [(answer.status_code, "error" in answer.json()) for answer in missing] == [(404, True)] * 3


@pytest.mark.parametrize(("code", "status"), [("model", 500), ("fault", 500), ("usage", 400), ("timeout", 400)])
def test_whose_fault_it_is(code: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(*_: object) -> Answer:
        return Answer(code, b'{"error": {"code": "any", "message": "why"}}')

    async def post() -> httpx.Response:
        app = FastAPI()
        app.include_router(build_router(pool))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            return await client.post("/v2/models/reader/infer", json={})

    pool = Pool({}, Bounds())
    pool.cards = {"reader": {}}
    monkeypatch.setattr(pool, "ask", answer)
    told = asyncio.run(post())
    assert (told.status_code, told.json()) == (status, {"error": "why"})
