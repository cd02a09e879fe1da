"""Whose a request is: a customer's signed session, a program's key, or nobody's."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Literal

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from starlette.requests import Request

from shopbot.apps.serve.accounts import Accounts
from shopbot.apps.serve.problems import Problem, not_found
from shopbot.apps.serve.store import Conversation, Store

SESSION_S = 30 * 24 * 3600
LINK_S = 15 * 60
VISITOR = "visitor"
"""The owner of conversations that a page or the widget began."""

Scope = Literal["chat", "read"]


@dataclass(frozen=True)
class Caller:
    """Who asks: a `session` of one conversation, a `key` of a program, `local` where no keys are kept, or `nobody`."""

    kind: Literal["session", "key", "local", "nobody"]
    name: str
    scopes: frozenset[str] = frozenset()
    rate: int | None = None

    @property
    def owner(self) -> str:
        """The owner of conversations that this caller begins."""
        return f"key:{self.name}" if self.kind == "key" else VISITOR


class Access:
    """Tells callers apart, and signs what they are given."""

    def __init__(self, secret: str, accounts: Accounts, *, loopback: bool) -> None:
        self._sessions = URLSafeTimedSerializer(secret, salt="session")
        self._links = URLSafeTimedSerializer(secret, salt="label")
        self._questions = URLSafeTimedSerializer(secret, salt="question")
        self.accounts = accounts
        self._loopback = loopback

    def new_conversation(self) -> str:
        """An id that nobody can guess."""
        return secrets.token_urlsafe(18)

    def session(self, conversation: str) -> str:
        """The token that continues the conversation."""
        return str(self._sessions.dumps(conversation))

    def link(self, conversation: str, return_id: int) -> str:
        """The signed part of a link to a label."""
        return str(self._links.dumps([conversation, return_id]))

    def read_link(self, token: str) -> tuple[str, int]:
        """The conversation and the return of a link.

        Raises:
            Problem: it is not one of ours, or too old.
        """
        try:
            conversation, return_id = self._links.loads(token, max_age=LINK_S)
        except SignatureExpired:
            raise Problem(410, "This link has expired: open the label from the conversation once more.") from None
        except BadSignature:
            raise not_found("label") from None
        return conversation, return_id

    def question(self, conversation: str, question: str) -> str:
        """What a client brings back with its user's answer to the question."""
        return str(self._questions.dumps([conversation, question]))

    def read_question(self, token: str) -> tuple[str, str]:
        """The conversation and the question that an answer belongs to.

        Raises:
            Problem: it is none of ours.
        """
        try:
            conversation, question = self._questions.loads(token, max_age=SESSION_S)
        except BadSignature:
            raise not_found("question") from None
        return conversation, question

    def caller(self, request: Request) -> Caller:
        """Who sent the request.

        Raises:
            Problem: it brings a token that is not valid.
        """
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            return self._without_token()
        if kind.lower() == "bearer":
            key = self.accounts.key(token)
            if key is not None:
                return Caller("key", key.name, frozenset(key.scopes), key.rate)
            if self._is_open and not token.startswith("sb_") and "." not in token:
                return self._without_token()  # OpenAI's clients insist on sending a key
            try:
                return Caller("session", self._sessions.loads(token, max_age=SESSION_S))
            except BadSignature:
                pass
        raise Problem(401, "The token is not valid or has expired.", {"WWW-Authenticate": "Bearer"})

    def _without_token(self) -> Caller:
        return Caller("local", "local", frozenset({"chat"})) if self._is_open else Caller("nobody", "nobody")

    @property
    def _is_open(self) -> bool:
        """On loopback, programs need no key to chat until the first one is made. What others said stays closed: a
        proxy on this machine may bring anybody here."""
        return self._loopback and not self.accounts.has_keys

    def conversation(self, caller: Caller, id: str, store: Store) -> Conversation:
        """The conversation that the caller may read and continue.

        Raises:
            Problem: there is none, or it is somebody else's.
        """
        found = store.find(id) if len(id) <= 200 else None
        own = caller.kind == "session" and hmac.compare_digest(caller.name.encode(), id.encode())
        if found is None or not (own or (caller.kind == "key" and found.owner == caller.owner)):
            raise not_found("conversation")
        return found


def require(caller: Caller, scope: Scope) -> None:
    """Let only callers with that scope pass.

    Raises:
        Problem: the caller has no key, or one without the scope.
    """
    if caller.kind not in ("key", "local"):
        raise Problem(401, "This needs a key: make one with `shopbot access key NAME`.", {"WWW-Authenticate": "Bearer"})
    if scope not in caller.scopes:
        who = f"The key {caller.name!r}" if caller.kind == "key" else "A program without a key"
        raise Problem(
            403, f"{who} has no scope {scope!r}: make a key that has it with `shopbot access key NAME --scope {scope}`."
        )
