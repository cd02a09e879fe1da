"""Reads a folder of Markdown documents. It decides nothing about chunks or vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.retrieval.errors import RetrievalError


@dataclass(frozen=True)
class Document:
    """One file. `name` is its path in the folder without the ending, `source` the path with it."""

    name: str
    source: str
    text: str
    digest: str


@dataclass(frozen=True)
class Unreadable:
    """A file that could not be read; `reason` is a sentence that names it."""

    source: str
    reason: str


def read_documents(folder: Path) -> Iterator[Document | Unreadable]:
    """Every `*.md` file of `folder` and its sub-folders, in the order of their names.

    Raises:
        RetrievalError: there is no such folder, or no Markdown document in it.
    """
    files = sorted(file for file in folder.rglob("*.md") if file.is_file())
    if not files:
        raise RetrievalError(f"There is no Markdown document (*.md) in {folder}: name a folder with some.")
    for file in files:
        yield _read(file, folder)


def _read(file: Path, folder: Path) -> Document | Unreadable:
    relative = file.relative_to(folder)
    try:
        content = file.read_bytes()
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Unreadable(str(relative), f"{file} is not UTF-8 text (byte {error.start}): save it as UTF-8.")
    except OSError as error:
        return Unreadable(str(relative), f"{file} cannot be read: {error.strerror}.")
    name = relative.with_suffix("").as_posix()
    return Document(name, relative.as_posix(), text, hashlib.sha256(content).hexdigest())
