"""Markdown to chunks: one chunk a heading section, under a key that stays the same while the heading does.

A key is `<document>#<heading slug>`, for example `returns#return-window`; a section too long for the
encoder is split, and its further parts end in `-2`, `-3`, …. Text is never rewritten, so a chunk can be quoted.
It does not read files and knows nothing about vectors.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

TOKEN_BUDGET = 360
"""Word pieces of the encoder that a chunk may have, about 1,700 characters of English. It reads 256 at once and a
longer chunk in windows: passages of this length found more answers (benchmarks/bench_retrieval.py)."""

RECORD, UNIT = "\x1e", "\x1f"
"""The separators that ASCII has for this: text has no other use for them."""

_HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r"^[ \t]{0,3}(```|~~~)")
_SEPARATORS = ["\n\n", "\n", ". ", " ", ""]


@dataclass(frozen=True)
class Chunk:
    """A passage of a document. `heading` is the path of headings above it, outermost first; `asked` are questions that
    it is known to answer: they are searched and never shown."""

    key: str
    source: str
    heading: str
    text: str
    asked: tuple[str, ...] = ()


@dataclass
class _Section:
    path: list[str]
    lines: list[str] = field(default_factory=list)
    named: str = ""

    @property
    def slug(self) -> str:
        return self.named or (heading_slug(self.path[-1]) if self.path else "")

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip()


def split_markdown(
    text: str,
    *,
    document: str,
    source: str,
    count_tokens: Callable[[str], int],
    budget: int = TOKEN_BUDGET,
    asked: Mapping[str, tuple[str, ...]] | None = None,
    form: Literal["markdown", "text", "records"] = "markdown",
) -> list[Chunk]:
    """The chunks of one document, in reading order; a section without text of its own has none.

    Args:
        document: first half of every key, usually the file name without its ending.
        source: what a citation shows, usually the file name.
        count_tokens: length of a text in the encoder's tokens.
        budget: most tokens a chunk may have.
        asked: sample questions by the key of the section that answers them.
        form: in "text" a line that begins with "#" is no heading; "records" are sections that `RECORD` separates, each
            with its slug, its heading and its text separated by `UNIT`.
    """
    chunks: list[Chunk] = []
    taken: set[str] = set()
    for section in _FORMS[form](text.replace("\r\n", "\n")):
        for part in _parts(section.text, count_tokens, budget):
            key = _free_key(f"{document}#{section.slug or 'top'}", taken)
            chunks.append(Chunk(key, source, _joined(section.path) or document, part, (asked or {}).get(key, ())))
    return chunks


def _joined(path: list[str]) -> str:
    return " > ".join(heading for heading in path if heading)


def heading_slug(heading: str) -> str:
    """The anchor GitHub gives a heading: lower case, no punctuation, hyphens for spaces."""
    plain = unicodedata.normalize("NFKC", heading).lower()
    return re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", plain).strip())


def _sections(text: str) -> Iterator[_Section]:
    section, fenced = _Section([]), False
    for line in text.split("\n"):
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if heading is None:
            section.lines.append(line)
            continue
        yield section
        section = _Section([*_path_under(section.path, depth=len(heading[1])), heading[2]])
    yield section


def _plain(text: str) -> Iterator[_Section]:
    yield _Section([], text.split("\n"))


def _records(text: str) -> Iterator[_Section]:
    for record in filter(None, text.split(RECORD)):
        slug, heading, body = record.split(UNIT, 2)
        yield _Section([heading] if heading else [], body.split("\n"), named=slug)


_FORMS: Mapping[str, Callable[[str], Iterator[_Section]]] = {
    "markdown": _sections,
    "text": _plain,
    "records": _records,
}


def _path_under(path: list[str], depth: int) -> list[str]:
    # A level that the writer skipped keeps its place, so that its siblings are not taken for its children.
    return (path + [""] * depth)[: depth - 1]


def _parts(text: str, count_tokens: Callable[[str], int], budget: int) -> list[str]:
    if not text:
        return []
    if count_tokens(text) <= budget:
        return [text]
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        separators=_SEPARATORS,
        keep_separator="end",
        chunk_size=budget,
        chunk_overlap=0,
        length_function=count_tokens,
    )
    return splitter.split_text(text)


def _free_key(key: str, taken: set[str]) -> str:
    candidate, number = key, 1
    while candidate in taken:
        number += 1
        candidate = f"{key}-{number}"
    taken.add(candidate)
    return candidate
