"""A listing in a module's docstring, a tree or aligned columns, is shown as it was written."""

from __future__ import annotations

import re
from typing import Any

import griffe

_ALIGNED = re.compile(r"^\S.* {2,}\S|^[│├└]", re.MULTILINE)


def fenced(docstring: str) -> str:
    """The docstring with each paragraph that has aligned columns or a drawn tree as a block of text."""
    paragraphs = docstring.split("\n\n")
    return "\n\n".join(f"```text\n{each}\n```" if _ALIGNED.search(each) else each for each in paragraphs)


class Listings(griffe.Extension):
    """Fences the listings of every module that the reference shows."""

    def on_module(self, *, mod: griffe.Module, **_: Any) -> None:
        """Called by griffe when a module has been read."""
        if mod.docstring:
            mod.docstring.value = fenced(mod.docstring.value)
