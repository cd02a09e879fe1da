"""Words and checkpoints encrypted where they are kept, by `cryptography`'s Fernet (AES-128-CBC with HMAC-SHA256).

What was written before there was a key is read as it is. Several keys: the first encrypts, all of them decrypt, so a
key is replaced by putting the new one in front.
"""

from __future__ import annotations

from collections.abc import Sequence

from shopbot.errors import AgentError, extra

MARK = "\x1e"
"""Begins every encrypted text; nobody can type it, and no text of ours has it."""


class NotDecrypted(AgentError):
    """Something is encrypted, and no key at hand fits."""


class Seal:
    """Encrypts and decrypts; without keys everything stays as it is.

    Raises:
        ValueError: a key is not one of Fernet's.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._fernet = None
        if keys:
            with extra("shop", "encryption"):
                from cryptography.fernet import Fernet, MultiFernet
            self._fernet = MultiFernet([Fernet(key) for key in keys])

    def __bool__(self) -> bool:
        """Whether anything is encrypted from now on."""
        return self._fernet is not None

    def text(self, plain: str) -> str:
        """The text as it is kept."""
        return MARK + self._fernet.encrypt(plain.encode()).decode() if self._fernet else plain

    def plain(self, kept: str) -> str:
        """The text that was kept.

        Raises:
            NotDecrypted: no key fits.
        """
        return self.decrypt(kept.removeprefix(MARK).encode()).decode() if kept.startswith(MARK) else kept

    def encrypt(self, plain: bytes) -> bytes:
        """The bytes, encrypted if there is a key."""
        return self._fernet.encrypt(plain) if self._fernet else plain

    def decrypt(self, kept: bytes) -> bytes:
        """The bytes that were encrypted.

        Raises:
            NotDecrypted: no key fits.
        """
        if self._fernet is None:
            raise NotDecrypted("What is kept here is encrypted, and no key is set: set the one that it was kept with.")
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(kept)
        except InvalidToken:
            raise NotDecrypted("What is kept here is encrypted with another key: add that one to the keys.") from None


PLAIN = Seal()
