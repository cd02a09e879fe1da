"""Files and folders of files. A file's content is hashed at once and converted only when the hash is new."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from shopbot.tools.retrieval.documents import Document, Unreadable, read_questions
from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.sources.conversion import document_form, is_read, text_of
from shopbot.tools.retrieval.sources.limits import Limits

_NOT_DOCUMENTS = frozenset({"questions.yaml", "unanswered.yaml", "vectors.npz"})


def read_path(path: Path, limits: Limits) -> Iterator[Document | Unreadable]:
    """The document in the file `path`, or those in the folder.

    Raises:
        RetrievalError: there is no such file or folder, or the folder has no file.
    """
    path = path.absolute()
    if path.is_dir():
        yield from _folder(path, limits)
    elif path.is_file():
        yield _document(path, path.name, str(path), limits, {})
    else:
        raise RetrievalError(f"There is no file or folder {path}.")


def _folder(folder: Path, limits: Limits) -> Iterator[Document | Unreadable]:
    files = list(_files(folder))
    if not files:
        raise RetrievalError(f"There is no file to read in the folder {folder}.")
    asked = read_questions(folder / "questions.yaml")
    others = [file for file in files if not is_read(file.suffix)]
    for file in files:
        if file not in others:
            name = f"{folder.name}/{file.relative_to(folder).as_posix()}"
            yield _document(file, name, str(folder), limits, asked)
    if others:
        endings = ", ".join(sorted({file.suffix.lower() for file in others}))
        reason = f"{folder} also has {len(others)} of kinds that are not read ({endings})."
        yield Unreadable(str(folder), reason, str(folder), expected=True)


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(parent) / name
            if name.startswith(".") or name in _NOT_DOCUMENTS:
                continue
            # A link must not lead out of the folder that the person named.
            if file.resolve().is_relative_to(folder.resolve()):
                yield file


def _document(
    file: Path, name: str, origin: str, limits: Limits, asked: dict[str, tuple[str, ...]]
) -> Document | Unreadable:
    try:
        content = read_bytes(file, limits)
        form = document_form(file.suffix)
    except RetrievalError as error:
        return Unreadable(name, str(error), origin)
    own = {key: questions for key, questions in asked.items() if key.partition("#")[0] == name}
    left_out: list[str] = []
    return Document(
        name=name,
        source=name,
        digest=hashlib.sha256(content + repr(sorted(own.items())).encode()).hexdigest(),
        read=lambda: text_of(content, file.suffix, str(file), limits, left_out),
        asked=own,
        origin=origin,
        form=form,
        left_out=left_out,
    )


def read_bytes(file: Path, limits: Limits) -> bytes:
    """The content of `file`.

    Raises:
        RetrievalError: it is not a plain file, too large, or cannot be read.
    """
    try:
        if not file.is_file():
            raise RetrievalError(f"{file} is not a plain file.")
        size = file.stat().st_size
        if size > limits.file_bytes:
            raise RetrievalError(
                f"{file} has {size / 1e6:.0f} MB; at most {limits.file_bytes / 1e6:.0f} MB are read: split it."
            )
        return file.read_bytes()
    except OSError as error:
        raise RetrievalError(f"{file} cannot be read: {error.strerror}.") from None
