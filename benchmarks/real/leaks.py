"""Whether a text that a customer reads shows the insides: a call, a tag, the name of an action or of a fact."""

from __future__ import annotations

import re
from functools import cache

_SHAPES = r"[{}]|<\|?/?\w[\w|]*>|\[TOOL_CALLS\]|```|\"(?:name|arguments)\"\s*:"


def shows_insides(text: str) -> bool:
    """Whether anything of it is meant for a program."""
    return _pattern().search(text) is not None


@cache
def _pattern() -> re.Pattern[str]:
    from shopbot.agents.shopbot import shop_actions

    names = [re.escape(action.name) for action in shop_actions() if "_" in action.name]
    return re.compile(rf"{_SHAPES}|\b(?:{'|'.join(names)})\b|\bpursue\(")
