"""Reasoning apart from the reply: wherever a model leaves its chain of thought, it ends up under `THOUGHT` of the
answer's `additional_kwargs`, in the trace, and never in the text that a customer reads.

Read are `reasoning_content` and `reasoning` beside the content, content blocks of type reasoning or thinking (they stay
where they are, some providers want them back, and are no part of a message's text), and what is marked or headed as
reasoning inside the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.messages import AIMessage

from shopbot.engines.protocol import THOUGHT
from shopbot.engines.reasoning_marks import of_kind, split_marked
from shopbot.engines.reasoning_sections import split_asides, split_channels, split_headed, split_speaker

Ways = Sequence[Callable[[str], tuple[str, str] | None]]
"""Each takes reply and reasoning of a text apart, or finds none."""
_BLOCKS = frozenset({"reasoning", "thinking", "reasoning_content"})
_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)


def separate_reasoning(message: AIMessage, *, headings: bool = True) -> AIMessage:
    """The answer with its reasoning under `THOUGHT` and its text without it; the same object when there is none.

    Without `headings`, "Thought:" and the like stay, for whoever reads the sections of a completion.
    """
    beside = [_text_of(message.additional_kwargs.get(key)) for key in (THOUGHT, "reasoning")]
    content, inside = _without_reasoning(message.content, _WAYS if headings else _MARKED)
    thought = "\n".join(part.strip() for part in [*beside, *inside] if part.strip())
    if not thought and content == message.content:
        return message
    kept = {key: value for key, value in message.additional_kwargs.items() if key != "reasoning"}
    return message.model_copy(update={"content": content, "additional_kwargs": {**kept, THOUGHT: thought}})


def split_reasoning(text: str, ways: Ways | None = None) -> tuple[str, str]:
    """The reply and the reasoning in a text: in channels, between markers, under headings.

    What is marked as the answer is the reply alone.
    """
    reply, thoughts = text, list[str]()
    for split in ways or _WAYS:
        found = split(reply)
        if found is not None:
            reply = found[0]
            thoughts.append(found[1])
    return (reply, "\n".join(filter(None, thoughts))) if thoughts else (text, "")


def _split_thoughts(text: str) -> tuple[str, str] | None:
    return split_marked(text, of_kind("reasoning", text))


def _split_answer(text: str) -> tuple[str, str] | None:
    found = split_marked(text, of_kind("answer", text))
    return found and (found[1], found[0])


def _split_comments(text: str) -> tuple[str, str] | None:
    hidden = _COMMENT.findall(text) if "<!--" in text else []
    return (_COMMENT.sub("", text).strip(), "\n".join(hidden)) if hidden else None


_MARKED: Ways = (split_channels, _split_thoughts, _split_answer, _split_comments)
_WAYS: Ways = (*_MARKED, split_asides, split_headed, split_speaker)


def _without_reasoning(content: Any, ways: Ways) -> tuple[Any, list[str]]:
    if isinstance(content, str):
        reply, thought = split_reasoning(content, ways)
        return reply, [thought]
    blocks, thoughts = [], []
    for block in content:
        text = block if isinstance(block, str) else block.get("text") if block.get("type") == "text" else None
        if isinstance(text, str):
            reply, thought = split_reasoning(text, ways)
            block = reply if isinstance(block, str) else {**block, "text": reply}
            thoughts.append(thought)
        elif isinstance(block, dict) and block.get("type") in _BLOCKS:
            thoughts.append(_text_of(block))
        blocks.append(block)
    return blocks, thoughts


def _text_of(value: Any) -> str:
    """The words in whatever shape a provider gives its reasoning."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(filter(None, map(_text_of, value)))
    if isinstance(value, dict):
        keys = ("reasoning", "thinking", "reasoning_content", "summary", "text", "content")
        return "\n".join(filter(None, (_text_of(value.get(key)) for key in keys)))
    return ""
