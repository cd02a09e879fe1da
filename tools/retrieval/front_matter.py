"""The YAML block between two lines of three hyphens that a Markdown file may begin with."""

from __future__ import annotations

import re
from typing import Any

_BLOCK = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_NAME = re.compile(r"[\w.@/-]+")
_TITLE = re.compile(r"^#[ \t]", re.MULTILINE)
MOST_CHARACTERS = 20_000


def front_matter(text: str) -> tuple[dict[str, Any], str]:
    """The block as metadata and the text without it; nothing and the whole text when there is none that can be read.

    Dates become ISO 8601 text, and a title stands above a text that has no heading of the first level.
    """
    found = _BLOCK.match(text[:MOST_CHARACTERS])
    if found is None:
        return {}, text
    import yaml

    try:
        held = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}, text
    # Prose between two rules is a mapping too, as soon as it has a colon; but its "names" have spaces.
    if not isinstance(held, dict) or not all(isinstance(name, str) and _NAME.fullmatch(name) for name in held):
        return {}, text
    rest = text[found.end() :]
    title = held.get("title")
    if isinstance(title, str) and title.strip() and not _TITLE.search(rest):
        rest = f"# {' '.join(title.split())}\n\n{rest}"
    return {name: _plain(value) for name, value in held.items()}, rest


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | list | dict) or value is None else str(value)
