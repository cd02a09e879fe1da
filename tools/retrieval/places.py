"""Where a collection is kept: embedded under the data folder, on a `chroma run` server, or in PostgreSQL.

A tenant's collections are apart by construction: a folder, a server collection or a table of their own, named by tenant
and collection together, so no filter stands between two tenants that could be forgotten.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shopbot.engines.embedding import DIMENSIONS
from shopbot.errors import extra
from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.locking import LOCK_TIMEOUT_S, writing

if TYPE_CHECKING:
    from shopbot.tools.retrieval.vector_store import VectorStore

FOLDER = "collections"
TENANTS_FOLDER = "tenants"
CHROMA_FILE = "chroma.sqlite3"
# A name that ends so would meet the lock file of another collection.
_NAME = re.compile(r"(?!.*\.lock(?:\.holder)?$)[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True)
class Place:
    """Where one collection is kept.

    `folder` holds what lies beside the vectors on this machine, the keyword index, and `shown` is what a message calls
    the place. `writing` holds the one writer's place; within one thread it may be held twice. `drop` deletes
    everything, damaged or not. `rebuilds` says that a failure means damage, to be cured by building anew: behind a
    network it may mean anything.
    """

    folder: Path
    shown: str
    open: Callable[[], VectorStore]
    exists: Callable[[], bool]
    drop: Callable[[], None]
    writing: Callable[[], AbstractContextManager[None]]
    rebuilds: bool = False


def place_of(data: Path, name: str, tenant: str | None = None, url: str | None = None) -> Place:
    """The place of collection `name` of `tenant`, or of nobody in particular.

    Args:
        url: `http://host:port` of a `chroma run` server, or `postgresql://…` with pgvector; None keeps everything in
            the folder `data`.

    Raises:
        RetrievalError: the name or the tenant cannot be used.
    """
    folder = folder_of(data, name, tenant)
    if url is None:
        return embedded(folder)
    return (
        served(url, folder, tenant or "", name) if url.startswith("http") else postgres(url, folder, tenant or "", name)
    )


def names(data: Path, tenant: str | None = None, url: str | None = None) -> list[str]:
    """The collections that `tenant`, or nobody in particular, has at this place."""
    if url is None:
        folder = _root(data, tenant)
        return sorted(each.parent.name for each in folder.glob(f"*/{CHROMA_FILE}"))
    if url.startswith("http"):
        from shopbot.tools.retrieval.chroma_server import served_collections

        return sorted(held["name"] for held in served_collections(url) if held.get("tenant") == (tenant or ""))
    from shopbot.tools.retrieval.postgres_collections import stored_collections

    return sorted(stored_collections(url, tenant or ""))


def folder_of(data: Path, name: str, tenant: str | None = None) -> Path:
    """The folder of a collection: `collections/NAME`, or `tenants/TENANT/collections/NAME`.

    Raises:
        RetrievalError: the name or the tenant cannot be used.
    """
    if not _NAME.fullmatch(name) or name == "policies":
        raise RetrievalError(
            f"A collection cannot be named {name!r}: use letters, digits, '-', '_' and '.', and not 'policies', "
            "which are the shop's own."
        )
    return _root(data, tenant) / name


def _root(data: Path, tenant: str | None) -> Path:
    if tenant is None:
        return data / FOLDER
    # No capitals: on some disks two tenants whose names differ in them alone would share a folder.
    if not _TENANT.fullmatch(tenant):
        raise RetrievalError(
            f"A tenant cannot be named {tenant!r}: use up to 63 small letters, digits, '-' and '_', such as an id."
        )
    return data / TENANTS_FOLDER / tenant / FOLDER


def embedded(folder: Path) -> Place:
    """A Chroma of this process in `folder`."""

    def open_rows() -> VectorStore:
        with extra("retrieval", "A collection of documents"):
            from shopbot.tools.retrieval.chroma_store import EmbeddedChroma

        return EmbeddedChroma(folder)

    def exists() -> bool:
        return (folder / CHROMA_FILE).exists()

    shown = f"The index in {folder}"
    return Place(
        folder, shown, open_rows, exists, lambda: shutil.rmtree(folder), lambda: writing(folder), rebuilds=True
    )


def served(url: str, folder: Path, tenant: str, name: str) -> Place:
    """A collection on the `chroma run` server at `url`; ingestions of one machine wait for each other."""
    # Chroma's rules for names are narrower than ours.
    hashed = "shopbot-" + hashlib.sha256(json.dumps([tenant, name]).encode()).hexdigest()[:32]

    def open_rows() -> VectorStore:
        from shopbot.tools.retrieval.chroma_server import ServedChroma

        return ServedChroma(url, hashed, {"tenant": tenant, "name": name})

    def exists() -> bool:
        from shopbot.tools.retrieval.chroma_server import is_served

        return is_served(url, hashed)

    def drop() -> None:
        from shopbot.tools.retrieval.chroma_server import drop_served

        drop_served(url, hashed)
        shutil.rmtree(folder, ignore_errors=True)

    return Place(folder, f"The Chroma server {url}", open_rows, exists, drop, lambda: writing(folder))


def postgres(url: str, folder: Path, tenant: str, name: str) -> Place:
    """A table in the PostgreSQL at `url`; ingestions of all machines wait for each other."""

    def open_rows() -> VectorStore:
        from shopbot.tools.retrieval.postgres_store import PostgresRows

        return PostgresRows(url, tenant, name, DIMENSIONS)

    def exists() -> bool:
        from shopbot.tools.retrieval.postgres_collections import stored_collections

        return name in stored_collections(url, tenant)

    def drop() -> None:
        from shopbot.tools.retrieval.postgres_collections import drop_collection

        drop_collection(url, tenant, name)
        shutil.rmtree(folder, ignore_errors=True)

    depth = 0

    @contextmanager
    def held() -> Iterator[None]:
        from shopbot.tools.retrieval.postgres_collections import advisory_lock

        nonlocal depth
        with writing(folder):  # who holds this is alone with `depth`
            depth += 1
            try:
                if depth > 1:
                    yield
                else:
                    with advisory_lock(url, tenant, name, LOCK_TIMEOUT_S):
                        yield
            finally:
                depth -= 1

    return Place(folder, "The PostgreSQL with the vectors", open_rows, exists, drop, held)
