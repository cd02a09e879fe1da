"""The customer's pages: the chat, the widget's script, labels; and what machines ask: health, readiness, metrics."""

from __future__ import annotations

import asyncio
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response

from shopbot.apps.logbook import log_file
from shopbot.apps.serve.problems import Problem, not_found
from shopbot.apps.serve.server import server_of, wording

_HERE = Path(__file__).parent
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_PAGES = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def render_page(name: str, **values: Any) -> HTMLResponse:
    """A page from its template; every value in it is text, never markup."""
    return HTMLResponse(_PAGES.get_template(name).render(**values), headers={"Cache-Control": "no-store"})


@cache
def static_text(name: str) -> str:
    """The content of a file under `static/`."""
    return (_HERE / "static" / name).read_text(encoding="utf-8")


async def chat(request: Request) -> Response:
    """The customer's chat as a page of its own."""
    return render_page("chat.html", texts=wording(server_of(request)))


async def widget(request: Request) -> Response:
    """The script that opens the chat on any page."""
    return _static(request, "widget.js", "cross-origin")


async def static(request: Request) -> Response:
    """A file under `static/`; only those that are there have a name."""
    name = request.path_params["name"]
    if name not in {file.name for file in (_HERE / "static").iterdir() if file.suffix in _TYPES}:
        raise not_found()
    return _static(request, name, "same-origin")


def _static(request: Request, name: str, policy: str) -> Response:
    text = static_text(name)
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:20]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Cross-Origin-Resource-Policy": policy}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(text, headers=headers, media_type=_TYPES[Path(name).suffix])


async def label(request: Request) -> Response:
    """The PDF of a label, for whoever has a link that was signed for it."""
    from shopbot.shop.fulfilment.outcome import read_outcome

    server = server_of(request)
    _, return_id = server.access.read_link(request.path_params["token"])
    desk = (await server.served).desk
    if desk is None:
        raise not_found("label")
    outcome = await asyncio.to_thread(read_outcome, desk.shop.database, desk.shop.settings.data, return_id)
    folder = (desk.shop.settings.data / "labels").resolve()
    if outcome.label_file is None or not outcome.label_file.resolve().is_relative_to(folder):
        raise Problem(404, "This label is not there yet: it comes by e-mail as soon as it is.")
    if not outcome.label_file.is_file():
        raise not_found("label")
    kind = "inline" if "view" in request.query_params else "attachment"
    return FileResponse(
        outcome.label_file,
        media_type="application/pdf",
        filename=f"return-R{return_id}.pdf",
        content_disposition_type=kind,
        # A browser's own viewer of PDF is no page of ours, and needs what our pages may not have.
        headers={"Cache-Control": "no-store", "Content-Security-Policy": "frame-ancestors 'none'"},
    )


async def health(request: Request) -> Response:
    """Whether this process is alive."""
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """Whether messages can be answered now."""
    server = server_of(request)
    served = server.served
    if not served.done():
        raise Problem(503, "The agent is being opened: try again in a moment.", {"Retry-After": "1"})
    if served.exception() is not None:
        raise Problem(503, f"The agent could not be opened: see {log_file(server.settings)}.")
    return JSONResponse({"status": "ready", "agent": served.result().name, "engine": served.result().engine})


async def metrics(request: Request) -> Response:
    """Counts and times for Prometheus."""
    return PlainTextResponse(server_of(request).metrics.text(), media_type="text/plain; version=0.0.4")
