"""The e-mails of conversations: with whom, and which Message-ID stands for which entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shopbot.apps.serve.serve_file import Tables, now

SCHEMA = """
CREATE TABLE IF NOT EXISTS correspondents (conversation TEXT PRIMARY KEY, address TEXT NOT NULL, subject TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS letters (
    number INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL UNIQUE, conversation TEXT NOT NULL,
    sender TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS letters_of_conversation ON letters (conversation, number);
CREATE INDEX IF NOT EXISTS letters_of_sender ON letters (sender, at);
"""


@dataclass(frozen=True)
class Correspondent:
    """The other side of a conversation by e-mail."""

    conversation: str
    address: str
    subject: str


class Letters:
    """The e-mails. Every method is one transaction and may be called from any thread."""

    def __init__(self, tables: Tables) -> None:
        self._transaction = tables.transaction
        self._seal = tables.seal

    def begin(self, correspondent: Correspondent) -> None:
        """Remember whom the conversation is with."""
        with self._transaction() as run:
            each = (correspondent.conversation, correspondent.address, self._seal.text(correspondent.subject))
            run(
                "INSERT INTO correspondents (conversation, address, subject) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                *each,
            )

    def correspondent(self, conversation: str) -> Correspondent | None:
        """Whom the conversation is with."""
        with self._transaction() as run:
            found = run(
                "SELECT conversation, address, subject FROM correspondents WHERE conversation = ?", conversation
            )
        return Correspondent(found[0][0], found[0][1], self._seal.plain(found[0][2])) if found else None

    def keep(self, message_id: str, conversation: str, *, sender: str = "", seq: int = 0) -> bool:
        """Remember an e-mail: one of a customer's (`sender`) or of ours (the entry `seq`); whether it is new."""
        insert = (
            "INSERT INTO letters (message_id, conversation, sender, seq, at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING RETURNING 1"
        )
        with self._transaction() as run:
            return bool(run(insert, message_id, conversation, sender, seq, now()))

    def forget(self, message_id: str) -> None:
        """An e-mail was not sent after all."""
        with self._transaction() as run:
            run("DELETE FROM letters WHERE message_id = ?", message_id)

    def find(self, message_ids: Sequence[str], address: str) -> tuple[str, int] | None:
        """The conversation with that address that the first known e-mail belongs to, and its newest entry among them.

        0 stands for no entry: all of the e-mails are the customer's own.
        """
        select = (
            "SELECT message_id, conversation, seq FROM letters NATURAL JOIN correspondents"  # noqa: S608 -- fixed words
            f" WHERE address = ? AND message_id IN ({', '.join('?' * len(message_ids))})"
        )
        with self._transaction() as run:
            found = sorted(run(select, address, *message_ids), key=lambda row: message_ids.index(row[0]))
        return (found[0][1], max(row[2] for row in found if row[1] == found[0][1])) if found else None

    def thread(self, conversation: str, most: int = 20) -> list[str]:
        """The Message-IDs of the conversation, oldest first."""
        select = "SELECT message_id FROM letters WHERE conversation = ? ORDER BY number DESC LIMIT ?"
        with self._transaction() as run:
            return [row[0] for row in reversed(run(select, conversation, most))]

    def count(self, sender: str, since: str) -> int:
        """How many e-mails came from that address since a time (ISO, UTC)."""
        with self._transaction() as run:
            return int(run("SELECT count(*) FROM letters WHERE sender = ? AND at >= ?", sender, since)[0][0])
