"""Markdown to chunks: one chunk a heading section, under a key that stays the same while the heading does.

A key is `<document>#<heading slug>`, for example `returns#return-window`; a section too long for the
encoder is split, and its further parts end in `-2`, `-3`, …. Text is never rewritten, so a chunk can be quoted.
It does not read files and knows nothing about vectors.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from shopbot.tools.retrieval.front_matter import front_matter
from shopbot.tools.retrieval.splitting import split_text

TOKEN_BUDGET = 360
"""Word pieces of the encoder that a chunk may have, about 1,700 characters of English. It reads 256 at once and a
longer chunk in windows: passages of this length found more answers (benchmarks/bench_retrieval.py)."""

RECORD, UNIT = "\x1e", "\x1f"
"""The separators that ASCII has for this: text has no other use for them."""

_HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r"^[ \t]{0,3}(```|~~~)")
_PARAGRAPH = re.compile(r"^(?![-*+>#|=]|\d+[.)]\s)\S")
_UNDERLINE = re.compile(r"^(=+|-+)[ \t]*$")
SEPARATOR = " > "


@dataclass(frozen=True)
class Chunk:
    """A passage of a document. `heading` is the path of headings above it, outermost first; `asked` are questions that
    it is known to answer: they are searched and never shown; `metadata` is what a search can be filtered by."""

    key: str
    source: str
    heading: str
    text: str
    asked: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass
class _Section:
    path: list[str]
    lines: list[str] = field(default_factory=list)
    named: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

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
    metadata: Mapping[str, Any] | None = None,
) -> list[Chunk]:
    """The chunks of one document, in reading order; a section without text of its own has none.

    Args:
        document: first half of every key, usually the file name without its ending.
        source: what a citation shows, usually the file name.
        count_tokens: length of a text in the encoder's tokens.
        budget: most tokens a chunk may have.
        asked: sample questions by the key of the section that answers them.
        form: in "text" a line that begins with "#" is no heading; "records" are sections that `RECORD` separates, each
            with its slug, its heading, its text and, in JSON, its metadata separated by `UNIT`.
        metadata: of the document; that of a record, or of a Markdown file's front matter, comes first.
    """
    chunks: list[Chunk] = []
    taken: set[str] = set()
    for section in _FORMS[form](text.replace("\r\n", "\n")):
        about = {**(metadata or {}), **section.metadata}
        path = _joined(section.path) or document
        for part, columns in split_text(section.text, count_tokens, budget):
            key = _free_key(f"{document}#{section.slug or 'top'}", taken)
            heading = f"{path}{SEPARATOR}{columns}" if columns else path
            chunks.append(Chunk(key, source, heading, part, (asked or {}).get(key, ()), about))
    return chunks


def _joined(path: list[str]) -> str:
    return SEPARATOR.join(heading for heading in path if heading)


def heading_slug(heading: str) -> str:
    """The anchor GitHub gives a heading: lower case, no punctuation, hyphens for spaces."""
    plain = unicodedata.normalize("NFKC", heading).lower()
    return re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", plain).strip())


def _sections(text: str) -> Iterator[_Section]:
    about, text = front_matter(text)
    section = _Section([], metadata=about)
    for depth, line in _outlined(text.split("\n")):
        if not depth:
            section.lines.append(line)
            continue
        yield section
        section = _Section([*_path_under(section.path, depth), line], metadata=about)
    yield section


def _outlined(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Every line under the depth of the heading that it is, 0 for none; what underlines a heading is left out."""
    fenced = underline = False
    for number, line in enumerate(lines):
        if underline:
            underline = False
            continue
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        underline = not fenced and _is_underlined(lines, number)
        if heading:
            yield len(heading[1]), heading[2]
        elif underline:
            yield (1 if lines[number + 1].startswith("=") else 2), line.strip()
        else:
            yield 0, line


def _is_underlined(lines: list[str], number: int) -> bool:
    """Whether this line is a paragraph of its own above a line of "=" or "-"."""
    begins = number == 0 or not lines[number - 1].strip()
    below = lines[number + 1] if number + 1 < len(lines) else ""
    return bool(begins and _PARAGRAPH.match(lines[number]) and _UNDERLINE.match(below))


def _plain(text: str) -> Iterator[_Section]:
    yield _Section([], text.split("\n"))


def record(slug: str, heading: str, text: str, metadata: Mapping[str, Any]) -> str:
    """A section for the form "records"; join several with `RECORD`."""
    parts = [part.replace(UNIT, " ").replace(RECORD, " ") for part in (slug, heading, text)]
    return UNIT.join([*parts, json.dumps(metadata, ensure_ascii=True)])


def _records(text: str) -> Iterator[_Section]:
    for record in filter(None, text.split(RECORD)):
        slug, heading, body, *about = record.split(UNIT, 3)
        yield _Section([heading] if heading else [], body.split("\n"), slug, json.loads(about[0]) if about else {})


_FORMS: Mapping[str, Callable[[str], Iterator[_Section]]] = {
    "markdown": _sections,
    "text": _plain,
    "records": _records,
}


def _path_under(path: list[str], depth: int) -> list[str]:
    # A level that the writer skipped keeps its place, so that its siblings are not taken for its children.
    return (path + [""] * depth)[: depth - 1]


def _free_key(key: str, taken: set[str]) -> str:
    candidate, number = key, 1
    while candidate in taken:
        number += 1
        candidate = f"{key}-{number}"
    taken.add(candidate)
    return candidate
