import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from tests.browser.conftest import wait_for_answer
from tests.browser.hand import count_ink, draw


def test_a_server_that_is_gone_is_told_and_the_drawing_kept(page: Page) -> None:
    page.context.set_offline(True)
    draw(page, "0")  # a single stroke: a second one would be read by itself once the line is back
    expect(page.get_by_role("alert")).to_have_text(re.compile("server does not answer"))
    assert count_ink(page) > 0
    page.context.set_offline(False)
    page.click("#again")
    wait_for_answer(page, "0")
    expect(page.get_by_role("alert")).to_have_text("")


@pytest.mark.parametrize("status", [502, 504])
def test_a_proxy_without_a_server_is_told_as_a_server_that_is_gone(status: int, page: Page) -> None:
    page.route("**/explain*", lambda route: route.fulfill(status=status, body="<html>nginx"))
    draw(page, "0")
    expect(page.get_by_role("alert")).to_have_text(re.compile("server does not answer"))
    page.unroute("**/explain*")
    page.click("#again")
    wait_for_answer(page, "0")


def test_a_busy_server_is_asked_again_when_it_said(page: Page) -> None:
    refused: list[Route] = []

    def refuse_once(route: Route) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(route)
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"error": {"code": "busy", "message": "busy"}})

    page.route("**/explain*", refuse_once)
    draw(page, "0")  # a single stroke
    expect(page.locator("#verdict")).to_have_text(re.compile("busy"))
    wait_for_answer(page, "0")
    assert len(refused) == 1


def test_a_busy_server_is_not_told_beside_an_empty_sheet(page: Page) -> None:
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    page.route("**/explain*", hold)
    with page.expect_request("**/explain*"):
        draw(page, "0")
    page.click("#clear")
    with page.expect_response("**/explain*"):
        asked[0].fulfill(status=503, headers={"Retry-After": "1"}, json={})
    page.wait_for_timeout(100)
    assert page.inner_text("#verdict").startswith("Write one digit")


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [(413, "too_large", "too large"), (422, "truncated", "end of this picture"), (400, "strange", "very strange")],
)
def test_errors_of_the_server_come_in_words(page: Page, status: int, code: str, words: str) -> None:
    answer = {"source": "body", "error": {"code": code, "message": "very strange"}}
    page.route("**/explain*", lambda route: route.fulfill(status=status, json=answer))
    draw(page, "3")
    expect(page.get_by_role("alert")).to_have_text(re.compile(words))


@pytest.fixture
def foreign_page() -> Iterator[str]:
    """The address of a page that is not ours."""

    class Foreign(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>foreign</title><link rel=icon href=data:,>")

        def log_message(self, format: str, *values: object) -> None:  # noqa: A002 - the parent's name
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Foreign)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_a_page_of_another_origin_is_refused(browser: Browser, address: str, foreign_page: str, mode: str) -> None:
    page = browser.new_page()
    page.goto(foreign_page)
    statuses: list[int] = []
    session = page.context.new_cdp_session(page)  # of an answer that a page may not see Playwright tells nothing
    session.on("Network.responseReceivedExtraInfo", lambda told: statuses.append(told["statusCode"]))
    session.send("Network.enable")
    page.evaluate(
        """([url, mode]) => fetch(url, { method: "POST", mode, body: "3" }).catch(() => null)""",
        [f"{address}/read", mode],
    )
    page.wait_for_timeout(200)
    assert statuses == [403]
    page.context.close()


def test_a_foreign_host_name_is_refused(browser: Browser, address: str) -> None:
    page = browser.new_page()
    port = address.rpartition(":")[2]
    response = page.goto(f"http://evil.example:{port}/")
    assert response is not None
    assert response.status == 421
    assert "evil" not in page.content()
    page.context.close()


def test_no_script_runs_but_the_page_s_own(page: Page) -> None:
    ran = page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.body.append(script);
          return window.ran === true;
        }"""
    )
    assert not ran
