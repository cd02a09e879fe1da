"""What the sandbox carrier remembers, in one SQLite file: shipments, purchases, refunds, addresses, …

Rows are only ever added, each in its own transaction that is on disk before the answer leaves: a killed
sandbox loses nothing it has promised, and several processes may keep one ledger. Primary keys, not code, keep
a shipment from being bought or refunded twice. Not here: what the bodies look like (`wire`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shopbot.shop.errors import CarrierError

_WAIT_S = 10.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS shipments (id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS purchases (
    shipment_id TEXT PRIMARY KEY REFERENCES shipments, tracking_code TEXT NOT NULL UNIQUE,
    rate_id TEXT NOT NULL, label_id TEXT NOT NULL, tracker_id TEXT NOT NULL, bought_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS label_files (
    shipment_id TEXT NOT NULL REFERENCES shipments, format TEXT NOT NULL, key TEXT NOT NULL UNIQUE,
    PRIMARY KEY (shipment_id, format));
CREATE TABLE IF NOT EXISTS refunds (
    shipment_id TEXT PRIMARY KEY REFERENCES purchases, submitted_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS addresses (id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS trackers (id TEXT PRIMARY KEY, body TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Purchase:
    """A label that was paid for. Times are UTC in ISO 8601."""

    shipment_id: str
    tracking_code: str
    rate_id: str
    label_id: str
    tracker_id: str
    bought_at: str


class AlreadyDoneError(Exception):
    """The row exists: the shipment was bought, or refunded, before."""


class Ledger:
    """The ledger in `folder/carrier.db`, created when missing.

    Raises:
        CarrierError: the folder or the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / "carrier.db"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as connection:
                connection.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise CarrierError(
                f"The sandbox carrier cannot use its ledger {self.file} ({error}): "
                "make the folder writable, or move a damaged file away to start an empty one."
            ) from error

    def add_shipment(self, body: dict[str, Any]) -> None:
        """Remember a shipment by its id."""
        self._insert("shipments", body["id"], json.dumps(body))

    def shipment(self, shipment_id: str) -> dict[str, Any] | None:
        """The shipment as created, without what was bought since."""
        return self._body("shipments", shipment_id)

    def add_purchase(self, purchase: Purchase, label_format: str, file_key: str) -> None:
        """Buy: the purchase and its first label file, together or not at all.

        Raises:
            AlreadyDoneError: the shipment has been bought before.
        """
        row = tuple(vars(purchase).values())
        with self._transaction() as connection:
            connection.execute("INSERT INTO purchases VALUES (?, ?, ?, ?, ?, ?)", row)
            connection.execute(
                "INSERT INTO label_files VALUES (?, ?, ?)", (purchase.shipment_id, label_format, file_key)
            )

    def purchase(self, shipment_id: str) -> Purchase | None:
        """What was bought for a shipment."""
        row = self._one("SELECT * FROM purchases WHERE shipment_id = ?", shipment_id)
        return Purchase(*row) if row else None

    def purchases(self) -> list[Purchase]:
        """Everything ever bought, oldest first."""
        with closing(self._connect()) as connection:
            return [Purchase(*row) for row in connection.execute("SELECT * FROM purchases ORDER BY rowid")]

    def bought_as(self, tracking_code: str) -> str | None:
        """The shipment that carries this tracking code."""
        row = self._one("SELECT shipment_id FROM purchases WHERE tracking_code = ?", tracking_code)
        return str(row[0]) if row else None

    def add_label_file(self, shipment_id: str, label_format: str, key: str) -> None:
        """Offer a bought label in one more format; a second offer of the same keeps the first key."""
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO label_files VALUES (?, ?, ?)", (shipment_id, label_format, key))

    def label_files(self, shipment_id: str) -> dict[str, str]:
        """Format to file key, the format bought first."""
        query = "SELECT format, key FROM label_files WHERE shipment_id = ? ORDER BY rowid"
        with closing(self._connect()) as connection:
            return dict(connection.execute(query, (shipment_id,)).fetchall())

    def label_file(self, key: str) -> tuple[str, str] | None:
        """Shipment and format behind a file key."""
        row = self._one("SELECT shipment_id, format FROM label_files WHERE key = ?", key)
        return (row[0], row[1]) if row else None

    def add_refund(self, shipment_id: str, submitted_at: str) -> None:
        """Ask for the postage back.

        Raises:
            AlreadyDoneError: it has been asked for before.
        """
        self._insert("refunds", shipment_id, submitted_at)

    def refunded(self, shipment_id: str) -> bool:
        """Whether the postage has been asked back."""
        return self._one("SELECT 1 FROM refunds WHERE shipment_id = ?", shipment_id) is not None

    def add_address(self, body: dict[str, Any]) -> None:
        """Remember an address by its id."""
        self._insert("addresses", body["id"], json.dumps(body))

    def address(self, address_id: str) -> dict[str, Any] | None:
        """A remembered address."""
        return self._body("addresses", address_id)

    def add_tracker(self, body: dict[str, Any]) -> None:
        """Remember a tracker by its id."""
        self._insert("trackers", body["id"], json.dumps(body))

    def tracker(self, tracker_id: str) -> dict[str, Any] | None:
        """A remembered tracker."""
        return self._body("trackers", tracker_id)

    def trackers(self) -> list[dict[str, Any]]:
        """The last hundred trackers, newest first."""
        with closing(self._connect()) as connection:
            rows = connection.execute("SELECT body FROM trackers ORDER BY rowid DESC LIMIT 100").fetchall()
        return [json.loads(row[0]) for row in rows]

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, timeout=_WAIT_S, isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except sqlite3.IntegrityError as error:
                connection.execute("ROLLBACK")
                raise AlreadyDoneError from error
            connection.execute("COMMIT")

    def _insert(self, table: str, key: str, value: str) -> None:
        with self._transaction() as connection:
            connection.execute(f"INSERT INTO {table} VALUES (?, ?)", (key, value))  # noqa: S608

    def _body(self, table: str, key: str) -> dict[str, Any] | None:
        row = self._one(f"SELECT body FROM {table} WHERE id = ?", key)  # noqa: S608
        return dict(json.loads(row[0])) if row else None

    def _one(self, query: str, key: str) -> Any:
        with closing(self._connect()) as connection:
            return connection.execute(query, (key,)).fetchone()
