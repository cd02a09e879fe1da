"""What the local engine costs around llama.cpp, and what its prompt cache saves. No model at hand is needed for the
first table: a GGUF file with random weights serves as well.

    python -m benchmarks.llama_speed MODEL.gguf [--turns 6]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage

from shopbot.agents.shopbot import shop_actions
from shopbot.engines.llama.answer_grammar import _answer_grammar, answer_grammar
from shopbot.engines.llama.answers import read_answer
from shopbot.engines.llama.measure import measure
from shopbot.engines.llama.model import LlamaEngine
from shopbot.engines.llama.prompting import Request
from shopbot.prompts import render

ANSWER = '<tool_call>\n{"name": "take_email", "arguments": {"email": "maria.lopez@example.com"}}\n</tool_call>'


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--turns", type=int, default=6)
    options = parser.parse_args()
    engine = LlamaEngine(options.model)
    print(f"{options.model.name}: {measure(engine.runtime)}\n")
    actions = [
        {"name": a.name, "description": a.description, "parameters": a.arguments.model_json_schema()}
        for a in shop_actions()
    ]
    _own_time(engine, actions)
    _cache(engine, actions, options.turns)


def _own_time(engine: LlamaEngine, actions: list[dict[str, Any]]) -> None:
    messages = [SystemMessage(_system()), *_turn(1), *_turn(2), HumanMessage("and the e-mail is maria@example.com")]
    request = Request(actions=actions)
    prompting = engine._prompting
    prompting.prompt(messages, request, 10**6)
    print("CPU of ours per call, milliseconds")
    print(f"  prompt: messages, template, tokens  {_cpu(lambda: prompting.prompt(messages, request, 10**6)):.2f}")
    text = prompting._template.render(_system(), [])
    print(
        f"    of it llama.cpp's own tokenising of a system prompt of {len(text):,} characters"
        f"  {_cpu(lambda: engine.runtime.tokenise(text)):.2f}"
    )
    print(f"  grammar, actions seen before        {_cpu(lambda: answer_grammar(actions)):.2f}")
    print(f"  grammar, new                        {_cpu(lambda: _new_grammar(actions)):.2f}")
    print(f"  reading the answer                  {_cpu(lambda: read_answer(ANSWER)):.2f}\n")


def _new_grammar(actions: list[dict[str, Any]]) -> str:
    _answer_grammar.cache_clear()
    return answer_grammar(actions)


def _cache(engine: LlamaEngine, actions: list[dict[str, Any]], turns: int) -> None:
    print("turn  tokens of the prompt  evaluated  seconds")
    bound = engine.bind_tools([{"type": "function", "function": action} for action in actions])
    messages: list[Any] = [SystemMessage(_system())]
    for number in range(1, turns + 1):
        messages += [HumanMessage(f"Question {number}: what about order 12345{number}?")]
        timings = bound.invoke(messages, longest_answer=16).response_metadata["timings"]
        print(
            f"{number:4}  {timings['prompt_tokens']:20,}  {timings['evaluated_tokens']:9,}"
            f"  {timings['prompt_seconds']:7.2f}"
        )
        messages += _turn(number)[1:]


def _system() -> str:
    from shopbot.shop.profile import load_profile

    return render("shopbot/system.j2", shop=load_profile())


def _turn(number: int) -> list[Any]:
    call = ToolCall(name="search_policies", args={"question": f"question {number}"}, id=f"c{number}", type="tool_call")
    return [
        HumanMessage(f"Question {number}: how long do I have?"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("Returns are accepted within 30 days of delivery. " * 6, tool_call_id=f"c{number}", name="search"),
        AIMessage("You have 30 days [returns#return-window]."),
    ]


def _cpu(work: Callable[[], Any], times: int = 50) -> float:
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times * 1000


if __name__ == "__main__":
    main()
