"""Chromium, if this machine has it, driven by Playwright; and a page of another site that has the widget."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AXE = Path(__file__).parents[2] / ".browser" / "node_modules" / "axe-core" / "axe.min.js"
_SERIOUS = ("serious", "critical")
_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; the test is skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make browser")
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_api.sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=path, args=_OPTIONS)
        except sync_api.Error as error:
            pytest.skip(f"there is no Chromium here ({str(error).splitlines()[0]}): make browser")
        yield browser
        browser.close()


def serious_faults(page: Page) -> list[Any]:
    """What axe-core finds serious on the page; without it the test is skipped."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make browser")
    # The page's policy lets no script of another's run; what the driver evaluates is none of the page's.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then(result => result.violations)")
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found if each["impact"] in _SERIOUS
    ]


class ForeignPage(ThreadingHTTPServer):
    """A shop's own site, on an origin of its own; `widget` is the address of the script in it."""

    widget = ""

    @property
    def origin(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """The page."""
        assert isinstance(self.server, ForeignPage)
        style = "* { color: red !important; font-size: 40px } button, .panel { display: none }"
        body = f"""<!doctype html><html lang="en"><head><title>Harbor &amp; Pine</title><style>{style}</style></head>
            <body><main><h1>Jeans</h1></main><script src="{self.server.widget}" defer></script></body></html>"""
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def foreign_page() -> Iterator[ForeignPage]:
    """The page, served."""
    with ForeignPage(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
