"""Errors as problem+json (RFC 9457): a status, a title, and a sentence that says what to do."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shopbot.errors import AgentError

logger = logging.getLogger(__name__)


class Problem(AgentError):
    """A request that is refused; the text is the `detail` that its sender reads."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers


def not_found(what: str = "page") -> Problem:
    """There is no such thing, or it is somebody else's: nobody is told which."""
    return Problem(404, f"There is no such {what}.")


def problem_response(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The problem as a response."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(body, status, dict(headers or {}), media_type="application/problem+json")


async def on_problem(request: Request, problem: Exception) -> Response:
    """Starlette's handler of `Problem`."""
    assert isinstance(problem, Problem)  # noqa: S101 -- registered for this class
    if request.url.path.startswith("/v1/"):
        return _openai_error(problem)
    return problem_response(problem.status, str(problem), problem.headers)


def _openai_error(problem: Problem) -> Response:
    """The problem as OpenAI's clients read it."""
    kind = "invalid_request_error" if problem.status < 500 else "server_error"
    error = {"message": str(problem), "type": kind, "code": str(problem.status), "param": None}
    return JSONResponse({"error": error}, problem.status, dict(problem.headers or {}))


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's handler of its own exceptions."""
    assert isinstance(error, HTTPException)  # noqa: S101 -- registered for this class
    return problem_response(error.status_code, error.detail, error.headers)


async def on_surprise(request: Request, error: Exception) -> Response:
    """Starlette's handler of everything else; the details are in the log alone."""
    logger.error("a request failed", exc_info=error)
    return problem_response(500, "Something went wrong on our side; please try again.")
