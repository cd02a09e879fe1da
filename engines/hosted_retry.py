"""When to ask a hosted model again, after how long, and when to leave it: never past the deadline.

Rate limits, server errors, dropped connections and answers that were cut off pass; a bad request, a bad key and an
empty account do not. A server that says how long to wait (Retry-After) is obeyed; otherwise the wait doubles, with
jitter. Providers share no exception classes, so errors are told apart by status code and by the names of their bases.
"""

from __future__ import annotations

import email.utils
import logging
import math
import time
from typing import Any

from tenacity import RetryCallState, retry_if_exception, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_exponential, wait_random

from shopbot.engines.errors import UnusableAnswer
from shopbot.engines.recording.redaction import told

logger = logging.getLogger(__name__)

_PASSING = {408, 409, 425, 429}
_NETWORK = {"APIConnectionError", "APIError", "TransportError"}
"""Bases of network errors in openai, anthropic, groq and mistralai's clients, and in httpx and its fork."""
_backoff = wait_exponential(multiplier=0.5, max=8) + wait_random(0, 0.5)


def patience(tries: int, deadline: float) -> dict[str, Any]:
    """Arguments for tenacity's `Retrying` and `AsyncRetrying`: up to `tries` calls, the last begun before `deadline`
    on the clock of `time.monotonic`."""
    return {
        "retry": retry_if_exception(may_pass),
        "stop": stop_after_attempt(tries) | stop_before_delay(max(0.0, deadline - time.monotonic())),
        "wait": _wait,
        "before_sleep": _note,
        "reraise": True,
    }


def may_pass(error: BaseException) -> bool:
    """Whether asking again may help."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return (status in _PASSING or status >= 500) and getattr(error, "code", None) != "insufficient_quota"
    if isinstance(error, ConnectionError | TimeoutError | UnusableAnswer):
        return True
    return any(base.__name__ in _NETWORK for base in type(error).__mro__)


def retry_after(error: BaseException | None) -> float | None:
    """The seconds that the server asked for; None when it did not, or not in a readable way.

    Source: RFC 9110, section 10.2.3; `retry-after-ms` is OpenAI's own.
    """
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if not math.isnan(seconds):
            return max(seconds, 0.0)
    try:
        moment = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    return max(moment.timestamp() - time.time(), 0.0)


def _note(state: RetryCallState) -> None:
    """Write down that the model is asked again; not what its server said, which may quote the request."""
    error = state.outcome.exception() if state.outcome else None
    logger.warning("the model is asked again after try %s: %s", state.attempt_number, told(error) if error else "-")


def _wait(state: RetryCallState) -> float:
    asked = retry_after(state.outcome.exception() if state.outcome else None)
    return _backoff(state) if asked is None else asked
