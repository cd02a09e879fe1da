"""Who may work here: staff with passwords (argon2) and programs with keys, in one file that only its owner reads."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import threading
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shopbot.shop.errors import ShopError

ACCOUNTS = "serve-accounts.json"
"""The file's name in the data folder."""
SHORTEST_PASSWORD = 10
_NAME = re.compile(r"[\w.@-]{1,60}")
_HASHER = PasswordHasher()


class AccountError(ShopError):
    """A name or password that cannot be used."""


@dataclass(frozen=True)
class Key:
    """A program's key: the SHA-256 of it, what it may do, and how many requests a minute."""

    name: str
    digest: str
    scopes: tuple[str, ...]
    rate: int


class Accounts:
    """The file of accounts; changes made by another process are seen at the next request."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._read: tuple[float, dict[str, Any]] = (-1.0, _EMPTY)

    @property
    def staff(self) -> list[str]:
        """The names of the staff."""
        return sorted(self._load()["staff"])

    @property
    def has_keys(self) -> bool:
        """Whether any program has a key."""
        return bool(self._load()["keys"])

    @property
    def keys(self) -> list[Key]:
        """The keys of programs, by name."""
        found = self._load()["keys"].items()
        return sorted((_key(digest, kept) for digest, kept in found), key=lambda key: key.name)

    def key(self, token: str) -> Key | None:
        """The key that this token is."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        found = self._load()["keys"].get(digest)
        return _key(digest, found) if found else None

    def add_key(self, name: str, scopes: tuple[str, ...], rate: int) -> str:
        """Make a key; the token is told once and kept nowhere.

        Raises:
            AccountError: the name cannot be used.
        """
        token = "sb_" + secrets.token_urlsafe(32)
        key = Key(_checked(name), hashlib.sha256(token.encode()).hexdigest(), scopes, rate)
        self._change(lambda content: content["keys"].__setitem__(key.digest, asdict(key)))
        return token

    def add_staff(self, name: str, password: str) -> None:
        """Let a person in, or give them another password.

        Raises:
            AccountError: the name or the password cannot be used.
        """
        if len(password) < SHORTEST_PASSWORD:
            raise AccountError(f"The password has {len(password)} characters: choose at least {SHORTEST_PASSWORD}.")
        hashed = _HASHER.hash(password)
        self._change(lambda content: content["staff"].__setitem__(_checked(name), hashed))

    def remove(self, name: str) -> bool:
        """Take every account of that name away; whether there was one."""
        before = self._load()
        known = name in before["staff"] or any(key["name"] == name for key in before["keys"].values())

        def forget(content: dict[str, Any]) -> None:
            content["staff"].pop(name, None)
            content["keys"] = {digest: key for digest, key in content["keys"].items() if key["name"] != name}

        self._change(forget)
        return known

    def admits(self, name: str, password: str) -> bool:
        """Whether that is the person's password; takes as long for a name that nobody has."""
        hashed = self._load()["staff"].get(name)
        try:
            return _HASHER.verify(hashed or _hash_of_nobody(), password) and hashed is not None
        except (VerificationError, InvalidHashError):
            return False

    def _load(self) -> dict[str, Any]:
        try:
            changed = self._file.stat().st_mtime_ns
        except FileNotFoundError:
            return _EMPTY
        if changed != self._read[0]:
            self._read = (changed, json.loads(self._file.read_text(encoding="utf-8")))
        return self._read[1]

    def _change(self, change: Any) -> None:
        with self._lock:
            content = json.loads(json.dumps(self._load()))
            change(content)
            self._file.parent.mkdir(parents=True, exist_ok=True)
            draft = self._file.with_name(f".{self._file.name}.{secrets.token_hex(4)}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
                json.dump(content, out)
            draft.replace(self._file)


_EMPTY: dict[str, Any] = {"staff": {}, "keys": {}}


@cache
def _hash_of_nobody() -> str:
    """Verified when the name is unknown, so that an answer takes the same time."""
    return _HASHER.hash(secrets.token_hex(8))


def _key(digest: str, kept: dict[str, Any]) -> Key:
    return Key(kept["name"], digest, tuple(kept["scopes"]), kept["rate"])


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise AccountError(f"The name {name!r} cannot be used: letters, digits, . _ @ -, up to 60 of them.")
    return name
