"""Sessions of the console that every worker knows."""

from __future__ import annotations

import secrets

from shopbot.apps.serve.desk_sessions import SESSION_S, Session, digest
from shopbot.apps.serve.shared.tables import ServeTables

_LIVE = f"began > now() - interval '{SESSION_S} s'"


class SharedSessions:
    """As `shopbot.apps.serve.desk_sessions.Sessions`, in the database; a session outlives its worker."""

    def __init__(self, tables: ServeTables) -> None:
        self._transaction = tables.transaction

    def begin(self, who: str) -> str:
        """Let somebody in; what their cookie holds."""
        token = secrets.token_urlsafe(32)
        insert = "INSERT INTO serve_sessions (digest, who, csrf) VALUES (?, ?, ?)"
        with self._transaction() as run:
            run(f"DELETE FROM serve_sessions WHERE NOT ({_LIVE})")  # noqa: S608
            run(insert, digest(token), who, secrets.token_urlsafe(32))
        return token

    def find(self, token: str) -> Session | None:
        """The session of that cookie, if it has not ended."""
        select = f"SELECT who, csrf FROM serve_sessions WHERE digest = ? AND {_LIVE}"  # noqa: S608
        with self._transaction() as run:
            rows = run(select, digest(token))
        return Session(who=rows[0][0], csrf=rows[0][1], began=0.0) if rows else None

    def end(self, token: str) -> None:
        """End the session."""
        with self._transaction() as run:
            run("DELETE FROM serve_sessions WHERE digest = ?", digest(token))
