"""Who is at the console: a session in a cookie, kept by the server, and a token in every form against forgery."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from shopbot.apps.serve.desk_sessions import SESSION_S, Session
from shopbot.apps.serve.limits import network
from shopbot.apps.serve.pages import render_page
from shopbot.apps.serve.problems import Problem
from shopbot.apps.serve.server import server_of
from shopbot.prompts import load_data

COOKIE = "desk"
MOST_FIELDS = 20


Page = Callable[[Request, Session], Awaitable[Response]]
Deed = Callable[[Request, Session, dict[str, str]], Awaitable[Response]]


def staff_only(page: Page) -> Callable[[Request], Awaitable[Response]]:
    """A page that only staff see; others are led to the login."""

    async def guarded(request: Request) -> Response:
        session = _session(request)
        return await page(request, session) if session else RedirectResponse("/desk/login", 303)

    guarded.__name__ = page.__name__
    return guarded


def staff_deed(deed: Deed) -> Callable[[Request], Awaitable[Response]]:
    """What only staff may do, by a form that this console has given them."""

    async def guarded(request: Request) -> Response:
        session = _session(request)
        if session is None:
            return RedirectResponse("/desk/login", 303)
        fields = await read_form(request)
        if not hmac.compare_digest(fields.get("csrf", "").encode(), session.csrf.encode()):
            raise Problem(403, "This form is not from your console, or too old: reload the page and try again.")
        return await deed(request, session, fields)

    guarded.__name__ = deed.__name__
    return guarded


def desk_page(name: str, request: Request, session: Session | None, **values: Any) -> Response:
    """A page of the console."""
    texts = load_data("serve/desk.yaml")
    return render_page(f"desk_{name}.html", t=texts, session=session, path=request.url.path, **values)


async def show_login(request: Request) -> Response:
    """The form of the login."""
    if _session(request):
        return RedirectResponse("/desk/", 303)
    return desk_page("login", request, None, wrong=False, staff=server_of(request).access.accounts.staff)


async def log_in(request: Request) -> Response:
    """Let in whoever knows the password; a few tries a minute."""
    server, fields = server_of(request), await read_form(request)
    name, password = fields.get("name", "")[:60], fields.get("password", "")[:1000]
    server.logins.take(network(request.client.host if request.client else ""))
    server.logins.take(f"name {name}")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Problem(403, "Log in on the console's own page.")
    if not await asyncio.to_thread(server.access.accounts.admits, name, password):
        answer = desk_page("login", request, None, wrong=True, staff=server.access.accounts.staff)
        answer.status_code = 401
        return answer
    answer = RedirectResponse("/desk/", 303)
    answer.set_cookie(
        COOKIE,
        server.desk_sessions.begin(name),
        path="/desk",
        max_age=SESSION_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


async def log_out(request: Request, session: Session, fields: dict[str, str]) -> Response:
    """End the session."""
    server_of(request).desk_sessions.end(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/desk/login", 303)
    answer.delete_cookie(COOKIE, path="/desk", httponly=True, samesite="strict")
    return answer


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form, each once.

    Raises:
        Problem: it is no form.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise Problem(415, "Send a form.")
    try:
        fields = parse_qs((await request.body()).decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Problem(400, "This form cannot be read.") from None
    return {name: values[0] for name, values in fields.items()}


def _session(request: Request) -> Session | None:
    return server_of(request).desk_sessions.find(request.cookies.get(COOKIE, ""))
