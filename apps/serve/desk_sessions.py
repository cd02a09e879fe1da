"""Sessions of the console: kept by the server, so that logging out ends one for good."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

SESSION_S = 12 * 3600


@dataclass(frozen=True)
class Session:
    """A person at the console; `csrf` is what their forms bring along."""

    who: str
    csrf: str
    began: float


class Sessions:
    """Who is logged in, by the digest of what their cookie holds: it ends with the process, or when they log out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: dict[str, Session] = {}

    def begin(self, who: str) -> str:
        """Let somebody in; what their cookie holds."""
        token = secrets.token_urlsafe(32)
        self._open[digest(token)] = Session(who, secrets.token_urlsafe(32), self._clock())
        return token

    def find(self, token: str) -> Session | None:
        """The session of that cookie, if it has not ended."""
        session = self._open.get(digest(token))
        if session is not None and self._clock() - session.began > SESSION_S:
            self.end(token)
            return None
        return session

    def end(self, token: str) -> None:
        """End the session."""
        self._open.pop(digest(token), None)


def digest(token: str) -> str:
    """What stands for a cookie where it is kept."""
    return hashlib.sha256(token.encode()).hexdigest()
