"""Where the answer of a program is, by the conventions of PAL: `solution()`, or a name that is assigned at the end."""

from __future__ import annotations

import re

_FUNCTION = re.compile(r"^def (solution|solver) *\( *\)", re.MULTILINE)
_NAME = re.compile(r"^(answer|ans|result) *=(?!=)", re.MULTILINE)


def find_entry(code: str) -> str | None:
    """The expression that holds the answer; None for a program that only prints."""
    names: list[str] = _NAME.findall(code)
    if names:
        return names[-1]
    function = _FUNCTION.search(code)
    return f"{function.group(1)}()" if function else None
