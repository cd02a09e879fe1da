"""Reasoning apart from the reply: wherever a model leaves its chain of thought, it ends up under `THOUGHT` of the
answer's `additional_kwargs`, in the trace, and never in the text that a customer reads.

Read are `reasoning_content` and `reasoning` beside the content, content blocks of type reasoning or thinking (they stay
where they are, some providers want them back, and are no part of a message's text), and <think> tags inside the text.
"""

from __future__ import annotations

import re
from typing import Any

from langchain_core.messages import AIMessage

from shopbot.engines.protocol import THOUGHT

_BLOCKS = frozenset({"reasoning", "thinking", "reasoning_content"})
_TOKEN = re.compile(
    r"(?P<tag><(?P<slash>/?)(?:think|thinking|thought|reasoning|seed:think)>|\[(?P<bar>/?)THINK\])|(?P<code>`+)|(?P<line>\n)",
    re.IGNORECASE,
)


def separate_reasoning(message: AIMessage) -> AIMessage:
    """The answer with its reasoning under `THOUGHT` and its text without it; the same object when there is none."""
    beside = [_text_of(message.additional_kwargs.get(key)) for key in (THOUGHT, "reasoning")]
    content, inside = _without_reasoning(message.content)
    thought = "\n".join(part.strip() for part in [*beside, *inside] if part.strip())
    if not thought and content == message.content:
        return message
    kept = {key: value for key, value in message.additional_kwargs.items() if key != "reasoning"}
    return message.model_copy(update={"content": content, "additional_kwargs": {**kept, THOUGHT: thought}})


def split_reasoning(text: str) -> tuple[str, str]:
    """The reply and the reasoning in a text with <think> tags.

    A tag that is left open reaches to the end; one that is only closed reaches back to the beginning, since templates
    open it in the prompt. Tags in code, between backticks that are closed again, are words like any others.
    """
    if "<" not in text and "[" not in text:
        return text, ""
    if "<|channel|>" in text:
        return _of_channels(text)
    splitter = _Splitter()
    reply, thought = splitter.split(text.replace(_BREAK, ""))
    if splitter.began_inside:
        head, _, tail = reply.partition(_BREAK)
        reply, thought = tail, f"{head}\n{thought}"
    return (reply.strip(), thought.strip()) if splitter.found else (text, "")


def _of_channels(text: str) -> tuple[str, str]:
    """The reply and the reasoning in the format of OpenAI's open-weight models (harmony): what is in its final channel
    is the reply, everything else is reasoning."""
    before, _, final = text.partition("<|channel|>final<|message|>")
    reply, _, after = final.partition("<|")
    return reply.strip(), re.sub(r"<\|[a-z_]{1,20}\|>", " ", f"{before} {after}").strip()


_BREAK = "\x00"
"""Stands where a tag closed that was never opened; no such character is in a text."""


class _Splitter:
    """Takes one text apart; after it, `found`: a tag was there, `began_inside`: the first was a closing one."""

    def __init__(self) -> None:
        self.found = False
        self.began_inside = False
        self._depth = 0
        self._code = ""
        self._openers: frozenset[int] = frozenset()

    def split(self, text: str) -> tuple[str, str]:
        """The reply and the reasoning."""
        parts: tuple[list[str], list[str]] = ([], [])
        start = 0
        tokens = list(_TOKEN.finditer(text))
        self._openers = _openers_of_code(tokens)
        for token in tokens:
            parts[self._depth > 0].append(text[start : token.start()])
            parts[self._depth > 0].append(self._pass(token))
            start = token.end()
        parts[self._depth > 0].append(text[start:])
        return "".join(parts[0]), "".join(parts[1])

    def _pass(self, token: re.Match[str]) -> str:
        """What of the token itself is text."""
        word = token.group()
        if token["code"] and (self._depth == 0 or len(word) < 3):
            begun = word if token.start() in self._openers else ""
            self._code = "" if self._code == word else self._code or begun
        elif token["line"]:
            self._code = self._code if len(self._code) > 2 else ""
        elif token["tag"] and not self._code:
            return self._tag(closing=bool(token["slash"] or token["bar"]))
        return word

    def _tag(self, *, closing: bool) -> str:
        self.found = True
        if not closing:
            self._depth += 1
        elif self._depth:
            self._depth -= 1
            return "\n" if self._depth else ""
        elif not self.began_inside:
            self.began_inside = True
            return _BREAK
        return ""


def _openers_of_code(tokens: list[re.Match[str]]) -> frozenset[int]:
    """Where backticks stand that others like them close: inline code in its own line, a block anywhere behind."""
    openers, waiting = set(), dict[str, int]()
    for token in tokens:
        word = token.group()
        if token["line"]:
            waiting = {run: start for run, start in waiting.items() if len(run) > 2}
        elif token["code"]:
            openers |= {waiting[word]} if word in waiting else set()
            waiting[word] = token.start()
    return frozenset(openers)


def _without_reasoning(content: Any) -> tuple[Any, list[str]]:
    if isinstance(content, str):
        reply, thought = split_reasoning(content)
        return reply, [thought]
    blocks, thoughts = [], []
    for block in content:
        text = block if isinstance(block, str) else block.get("text") if block.get("type") == "text" else None
        if isinstance(text, str):
            reply, thought = split_reasoning(text)
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
