"""The bytes of a document to text, by the kind that the ending of its name says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from shopbot.errors import first_line
from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.sources.limits import Limits

Form = Literal["markdown", "text", "records"]

_MARKDOWN = frozenset({".md", ".markdown", ".mdown", ".mkd"})
_WEB = frozenset({".html", ".htm", ".xhtml"})
_RECORDS = frozenset({".csv", ".tsv", ".jsonl", ".ndjson"})
_BINARY = re.compile(
    r"\.(png|jpe?g|gif|webp|bmp|tiff?|ico|mp[34]|wav|avi|mov|zip|gz|tar|7z|rar|exe|dll|so|bin|onnx|npz|npy|pyc"
    r"|db|sqlite3?|xlsx?|pptx?|doc|odt|epub|woff2?|ttf)$",
    re.IGNORECASE,
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def is_read(suffix: str) -> bool:
    """Whether files with this ending can be documents."""
    return not _BINARY.match(suffix)


def document_form(suffix: str) -> Form:
    """How the text of a file with this ending is to be split.

    Raises:
        RetrievalError: files of this kind are not read.
    """
    suffix = suffix.lower()
    if not is_read(suffix):
        raise RetrievalError(f"Files ending in {suffix} are not read: convert it to text, HTML, PDF or DOCX.")
    if suffix in _RECORDS | {".pdf"}:
        return "records"
    return "markdown" if suffix in _MARKDOWN | _WEB | {".docx", ".rst"} else "text"


def text_of(content: bytes, suffix: str, name: str, limits: Limits, left_out: list[str] | None = None) -> str:
    """The text of a document.

    Args:
        name: what an error calls the document.
        left_out: gets a sentence for what had to be left out of a document that is read otherwise.

    Raises:
        RetrievalError: it is damaged, encrypted, too large when unpacked, or not what its ending says.
    """
    faults: list[str] = []
    try:
        return _converter(suffix.lower())(content, limits, faults)
    except RetrievalError as error:
        raise RetrievalError(f"{name} {error}") from None
    except RecursionError:
        raise RetrievalError(f"{name} is nested too deeply to be read.") from None
    except Exception as error:  # a converter meets anything in a damaged file, and the rest must go on
        reason = first_line(error)
        raise RetrievalError(f"{name} cannot be read as {suffix.lstrip('.') or 'text'}: {reason}.") from None
    finally:
        if left_out is not None:
            left_out.extend(f"{name} {fault}" for fault in faults)


def decode(content: bytes) -> str:
    """Text in UTF-8, UTF-16 with its mark, or Windows-1252.

    Raises:
        RetrievalError: it is none of them. The message goes after the document's name.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    if _CONTROL.search(content):
        raise RetrievalError("is not text, whatever its name says: it has control characters.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _converter(suffix: str) -> Callable[[bytes, Limits, list[str]], str]:
    if suffix == ".pdf":
        from shopbot.tools.retrieval.sources.pdf import pdf_text

        return lambda content, limits, _: pdf_text(content, limits)
    if suffix == ".docx":
        from shopbot.tools.retrieval.sources.docx import docx_text

        return lambda content, limits, _: docx_text(content, limits)
    if suffix in _WEB:
        from shopbot.tools.retrieval.sources.html import html_text

        return lambda content, limits, _: html_text(decode(content))
    if suffix == ".rst":
        from shopbot.tools.retrieval.sources.restructured import restructured_text

        return lambda content, limits, _: restructured_text(decode(content))
    if suffix in _RECORDS:
        from shopbot.tools.retrieval.sources.records import records_text

        return lambda content, limits, faults: records_text(decode(content), suffix, limits, faults)
    return lambda content, limits, _: decode(content)
