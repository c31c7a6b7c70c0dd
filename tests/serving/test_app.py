"""The routes, of a server as it comes."""

import asyncio
import base64
import gzip
import io
import json
import re

import httpx
import numpy as np
import PIL.Image
import pytest
from fastapi import FastAPI
from tests.serving.conftest import SAMPLES, Served

from inkdigit.serving.answers import Answer
from inkdigit.serving.app import _join, build_app
from inkdigit.serving.bounds import Bounds
from inkdigit.serving.frames import FAULT
from inkdigit.serving.pool import Pool

SEVEN = (SAMPLES / "seven.png").read_bytes()


def test_a_name_is_shown_without_its_path_and_what_cannot_be_seen(served: Served) -> None:
    with served.client() as client:
        answer = client.post("/read", files={"picture": ("../a\\b/\u202e<7>.png", SEVEN)})
    assert answer.json()["source"] == "<7>.png"
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"length": ["4", "6"]}, "found 'length' 2 times, expected it once"),
        ({"signle": "1"}, "did you mean 'single'"),
        ({"digit": "0"}, "unknown option 'digit'; known: among, check, length, min_confidence, model, pattern, region"),
        ({"single": "perhaps"}, "found 'perhaps' for single, expected another value: "),
        ({"model": "raeder"}, "did you mean 'reader'"),
        ({"model": "../../etc/passwd"}, "unknown model"),
        ({"region": "1,2,3"}, "found '1,2,3' for region, expected another value: x,y,width,height"),
        ({"region": "1,2,0,4"}, "expected x,y,w,h"),
        ({"min_confidence": "2"}, "expected another value: Input should be less than or equal to 1"),
        ({"min_confidence": "nan"}, "for min_confidence, expected another value: Input should be a finite number"),
        ({"length": "0"}, "expected how many digits"),
        ({"pattern": "(((("}, "pattern"),
        ({"check": "mod97"}, "unknown check 'mod97'; known: ean13, isbn10, isbn13, luhn"),
        ({"among": "12a"}, "found '12a' for among, expected another value: A line is one of these numbers"),
    ],
    ids=str,
)
def test_a_wrong_query_is_told_in_one_line(query: dict[str, str | list[str]], words: str, served: Served) -> None:
    with served.client() as client:
        answer = client.post("/read", params=query, content=SEVEN)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "usage")
    assert words in error["message"]
    assert "\n" not in error["message"]


def test_an_encoded_body_is_refused(served: Served) -> None:
    with served.client() as client:
        answer = client.post("/read", content=gzip.compress(SEVEN), headers={"content-encoding": "gzip"})
    assert answer.status_code == 415
    assert "found Content-Encoding gzip, expected none" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("kind", "content", "status", "code"),
    [
        ("text/plain", SEVEN, 415, "unsupported_format"),
        ("application/pdf", b"%PDF-1.7", 415, "unsupported_format"),
        ("application/octet-stream", b"%PDF-1.7", 415, "unsupported_format"),
        ("image/png", b"", 422, "empty"),
        ("image/png", b"no picture", 422, "not_an_image"),
        ("image/png", SEVEN[:99], 422, "truncated"),
        ("multipart/form-data", SEVEN, 422, "usage"),
        ("multipart/form-data; boundary=x", SEVEN, 422, "usage"),
        ("multipart/form-data; boundary=x", b"--x--\r\n", 422, "usage"),
    ],
)
def test_bodies_that_are_none(kind: str, content: bytes, status: int, code: str, served: Served) -> None:
    with served.client() as client:
        answer = client.post("/read", content=content, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_forms_that_are_none(served: Served) -> None:
    picture = ("a.png", SEVEN)
    with served.client() as client:
        for files in ({"file": picture}, [("picture", picture), ("picture", picture)]):
            assert client.post("/read", files=files).json()["error"]["code"] == "usage"
        assert client.post("/read", data={"picture": "text"}, files={"x": picture}).status_code == 422
        assert client.post("/read/batch", content=SEVEN).status_code == 415
        for n in (33, 34, 100):
            many = client.post("/read/batch", files=[("pictures", picture)] * n)
            assert (many.status_code, many.json()["error"]["code"]) == (413, "too_large")
            assert "found more than 32" in many.json()["error"]["message"]
        several = client.post("/read", files=[("picture", picture)] * 3)
        assert (several.status_code, several.json()["error"]["code"]) == (422, "usage")
        assert "found more than 1" in several.json()["error"]["message"]


def test_explain_shows_what_was_seen(served: Served) -> None:
    page = (SAMPLES / "page.png").read_bytes()
    with served.client() as client:
        read = client.post("/read", content=page).json()
        shown = client.post("/explain", content=page).json()
        chosen = client.post("/explain", params={"digit": 1}, content=page).json()
        beyond = client.post("/explain", params={"digit": 99}, content=page)
    count = sum(len(line["digits"]) for line in read["lines"])
    assert shown["reading"] == chosen["reading"] == read
    assert shown["maps"] == {}
    assert len(shown["seen"]) == count > 2
    kind, _, content = shown["seen"][0].partition(",")
    assert kind == "data:image/png;base64"
    image = np.asarray(PIL.Image.open(io.BytesIO(base64.b64decode(content))))
    assert image.shape == (28, 28)
    assert image.dtype == np.uint8
    assert chosen["maps"]
    assert all(url.startswith("data:image/png;base64,") for urls in chosen["maps"].values() for url in urls)
    assert (beyond.status_code, beyond.json()["error"]["code"]) == (422, "usage")


def test_models_and_health(served: Served) -> None:
    with served.client() as client:
        (model,) = client.get("/models").json()
        assert client.get("/health/live").json() == {"status": "live"}
        assert client.get("/health/ready").json() == {"status": "ready"}
    assert (model["name"], model["default"]) == ("reader", True)
    assert re.fullmatch("[0-9a-f]{64}", model["card"]["sha256"])
    assert model["card"]["test_accuracy"] > 0.99


def test_metrics_count(served: Served) -> None:
    with served.client() as client:
        client.post("/read", content=SEVEN)
        client.get("/never/seen/before")
        text = client.get("/metrics").text
    assert 'inkdigit_requests_total{route="/read",status="200"}' in text
    assert 'inkdigit_requests_total{route="other",status="404"}' in text
    assert 'inkdigit_request_seconds_bucket{le="+Inf",route="/read"}' in text
    assert "inkdigit_ready 1.0" in text
    assert "never" not in text


def test_what_curl_sends_by_itself_is_read(served: Served) -> None:
    with served.client() as client:
        answer = client.post("/read", content=SEVEN, headers={"content-type": "application/x-www-form-urlencoded"})
    assert (answer.status_code, answer.json()["text"]) == (200, "7")


@pytest.mark.parametrize("path", ["/", "/health/live", "/health/ready"])
def test_whoever_watches_may_ask_for_the_head_alone(path: str, served: Served) -> None:
    with served.client() as client:
        answer = client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")


def test_what_is_not_there(served: Served) -> None:
    with served.client() as client:
        missing, wrong = client.get("/nothing"), client.get("/read")
        assert client.post("/read/").status_code == 404, "and not sent elsewhere without a word"
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["error"]["code"], wrong.headers["allow"]) == (405, "method", "POST")
    assert all(
        "expected" in answer.json()["error"]["message"] or "tells" in answer.json()["error"]["message"]
        for answer in (missing, wrong)
    )


def test_openapi_and_its_page_name_every_route(served: Served) -> None:
    with served.client() as client:
        document, page = client.get("/openapi.json").json(), client.get("/docs").text
    assert {"/read", "/read/batch", "/explain", "/models", "/health/ready", "/metrics"} <= set(document["paths"])
    for path in document["paths"]:
        assert path in page
    assert "<script" not in page
    assert "style=" not in page
    assert re.findall(r'(?:src|href)="(?!/)', page) == []
    example = document["paths"]["/read"]["post"]["responses"]["200"]["content"]["application/json"]["example"]
    assert json.dumps(example["lines"][0]["text"]) == '"7"'


@pytest.mark.parametrize("path", ["/", "/docs", "/static/style.css", "/read", "/nothing", "/metrics"])
def test_every_answer_keeps_a_browser_in_bounds(path: str, served: Served) -> None:
    with served.client() as client:
        headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:")
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers
    if not path.startswith("/static"):
        assert headers["cache-control"] in {"no-store", "no-cache"}


def test_a_typing_mistake_is_told_what_the_route_itself_takes(served: Served) -> None:
    with served.client() as client:
        for path, hint in (("/read", "known: "), ("/read/batch", "known: "), ("/explain", "did you mean 'digit'?")):
            message = client.post(path, params={"digits": "0"}, content=SEVEN).json()["error"]["message"]
            assert message.startswith(f"unknown option 'digits'; {hint}")
            assert message.count("'digit'") == (path == "/explain")


def test_foreign_names_and_pages_are_refused(served: Served) -> None:
    port = served.host[1]
    with served.client() as client:
        foreign = ["evil.example", f"evil.example:{port}", "", "[", "0.0.0.0"]
        own_names = [f"localhost:{port}", f"[::1]:{port}", "LOCALHOST"]
        for host, status in [(name, 421) for name in foreign] + [(name, 200) for name in own_names]:
            answer = client.get("/health/live", headers={"host": host})
            assert answer.status_code == status, host
            assert "evil" not in answer.text
        own = f"http://127.0.0.1:{port}"
        for origin, status in (
            (own, 200),
            ("http://evil.example", 403),
            ("null", 403),
            (f"http://127.0.0.1:{port + 1}", 403),
        ):
            answer = client.post("/read", content=SEVEN, headers={"origin": origin})
            assert answer.status_code == status, origin
            assert "evil" not in answer.text
        assert client.options("/read", headers={"origin": "http://evil.example"}).status_code == 405


@pytest.mark.parametrize("code", ["usage", "model", "fault"])
def test_what_concerns_all_pictures_of_a_batch_is_its_answer(code: str) -> None:
    fault = Answer(code, b'{"error": 1}')
    answer = _join([Answer("", b"{}"), fault, Answer("", b"{}")])
    assert (answer.body, answer.status_code) == (fault.body, fault.status)
    assert _join([Answer("", b"{}"), Answer("not_an_image", b"{}")]).body == b"[{},{}]"


def test_an_error_that_should_not_be_is_told_like_any(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> Answer:
        raise RuntimeError("/secret/path")

    async def post(app: FastAPI, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post(path, content=SEVEN)

    bounds = Bounds()
    pool = Pool({}, bounds)
    monkeypatch.setattr(pool, "ask", fail)
    for path in ("/read", "/explain"):
        answer = asyncio.run(post(build_app(pool, ["reader"], bounds, []), path))
        assert answer.status_code == 500
        assert answer.json() == {"error": {"code": "fault", "message": FAULT}}
