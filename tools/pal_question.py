"""PAL: an engine answers a question by writing a program; the interpreter runs it, and an error goes back for repair.

Gao et al., "PAL: Program-aided Language Models", 2022 (arXiv:2211.10435). The engine is any LangChain chat model; the
few-shot prompt is `prompts/pal/`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbot.prompts import render
from shopbot.tools.interpreter import Interpreter, Limits, Result, observation
from shopbot.tools.interpreter.entry import find_entry

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

REPAIRS = 2

_FENCE = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Attempt:
    """A program that the engine wrote, and what came of it."""

    program: str
    result: Result


def ask(question: str, engine: BaseChatModel, interpreter: Interpreter, limits: Limits | None = None) -> list[Attempt]:
    """The engine's attempts at `question`, the last of which counts: at most one and two repairs."""
    from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

    messages: list[BaseMessage] = [
        SystemMessage(render("pal/system.j2")),
        HumanMessage(render("pal/question.j2", question=question)),
    ]
    attempts: list[Attempt] = []
    while len(attempts) <= REPAIRS:
        written = str(engine.invoke(messages).text)
        program = extract_program(written)
        attempts.append(Attempt(program, _run(program, interpreter, limits)))
        if attempts[-1].result.ok:
            break
        repair = render("pal/repair.j2", observation=observation(attempts[-1].result, program))
        messages += [AIMessage(written), HumanMessage(repair)]
    return attempts


def extract_program(text: str) -> str:
    """The program in a model's reply: the last fenced block, or all of it when nothing is fenced."""
    blocks: list[str] = _FENCE.findall(text)
    return (blocks[-1] if blocks else text).strip("\n") + "\n"


def _run(program: str, interpreter: Interpreter, limits: Limits | None) -> Result:
    return interpreter.run(program, find_entry(program), limits=limits)
