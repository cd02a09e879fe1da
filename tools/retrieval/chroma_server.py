"""Rows on a `chroma run` server, for several processes at once.

Never point it at Chroma's old Python server (CVE-2026-45829): `chroma run` is the Rust one. It asks for no password, so
it belongs behind a firewall or a proxy that does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import urlsplit

import chromadb
from chromadb.api import ClientAPI
from chromadb.config import Settings
from chromadb.errors import NotFoundError

from shopbot.errors import first_line
from shopbot.tools.retrieval.chroma_store import ChromaRows
from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.vector_store import probe

TIMEOUT_S = 60.0


class ServedChroma(ChromaRows):
    """A collection on a `chroma run` server.

    Args:
        url: `http://host:port` or `https://host`.
        name: of the collection on the server.
        metadata: what is noted with the collection, for whoever looks at the server.

    Raises:
        RetrievalError: there is no server at `url`.
    """

    def __init__(self, url: str, name: str, metadata: dict[str, str]) -> None:
        super().__init__(name, metadata)
        self._url = url
        with reaching(url):
            self._open()

    def _connect(self) -> ClientAPI:
        return connect(self._url)

    def version(self) -> str:
        """The mark of the last finished writing, asked of the server."""
        held = self._client.get_collection(self._name, embedding_function=None).metadata or {}
        return str(held.get("version", ""))

    def check(self) -> None:
        """Fail, with whatever error Chroma raises, if rows or vectors cannot be read back."""
        probe(self)

    def close(self) -> None:
        """Close the connection."""
        disconnect(self._client)

    def mark(self, version: str) -> None:
        """Set the mark."""
        self._collection.modify(metadata={**(self._metadata or {}), "version": version})


@contextmanager
def connected(url: str) -> Iterator[ClientAPI]:
    """A client of the server at `url`, for a moment."""
    with reaching(url):
        client = connect(url)
        try:
            yield client
        finally:
            disconnect(client)


def connect(url: str) -> ClientAPI:
    """A client of the server at `url`."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    client = chromadb.HttpClient(
        host=parts.hostname or "localhost",
        port=parts.port or (443 if secure else 8000),
        ssl=secure,
        settings=Settings(anonymized_telemetry=False),
    )
    for session in _sessions(client):
        session.timeout = TIMEOUT_S  # without one, a server that hangs would hang us
    return client


def disconnect(client: ClientAPI) -> None:
    """Close what Chroma's own `close` leaves open."""
    cast(Any, client).close()
    for session in _sessions(client):
        session.close()


def _sessions(client: ClientAPI) -> list[Any]:
    # Chroma makes a second connection for administration.
    held = cast(Any, client)
    return [held._server._session, held._admin_client._server._session]


def is_served(url: str, name: str) -> bool:
    """Whether the server at `url` has a collection of this name.

    Raises:
        RetrievalError: there is no server.
    """
    with connected(url) as client:
        try:
            client.get_collection(name, embedding_function=None)
        except NotFoundError:
            return False
        return True


def served_collections(url: str) -> list[dict[str, Any]]:
    """What is noted with each collection of the server at `url`.

    Raises:
        RetrievalError: there is no server.
    """
    with connected(url) as client:
        return [dict(each.metadata or {}) for each in client.list_collections()]


def drop_served(url: str, name: str) -> None:
    """Delete a collection of the server at `url`.

    Raises:
        RetrievalError: there is no server, or no such collection.
    """
    with connected(url) as client:
        client.delete_collection(name)


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Make one sentence of whatever goes wrong between here and the server at `url`."""
    try:
        yield
    except RetrievalError:
        raise
    except Exception as error:  # httpx's errors, and ValueErrors that Chroma makes of them
        raise RetrievalError(
            f"The Chroma server {url} cannot be used ({first_line(error)}): start it with `chroma run`, or name "
            "another address."
        ) from None
