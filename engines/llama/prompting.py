"""From messages to a prompt that fits, and from the prompt to decoded text."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from langchain_core.messages import BaseMessage

from shopbot.engines.errors import EngineError
from shopbot.engines.llama.answer_grammar import ANY, AUTO, NONE, answer_grammar, call_beginning
from shopbot.engines.llama.catalogue import Catalogue
from shopbot.engines.llama.chat import (
    USER,
    ChatMessage,
    ChatTemplate,
    disarmed,
    read_messages,
    reserved_texts,
    split_system,
)
from shopbot.engines.llama.fitting import Fitted, fit
from shopbot.engines.llama.grounded import grounded
from shopbot.engines.llama.runtime import Runtime
from shopbot.engines.llama.work import Wanted, Work
from shopbot.engines.protocol import BRIEFING, read_deadline
from shopbot.prompts import load_data, render

_SMALLEST_ANSWER = 64


@dataclass(frozen=True)
class Request:
    """What one answer may be. With a `grammar` of the caller's own, or without actions, the text is returned as it is.

    `choice` is "auto", "any", "none" or an action's name; `stop` are texts before which the answer ends.
    """

    actions: Sequence[Mapping[str, Any]] = ()
    choice: str = AUTO
    several: bool = True
    grammar: str | None = None
    stop: Sequence[str] = field(default_factory=list)
    thoughts: bool = True
    tokens: int = 1024
    temperature: float = 0.0
    seed: int = 0

    @property
    def is_raw(self) -> bool:
        """Whether the text is the caller's to read."""
        return not self.actions


def open_prompting(file: Path, *, context: int | None = None, threads: int | None = None) -> Prompting:
    """The loaded model in `file`, the same one as long as any engine in this process holds it.

    Raises:
        EngineError: the file cannot be loaded.
    """
    try:
        key = (str(file.resolve()), file.stat().st_mtime_ns, context, threads)
    except OSError:
        return Prompting(Runtime(file, context=context, threads=threads))  # it says what is wrong with the file
    with _opening:
        found = _open.get(key)
        if found is None:
            found = _open[key] = Prompting(Runtime(file, context=context, threads=threads))
        return found


class Prompting:
    """Writes prompts for one loaded model."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._catalogue = Catalogue()
        header = runtime.header
        self._template = ChatTemplate(header.chat_template, bos=header.special("bos"), eos=header.special("eos"))
        self._reserved = reserved_texts(header.control.values())

    def decode(self, messages: Sequence[BaseMessage], request: Request, work: Work) -> Iterator[str]:
        """The answer to `messages`, piece by piece.

        Raises:
            EngineError: the context cannot hold the prompt, or no answer is possible under the grammar.
        """
        longest = min(request.tokens, max(_SMALLEST_ANSWER, self.runtime.context // 2))
        try:
            prompt = self.prompt(messages, request, self.runtime.context - longest).tokens
            wanted = Wanted(
                prompt=prompt,
                grammar=_grammar(request, messages),
                tokens=longest,
                temperature=request.temperature,
                seed=request.seed,
                deadline=read_deadline(messages),
                alternatives=[call_beginning(action["name"]) for action in request.actions],
                open=request.choice == AUTO,
                stop=request.stop,
            )
            yield from self.runtime.decode(wanted, work)
        except (TimeoutError, ValueError, RuntimeError) as error:
            raise EngineError(f"The model {self.runtime.file.name} cannot answer: {error}.") from error

    def text(self, system: str, history: Sequence[ChatMessage]) -> str:
        """A prompt of one's own, in the model's chat template; nothing in the newest message counts as a tag."""
        newest = history[-1]
        told = [*history[:-1], ChatMessage(newest.role, disarmed(newest.text, self._reserved))]
        return self._template.render(system, told)

    def prompt(self, messages: Sequence[BaseMessage], request: Request, room: int) -> Fitted:
        """The prompt in at most `room` tokens.

        Raises:
            ContextError: it cannot be made that short.
        """
        system, briefing = split_system(messages)
        history = read_messages(messages, self._reserved)
        every = self._catalogue.with_all(request.actions) if request.actions else []
        now = render(
            "engines/llama_now.j2",
            briefing=briefing,
            allowed=[action["name"] for action in request.actions],
            choice=request.choice,
        )

        def tokens(history: Sequence[ChatMessage], all_actions: bool) -> list[int]:
            top = render(
                "engines/llama_system.j2",
                system=system,
                actions=every if all_actions else request.actions if request.choice != NONE else [],
                several=request.several,
                thoughts=request.thoughts,
            )
            return self.runtime.tokenise(self._template.render(top, _with_now(history, now)))

        return fit(history, tokens, room, load_data("engines/llama.yaml")["condensed"])


_open: WeakValueDictionary[tuple[str, int, int | None, int | None], Prompting] = WeakValueDictionary()
_opening = threading.Lock()


def _grammar(request: Request, messages: Sequence[BaseMessage]) -> str | None:
    """The caller's own, or that of the actions allowed now, their arguments grounded where candidates are told."""
    if request.grammar is not None or not request.actions:
        return request.grammar
    actions = _possible(request.actions, messages)
    choice = AUTO if request.choice == ANY and not actions else request.choice
    return answer_grammar(actions, choice, thoughts=request.thoughts, several=request.several)


def _possible(actions: Sequence[Mapping[str, Any]], messages: Sequence[BaseMessage]) -> list[Mapping[str, Any]]:
    typed: dict[str, Any] = next(
        (m.additional_kwargs[BRIEFING] for m in messages if BRIEFING in m.additional_kwargs), {}
    )
    candidates = typed.get("candidates", {})
    narrowed = [(action, grounded(action["parameters"], candidates.get(action["name"], {}))) for action in actions]
    return [{**action, "parameters": schema} for action, schema in narrowed if schema is not None]


def _with_now(history: Sequence[ChatMessage], now: str) -> list[ChatMessage]:
    """Where things stand, behind the last message: everything before it is the same at the next step."""
    return [*history, ChatMessage(USER, now)] if now or not history else list(history)
