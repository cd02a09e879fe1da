"""What is ingested: documents, each with a hash of its content, and the folder of Markdown that a shop's policies are.

Other kinds of source are in `shopbot.tools.retrieval.sources`. It decides nothing about chunks or vectors.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from shopbot.errors import first_line
from shopbot.tools.retrieval.errors import RetrievalError

QUESTIONS_FILE = "questions.yaml"
UNANSWERED_FILE = "unanswered.yaml"


@dataclass(frozen=True)
class Document:
    """One document.

    `name` is the first half of its chunks' keys, `source` what a citation shows, `origin` what was ingested to get it
    (a folder, an address): ingesting that again drops what is gone from it. `read` gives the text and is called only
    when `digest`, the hash of the content, is new; what it had to leave out it adds to `left_out`, a sentence each.
    `metadata` is what a search can be filtered by, the same for every chunk.
    """

    name: str
    source: str
    digest: str
    read: Callable[[], str]
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    origin: str = ""
    form: Literal["markdown", "text", "records"] = "markdown"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text, read now."""
        return self.read()


@dataclass(frozen=True)
class Unreadable:
    """A document that could not be read; `reason` is a sentence that names it.

    `expected` says that nothing is wrong, as with a picture among documents.
    """

    source: str
    reason: str
    origin: str = ""
    expected: bool = False


def read_documents(folder: Path) -> Iterator[Document | Unreadable]:
    """Every `*.md` file of `folder` and its sub-folders, in the order of their names.

    `questions.yaml` in `folder` may list questions that sections answer: `<document>#<section>: [question, …]`.

    Raises:
        RetrievalError: there is no such folder, or no Markdown document in it, or the questions cannot be read.
    """
    files = sorted(file for file in folder.rglob("*.md") if file.is_file())
    if not files:
        raise RetrievalError(f"There is no Markdown document (*.md) in {folder}: name a folder with some.")
    asked = read_questions(folder / QUESTIONS_FILE)
    for file in files:
        yield _read(file, folder, asked)


def read_questions(file: Path) -> dict[str, tuple[str, ...]]:
    """The sample questions of each section, by its key; none when there is no such file.

    Raises:
        RetrievalError: the file is not a mapping of keys to lists of questions.
    """
    if not file.is_file():
        return {}
    try:
        held = _load(file) or {}
        return {str(key): tuple(str(question) for question in questions) for key, questions in held.items()}
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, TypeError) as error:
        reason = first_line(error)
        raise RetrievalError(f"{file} is not a YAML mapping of section keys to lists of questions: {reason}.") from None


def read_unanswered(file: Path) -> list[str]:
    """Questions that the documents are known not to answer; none when there is no such file.

    Raises:
        RetrievalError: the file is not a list of questions.
    """
    if not file.is_file():
        return []
    try:
        held = _load(file) or []
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RetrievalError(f"{file} is not YAML: {first_line(error)}.") from None
    if not isinstance(held, list):
        raise RetrievalError(f"{file} is not a YAML list of questions.")
    return [str(question) for question in held]


def _read(file: Path, folder: Path, asked: Mapping[str, tuple[str, ...]]) -> Document | Unreadable:
    relative = file.relative_to(folder)
    try:
        content = file.read_bytes()
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Unreadable(str(relative), f"{file} is not UTF-8 text (byte {error.start}): save it as UTF-8.")
    except OSError as error:
        return Unreadable(str(relative), f"{file} cannot be read: {error.strerror}.")
    name = relative.with_suffix("").as_posix()
    own = {key: questions for key, questions in asked.items() if key.partition("#")[0] == name}
    digest = hashlib.sha256(content)
    if own:
        digest.update(json.dumps(own, sort_keys=True).encode())
    return Document(name, relative.as_posix(), digest.hexdigest(), lambda: text, own)


def _load(file: Path) -> Any:
    # libyaml reads sixty kilobytes of questions in a tenth of the time.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 -- either one is a safe loader
