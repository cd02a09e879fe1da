"""An index of the words that were said, so that a search reads what it finds and not everything.

Both databases index the parts of three characters that a text has, so a search finds parts of words, as without an
index: SQLite by FTS5's trigram tokenizer, PostgreSQL by pg_trgm. Where there is none of them, search reads on from the
newest conversation. Triggers and indices belong to the database: a program of the version before keeps them up to date.

Encrypted texts (`shopbot.encryption`) are in no index.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING

from shopbot.errors import first_line

if TYPE_CHECKING:
    from shopbot.agents.postgres.worker import Worker

SHORTEST = 3
"""Characters of a search that the index can be used for."""
RECENT = 500
"""The newest conversations, which are read before the index is asked."""
_PLAIN = "substr({}.text, 1, 1) <> char(30)"
_IN_FILE = f"""
BEGIN IMMEDIATE;
CREATE VIRTUAL TABLE entries_words USING fts5(text, content='entries', content_rowid='seq', tokenize='trigram');
CREATE TRIGGER entries_words_added AFTER INSERT ON entries WHEN {_PLAIN.format("new")}
BEGIN INSERT INTO entries_words (rowid, text) VALUES (new.seq, new.text); END;
CREATE TRIGGER entries_words_gone AFTER DELETE ON entries WHEN {_PLAIN.format("old")}
BEGIN INSERT INTO entries_words (entries_words, rowid, text) VALUES ('delete', old.seq, old.text); END;
CREATE TRIGGER entries_words_changed AFTER UPDATE OF text ON entries
BEGIN
    INSERT INTO entries_words (entries_words, rowid, text)
        SELECT 'delete', old.seq, old.text WHERE {_PLAIN.format("old")};
    INSERT INTO entries_words (rowid, text) SELECT new.seq, new.text WHERE {_PLAIN.format("new")};
END;
INSERT INTO entries_words (rowid, text) SELECT seq, text FROM entries WHERE {_PLAIN.format("entries")};
COMMIT;
"""  # noqa: S608 -- fixed words
# Built while others write; one that was broken off stays behind, is of no use, and is in the way of another.
_BROKEN = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('entries_words') AND NOT indisvalid"
_BUILD = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS entries_words ON entries USING gin (lower(text) gin_trgm_ops)
WHERE left(text, 1) <> chr(30)
"""
logger = logging.getLogger(__name__)


def index_file(connection: sqlite3.Connection) -> bool:
    """Make the index of a file in which there is none; whether it has one now."""
    has = "SELECT name FROM sqlite_master WHERE name IN ('entries', 'entries_words')"
    found = {row[0] for row in connection.execute(has)}
    if found == {"entries"}:
        try:
            connection.executescript(_IN_FILE)
            return True
        except sqlite3.OperationalError as error:
            connection.rollback()
            logger.warning("what was said is searched without an index (%s)", error)
    return "entries_words" in {row[0] for row in connection.execute(has)}


def index_server(worker: Worker) -> bool:
    """Make the index in a PostgreSQL in which there is none; whether it has one now."""
    import psycopg

    with worker.setting_up() as connection:
        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except psycopg.Error as error:
            logger.warning("what was said is searched without an index (%s)", first_line(error))
            return False
        if connection.execute(_BROKEN).fetchone():
            connection.execute("DROP INDEX CONCURRENTLY entries_words")
        connection.execute(_BUILD)
    return True
