"""Messages as the model's own chat template wants them: who speaks and what is said, then one text.

Not every template knows the roles system and tool, or two messages of one speaker in a row; so actions and
observations are written into plain messages with the tags that Hermes and Qwen models know, and what one side says in
a row is joined.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolMessage

from shopbot.engines.llama.answer_grammar import CALL, CALL_ENDS, THINK, THOUGHT_ENDS
from shopbot.engines.protocol import BRIEFING

SYSTEM, USER, MODEL = "system", "user", "assistant"
OBSERVATION, OBSERVATION_ENDS = "<tool_response>", "</tool_response>"
_TAGS = (THINK, THOUGHT_ENDS, CALL, CALL_ENDS, OBSERVATION, OBSERVATION_ENDS)


@dataclass(frozen=True)
class ChatMessage:
    """One message: the role, the text, and the name of the action when it is an observation."""

    role: str
    text: str
    observed: str | None = None

    def condensed(self, keep: int, note: str) -> ChatMessage:
        """The same, cut to its first `keep` characters with `note` behind them."""
        return self if len(self.text) <= keep + len(note) else replace(self, text=self.text[:keep].rstrip() + note)


def read_messages(messages: Iterable[BaseMessage], reserved: re.Pattern[str]) -> list[ChatMessage]:
    """What was said, system messages left out; nothing that people or tools wrote counts as a tag or special token."""
    found = []
    for message in messages:
        if isinstance(message, SystemMessage):
            continue
        text = disarmed(message.text, reserved)
        if isinstance(message, ToolMessage):
            found.append(ChatMessage(USER, text, observed=message.name or "action"))
        elif isinstance(message, AIMessage):
            found.append(ChatMessage(MODEL, "\n".join([*([text] if text else []), *map(_written, _calls(message))])))
        else:
            found.append(ChatMessage(USER, text))
    return found


def split_system(messages: Sequence[BaseMessage]) -> tuple[str, str]:
    """The system message without the briefing, and the briefing: the one stays, the other changes at every step.

    Kept apart, the first and all that was said remain the beginning of the next prompt, already evaluated.
    """
    system = "\n\n".join(message.text for message in messages if isinstance(message, SystemMessage))
    typed = next((m.additional_kwargs[BRIEFING] for m in messages if BRIEFING in m.additional_kwargs), None)
    if typed is None:
        return system, ""
    from shopbot.prompts import render

    briefing = render("agent/briefing.j2", **typed)
    return (system.removesuffix(briefing).strip(), briefing) if system.endswith(briefing) else (system, "")


def reserved_texts(control: Iterable[str]) -> re.Pattern[str]:
    """What must not come from outside: the model's special tokens and the tags of answers and observations."""
    return re.compile("|".join(re.escape(text) for text in sorted({*control, *_TAGS}, key=len, reverse=True)))


class ChatTemplate:
    """Turns what was said into the text that the model continues."""

    def __init__(self, source: str | None, *, bos: str, eos: str) -> None:
        """`source` is the file's template; without one, or when it cannot be read, ChatML is used."""
        from jinja2 import TemplateError

        from shopbot.prompts import load_text

        self._bos, self._eos = bos, eos
        self._fallback = _compiled(load_text("engines/llama_chatml.j2"))
        try:
            self._template = _compiled(source) if source else self._fallback
        except TemplateError:
            self._template = self._fallback

    def render(self, system: str, history: Sequence[ChatMessage]) -> str:
        """The prompt, up to where the model's answer begins."""
        turns = _joined(history)
        with_system = [ChatMessage(SYSTEM, system), *turns] if system else turns
        folded = _joined([ChatMessage(USER, system), *turns]) if system else turns
        for template, messages in ((self._template, with_system), (self._template, folded)):
            text = self._try(template, messages)
            if text is not None and all(turn.text.strip() in text for turn in messages):
                return text
        return self._try(self._fallback, with_system) or ""

    def _try(self, template: Any, turns: Sequence[ChatMessage]) -> str | None:
        """None when the template refuses these messages."""
        from jinja2 import TemplateError

        messages = [{"role": turn.role, "content": turn.text} for turn in turns]
        try:
            text: str = template.render(
                messages=messages,
                add_generation_prompt=True,
                bos_token=self._bos,
                eos_token=self._eos,
                enable_thinking=False,
                raise_exception=_refuse,
            )
        except (TemplateError, TypeError, ValueError):
            return None
        open_thought = text.rstrip().endswith(THINK)
        return f"{text.rstrip()}\n{THOUGHT_ENDS}\n" if open_thought else text


def _compiled(source: str) -> Any:
    """A template of a file that anybody may have written: it can read the messages and nothing else."""
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = lambda value, **how: json.dumps(value, ensure_ascii=False, indent=how.get("indent"))
    environment.globals["strftime_now"] = lambda _: ""
    return environment.from_string(source)


def _refuse(reason: str) -> None:
    raise ValueError(reason)


def _joined(history: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Observations in their tags, and one message where one side spoke several times in a row."""
    turns: list[ChatMessage] = []
    for one in history:
        text = one.text if one.observed is None else f"{OBSERVATION}\n{one.observed}: {one.text}\n{OBSERVATION_ENDS}"
        if turns and turns[-1].role == one.role:
            turns[-1] = ChatMessage(one.role, f"{turns[-1].text}\n\n{text}")
        else:
            turns.append(ChatMessage(one.role, text))
    if turns and turns[0].role == MODEL:
        turns.insert(0, ChatMessage(USER, "…"))
    return turns


def _calls(message: AIMessage) -> list[Mapping[str, Any]]:
    return [*message.tool_calls, *message.invalid_tool_calls]


def _written(call: Mapping[str, Any]) -> str:
    body = json.dumps({"name": call["name"], "arguments": call["args"]}, ensure_ascii=False)
    return f"{CALL}\n{body}\n{CALL_ENDS}"


def disarmed(text: str, reserved: re.Pattern[str]) -> str:
    """The text with every reserved piece broken up by a space behind its first character."""
    return reserved.sub(lambda found: f"{found.group()[0]} {found.group()[1:]}", text) if reserved.pattern else text
