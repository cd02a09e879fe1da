"""Which failures pass, and how long a server asks to wait."""

from __future__ import annotations

import email.utils
import time
from types import SimpleNamespace
from typing import Any

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.engines.errors import AnswerTooLong, UnusableAnswer
from shopbot.engines.hosted_retry import may_pass, retry_after


class StatusError(Exception):
    """As the clients of providers raise it."""

    def __init__(self, status: int, code: str | None = None, **headers: str) -> None:
        self.status_code, self.code = status, code
        self.response = SimpleNamespace(headers=httpx.Headers(headers))


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_what_passes(status: int) -> None:
    assert may_pass(StatusError(status))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_does_not_pass(status: int) -> None:
    assert not may_pass(StatusError(status))


def test_an_empty_account_does_not_pass() -> None:
    assert not may_pass(StatusError(429, "insufficient_quota"))


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(),
        TimeoutError(),
        UnusableAnswer(),
        httpx.RemoteProtocolError("cut"),
        openai.APIConnectionError(request=None),  # type: ignore[arg-type]
    ],
)
def test_a_network_that_fails_passes(error: Exception) -> None:
    assert may_pass(error)


@pytest.mark.parametrize("error", [AnswerTooLong(), KeyError("a bug of ours"), RuntimeError()])
def test_anything_else_does_not(error: Exception) -> None:
    assert not may_pass(error)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(StatusError(429, **headers)) == seconds


def test_a_date_to_wait_for() -> None:
    asked = retry_after(StatusError(503, **{"retry-after": email.utils.formatdate(time.time() + 100, usegmt=True)}))
    assert asked is not None
    assert 0 < asked <= 100


@given(st.text(alphabet=st.characters(codec="ascii", exclude_characters="\r\n\x00"), max_size=40))
def test_no_header_is_an_error(text: str) -> None:
    asked: Any = retry_after(StatusError(429, **{"retry-after": text}))
    assert asked is None or asked >= 0
