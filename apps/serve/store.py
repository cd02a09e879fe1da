"""The conversations as whoever takes part sees them: entries, each written before it is shown.

What the agent itself remembers (facts, plan, observations) is in its checkpoints; here is what was said, by whom, and
which messages are still to be answered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shopbot.apps.serve.serve_file import Run, Tables, now
from shopbot.apps.serve.word_index import RECENT, SHORTEST

SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, created_at TEXT NOT NULL, held_by TEXT, title TEXT NOT NULL DEFAULT '',
    needs_person INTEGER NOT NULL DEFAULT 0, newest INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS conversations_newest ON conversations (newest);
CREATE INDEX IF NOT EXISTS conversations_waiting ON conversations (newest) WHERE needs_person = 1;
CREATE INDEX IF NOT EXISTS conversations_held ON conversations (newest) WHERE held_by IS NOT NULL;
CREATE TABLE IF NOT EXISTS entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, conversation TEXT NOT NULL REFERENCES conversations (id), id TEXT NOT NULL,
    speaker TEXT NOT NULL, text TEXT NOT NULL, at TEXT NOT NULL, details TEXT NOT NULL, answered INTEGER NOT NULL,
    UNIQUE (conversation, id));
CREATE INDEX IF NOT EXISTS entries_of_conversation ON entries (conversation, seq);
CREATE INDEX IF NOT EXISTS entries_unanswered ON entries (conversation) WHERE answered = 0;
"""
ENTRY = "seq, conversation, id, speaker, text, at, details, answered"
_CONVERSATION = "id, owner, created_at, held_by, title, needs_person, newest"
KNOWN = f"SELECT {ENTRY} FROM entries WHERE conversation = ? AND id = ?"  # noqa: S608
TITLE = 80
LAST = 2**63 - 1
"""Above every entry's number."""
_SAID = (
    " AND EXISTS (SELECT 1 FROM entries WHERE conversation = conversations.id"
    " AND replace(lower(text), lower(?), '') <> lower(text))"
)
_EDGE = f"(SELECT newest FROM conversations WHERE newest < ? ORDER BY newest DESC LIMIT 1 OFFSET {RECENT})"  # noqa: S608


@dataclass(frozen=True)
class Conversation:
    """One conversation; `owner` says who may continue it, `held_by` which person speaks instead of the agent."""

    id: str
    owner: str
    created_at: str
    held_by: str | None
    title: str
    needs_person: bool
    newest: int


@dataclass(frozen=True)
class Entry:
    """What somebody said: `speaker` is customer, bot, staff or notice; `seq` orders all entries, and only grows."""

    seq: int
    conversation: str
    id: str
    speaker: str
    text: str
    at: str
    details: Mapping[str, Any] = field(default_factory=dict)
    answered: bool = True


class Store:
    """What was said in all conversations. Every method is one transaction and may be called from any thread."""

    is_shared = False
    """Whether other processes answer messages too."""
    outages: tuple[type[Exception], ...] = ()
    """Failures that pass: what they befall is tried again."""

    def __init__(self, tables: Tables) -> None:
        self._transaction = tables.transaction
        self._words_indexed = tables.words_indexed
        self._seal = tables.seal

    def create(self, conversation: str, owner: str) -> Conversation:
        """A new conversation; the one that is there if it was created before."""
        with self._transaction() as run:
            run(
                "INSERT INTO conversations (id, owner, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                conversation,
                owner,
                now(),
            )
        found = self.find(conversation)
        assert found is not None  # noqa: S101 -- written above; nothing deletes
        return found

    def find(self, conversation: str) -> Conversation | None:
        """The conversation with that id."""
        with self._transaction() as run:
            rows = run(f"SELECT {_CONVERSATION} FROM conversations WHERE id = ?", conversation)  # noqa: S608
        return self._conversation(rows[0]) if rows else None

    def listed(self, *, before: int = 0, limit: int = 50, words: str = "", only: str = "") -> list[Conversation]:
        """Conversations in which something was said, those of the newest words first.

        Args:
            before: only those whose newest entry is older than this one; 0: all.
            limit: how many.
            words: only those in which somebody said this.
            only: "waiting" for a person, "held" by one, or "" for all.
        """
        narrowed = {"waiting": " AND needs_person = 1", "held": " AND held_by IS NOT NULL"}.get(only, "")
        where = f"newest > 0 AND newest < ?{narrowed}"
        values: tuple[object, ...] = (before or LAST,)
        with self._transaction() as run:
            if words and self._seal:
                newest = self._page(run, where, *values, limit=RECENT)
                return [each for each in newest if self._says(run, each.id, words.lower())][:limit]
            if words and self._words_indexed and len(words) >= SHORTEST:
                # Words that are common are soon read; only those that are not are worth the index.
                recent = f"{where}{_SAID} AND newest >= coalesce({_EDGE}, 0)"
                found = self._page(run, recent, *values, words, *values, limit=limit)
                if len(found) == limit:
                    return found
                said, phrase = self._indexed(run, words)
                where, values = where + said, (*values, phrase)
            elif words:
                where, values = where + _SAID, (*values, words)
            return self._page(run, where, *values, limit=limit)

    def _page(self, run: Run, where: str, *values: object, limit: int) -> list[Conversation]:
        select = f"SELECT {_CONVERSATION} FROM conversations WHERE {where} ORDER BY newest DESC LIMIT ?"  # noqa: S608
        return [self._conversation(row) for row in run(select, *values, limit)]

    def _says(self, run: Run, conversation: str, words: str) -> bool:
        kept = run("SELECT text FROM entries WHERE conversation = ?", conversation)
        return any(words in self._seal.plain(text).lower() for (text,) in kept)

    def _indexed(self, run: Run, words: str) -> tuple[str, str]:
        """The condition that the index finds the words in a conversation, and its value."""
        found = "SELECT rowid FROM entries_words WHERE entries_words MATCH ?"
        phrase = words.replace('"', '""')
        return f" AND id IN (SELECT conversation FROM entries WHERE seq IN ({found}))", f'"{phrase}"'  # noqa: S608

    def receive(self, conversation: str, id: str, text: str, details: Mapping[str, Any]) -> tuple[Entry, bool]:
        """Keep a customer's message; the entry that is there already when it was sent before, and whether it is new.

        A message that was sent before its sender can have read the last reply is marked as `crossed`.
        """
        with self._transaction() as run:
            held = self._first_words(run, conversation, text)
            known = run(KNOWN, conversation, id)
            if known:
                return self._entry(known[0]), False
            crossed = _crossed(run, conversation, details.get("seen"))
            kept = {**details, "crossed": True} if crossed else dict(details)
            entry = self._insert(run, Entry(0, conversation, id, "customer", text, now(), kept, held is not None))
        return entry, True

    def say(
        self,
        conversation: str,
        id: str,
        speaker: str,
        text: str,
        details: Mapping[str, Any],
        answers: str | None = None,
    ) -> Entry:
        """Write what the agent or a person says, once; `answers` is the id of the message that it answers."""
        with self._transaction() as run:
            self._first_words(run, conversation, "")
            known = run(KNOWN, conversation, id)
            new = Entry(0, conversation, id, speaker, text, now(), details)
            entry = self._entry(known[0]) if known else self._insert(run, new)
            _answer(run, conversation, answers)
        return entry

    def answered(self, conversation: str, id: str) -> None:
        """Note that nothing more will be said to this message."""
        with self._transaction() as run:
            _answer(run, conversation, id)

    def entries(self, conversation: str, after: int = 0, limit: int = 200) -> list[Entry]:
        """The entries after number `after`, oldest first."""
        select = f"SELECT {ENTRY} FROM entries WHERE conversation = ? AND seq > ? ORDER BY seq LIMIT ?"  # noqa: S608
        with self._transaction() as run:
            return [self._entry(row) for row in run(select, conversation, after, limit)]

    def is_behind(self, entry: Entry) -> bool:
        """Whether the conversation has an earlier message that a turn has still to answer."""
        with self._transaction() as run:
            select = "SELECT 1 FROM entries WHERE conversation = ? AND answered = 0 AND seq < ? LIMIT 1"
            return bool(run(select, entry.conversation, entry.seq))

    def unanswered(self) -> list[Entry]:
        """Every customer's message that a turn has still to answer, oldest first."""
        select = (
            f"SELECT {ENTRY} FROM entries WHERE answered = 0 AND conversation IN"  # noqa: S608
            " (SELECT id FROM conversations WHERE held_by IS NULL) ORDER BY seq"
        )
        with self._transaction() as run:
            return [self._entry(row) for row in run(select)]

    def hold(self, conversation: str, who: str | None) -> bool:
        """Let a person speak instead of the agent; None gives it back. Whether this changed anything."""
        with self._transaction() as run:
            changed = run(
                "UPDATE conversations SET held_by = ?, needs_person = 0 WHERE id = ?"
                " AND (held_by IS NULL) = (? = 1) RETURNING id",
                who,
                conversation,
                who is not None,
            )
        return bool(changed)

    def call_person(self, conversation: str) -> None:
        """Note that the conversation waits for a person."""
        with self._transaction() as run:
            run("UPDATE conversations SET needs_person = 1 WHERE id = ? AND held_by IS NULL", conversation)

    def done_by_person(self, conversation: str) -> None:
        """Note that the conversation waits for a person no more."""
        with self._transaction() as run:
            run("UPDATE conversations SET needs_person = 0 WHERE id = ?", conversation)

    def _first_words(self, run: Run, conversation: str, words: str) -> str | None:
        """Title the conversation, if it has none; who holds it. Nobody else writes into it until the transaction
        ends."""
        update = (
            "UPDATE conversations SET title = CASE title WHEN '' THEN ? ELSE title END WHERE id = ? RETURNING held_by"
        )
        ((held,),) = run(update, self._titled(words), conversation)
        return None if held is None else str(held)

    def _titled(self, words: str) -> str:
        return self._seal.text(words[:TITLE]) if words else ""

    def _insert(self, run: Run, entry: Entry) -> Entry:
        values = (entry.conversation, entry.id, entry.speaker, self._seal.text(entry.text), entry.at)
        stored = self._seal.text(json.dumps(entry.details, default=str))
        insert = (
            "INSERT INTO entries (conversation, id, speaker, text, at, details, answered)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING seq"
        )
        ((seq,),) = run(insert, *values, stored, entry.answered)
        run("UPDATE conversations SET newest = ? WHERE id = ?", seq, entry.conversation)
        return replace(entry, seq=seq)

    def _conversation(self, row: Sequence[Any]) -> Conversation:
        id, owner, created_at, held_by, title, needs_person, newest = row
        return Conversation(id, owner, created_at, held_by, self._seal.plain(title), bool(needs_person), newest)

    def _entry(self, row: Sequence[Any]) -> Entry:
        """The entry in a row of `ENTRY`."""
        seq, conversation, id, speaker, text, at, details, answered = row
        plain = self._seal.plain(text), at, json.loads(self._seal.plain(details))
        return Entry(seq, conversation, id, speaker, *plain, bool(answered))


def _crossed(run: Any, conversation: str, seen: int | None) -> bool:
    waiting = run("SELECT 1 FROM entries WHERE conversation = ? AND answered = 0 LIMIT 1", conversation)
    if waiting or seen is None:
        return bool(waiting)
    newest = run("SELECT max(seq) FROM entries WHERE conversation = ? AND speaker != 'customer'", conversation)[0][0]
    return bool(newest is not None and seen < newest)


def _answer(run: Any, conversation: str, id: str | None) -> None:
    run("UPDATE entries SET answered = 1 WHERE conversation = ? AND id = ?", conversation, id)
