"""Web pages: only public addresses, at every redirect, and never without end."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator

import pytest

from shopbot.tools.retrieval.documents import Document, Unreadable
from shopbot.tools.retrieval.sources import Limits, open_sources
from shopbot.tools.retrieval.sources.web import is_public

OPEN = Limits(allow_private=True, file_bytes=300_000, seconds=1.0)


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/to-private":
            self.answer(302, location="http://169.254.169.254/latest/meta-data")
        elif self.path == "/round":
            self.answer(302, location="/round")
        elif self.path == "/to-page":
            self.answer(301, location="/page")
        elif self.path == "/page":
            self.answer(200, b"<title>Hours</title><p>We open at nine.</p>", "text/html; charset=utf-8")
        elif self.path == "/image":
            self.answer(200, b"\x89PNG", "image/png")
        elif self.path == "/endless":
            self.pour(b"x" * 60_000, pause=0)
        elif self.path == "/drip":
            self.pour(b"x", pause=0.2)
        elif self.path.startswith("/w/api.php"):
            self.answer(
                200, b'{"parse": {"title": "Return", "text": "<h2>Law</h2><p>Two weeks.</p>"}}', "application/json"
            )
        else:
            self.answer(404)

    def answer(self, status: int, body: bytes = b"", kind: str = "", location: str = "") -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Location", location)):
            if value:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def pour(self, piece: bytes, pause: float) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        try:
            while True:
                self.wfile.write(piece)
                time.sleep(pause)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def reason(address: str, limits: Limits) -> str:
    (found,) = open_sources([address], limits)
    assert isinstance(found, Unreadable)
    return found.reason


def test_a_page_is_read_through_its_redirect(site: str) -> None:
    (page,) = open_sources([f"{site}/to-page"], OPEN)
    assert isinstance(page, Document)
    assert page.source == f"{site}/to-page"
    assert page.text == "# Hours\n\nWe open at nine."


def test_a_wiki_page_is_read_through_its_api(site: str) -> None:
    (page,) = open_sources([f"wiki+{site}/w/api.php#Return"], OPEN)
    assert isinstance(page, Document)
    assert page.text == "# Return\n\n## Law\n\nTwo weeks."


def test_a_private_address_is_refused(site: str) -> None:
    assert "127.0.0.1, which is not a public address" in reason(f"{site}/page", Limits())


def test_a_redirect_to_a_private_address_is_refused(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from shopbot.tools.retrieval.sources import web

    really = web.is_public
    monkeypatch.setattr(web, "is_public", lambda address: address == "127.0.0.1" or really(address))
    assert "169.254.169.254, which is not a public address" in reason(f"{site}/to-private", Limits())


def test_an_endless_answer_is_given_up(site: str) -> None:
    assert "sends more than 0 MB" in reason(f"{site}/endless", OPEN)


def test_a_dripping_answer_is_given_up(site: str) -> None:
    assert "takes more than 1 s" in reason(f"{site}/drip", OPEN)


def test_redirects_in_a_circle_are_given_up(site: str) -> None:
    assert "redirects more than 5 times" in reason(f"{site}/round", OPEN)


@pytest.mark.parametrize(("path", "said"), [("/none", "answered 404"), ("/image", "of the kind image/png")])
def test_what_cannot_be_used_is_named(site: str, path: str, said: str) -> None:
    assert said in reason(site + path, OPEN)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)
