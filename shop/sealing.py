"""Seals: keyed digests that stand for personal values where the values themselves must not be.

The key is the shop's salt in its database, so a seal is the same in every process and tells nobody without the
database anything.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from shopbot.shop.database.models import Salt

_NAME = "seal"
_LETTERS = bytes.maketrans(b"0123456789abcdef", b"abcdefghijklmnop")


def seal(session: Session, kind: str, value: str) -> str:
    """64 letters (no digit: nothing in it reads as a number) that stand for `value` of that kind."""
    salt = _salt(session)
    digest = hmac.new(bytes.fromhex(salt), f"{kind}:{value}".encode("utf-8", "replace"), hashlib.sha256)
    return letters(digest.hexdigest())


def letters(hexadecimal: str) -> str:
    """Hexadecimal digits as the letters a to p."""
    return hexadecimal.encode().translate(_LETTERS).decode()


def _salt(session: Session) -> str:
    found = session.get(Salt, _NAME)
    return found.value if found is not None else _make_salt(session)


def _make_salt(session: Session) -> str:
    """A salt of whoever comes first; in a session that may write."""
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert
    session.execute(insert(Salt).values(name=_NAME, value=secrets.token_hex(32)).on_conflict_do_nothing())
    return session.get_one(Salt, _NAME).value
