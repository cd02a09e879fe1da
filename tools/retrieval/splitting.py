"""A section's text to parts within a budget: paragraphs, lists and tables whole while they fit, then lines, then
sentences. No character is changed, so that every part stands in its document word for word."""

from __future__ import annotations

import re
from collections.abc import Callable

_SEPARATORS = ["\n\n", "\n", ". ", " ", ""]
_TABLE = re.compile(
    r"^(?P<head>[ \t]*\|.*\|[ \t]*\n)[ \t]*\|[ \t:|-]+\|[ \t]*\n(?P<rows>(?:[ \t]*\|.*(?:\n|\Z))+)", re.M
)
_COLUMNS_LIMIT = 200


def split_text(text: str, count_tokens: Callable[[str], int], budget: int) -> list[tuple[str, str]]:
    """The parts of `text`, each with the column names of the table in whose middle it begins, or "".

    Args:
        count_tokens: length of a text in the encoder's tokens.
        budget: most tokens a part may have.
    """
    if not text:
        return []
    # A token is a character at least.
    if len(text) <= budget or count_tokens(text) <= budget:
        return [(text, "")]
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        separators=_SEPARATORS,
        keep_separator="end",
        chunk_size=budget,
        chunk_overlap=0,
        length_function=count_tokens,
    )
    tables = list(_TABLE.finditer(text))
    parts, end = [], 0
    for part in splitter.split_text(text):
        start = max(0, text.find(part, end))
        end = start + len(part)
        within = next((table for table in tables if table.start("rows") <= start < table.end("rows")), None)
        parts.append((part, _columns(within["head"]) if within else ""))
    return parts


def _columns(head: str) -> str:
    names = [name.strip() for name in head.strip().strip("|").split("|")]
    return " | ".join(name for name in names if name)[:_COLUMNS_LIMIT]
