"""Word lists as patterns: any phrase of a list, in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable


def any_phrase(phrases: Iterable[object], before: str = r"(?<!\w)", after: str = r"(?!\w)") -> str:
    """A regular expression for any of the phrases, the longest first, between `before` and `after`: whole words."""
    longest_first = sorted(map(str, phrases), key=len, reverse=True)
    return "|".join(f"{before}{re.escape(phrase)}{after}" for phrase in longest_first)
