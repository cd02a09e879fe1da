"""The name of an action as models write it -> the action that is meant, when that is plain."""

from __future__ import annotations

import re
from collections.abc import Iterable

from shopbot.engines.labels import squash, words

_LONGEST = 100


def match_name(written: str, names: Iterable[str]) -> str | None:
    """The one of `names` that `written` means; None when it means none of them, or several.

    Case, quotes, spaces, hyphens, a namespace before the name and the words around it ("Use the … tool") do not matter.
    """
    written = written.strip().replace("\\_", "_")
    known = tuple(names)
    if written in known or len(written) > _LONGEST:
        return written if written in known else None
    by_squashed: dict[str, list[str]] = {}
    for name in known:
        by_squashed.setdefault(squash(name), []).append(name)
    for candidate in _candidates(written):
        meant = by_squashed.get(squash(candidate), ())
        if len(meant) == 1:
            return meant[0]
    return None


def _candidates(written: str) -> Iterable[str]:
    yield written
    without_note = written.partition("(")[0]
    yield without_note
    yield re.split(r"[./:]", without_note.strip().rstrip(".:"))[-1]
    around = words("around_names")
    yield " ".join(word for word in without_note.split() if squash(word) not in around)
