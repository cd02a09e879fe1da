"""Random situations, a real model at a high temperature: how many of its calls does the gate refuse? None should be.

    python -m benchmarks.grounded_calls MODEL.gguf [--situations 500]

A situation is a message of the conversation generator's and facts that may be known; the model knows nothing of the
task, so that the grammar alone decides. Both kinds of answers are decoded: tool calls, and a guided model's notes. It
takes many minutes: at a high temperature the grammar is asked about the whole vocabulary.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, ToolCall

from shopbot.agents.candidates import candidates_now
from shopbot.agents.config import GateConfig
from shopbot.agents.plan import make_pursue
from shopbot.agents.proposal import check_proposal
from shopbot.agents.shopbot import shop_actions
from shopbot.agents.state import TurnState
from shopbot.engines.llama.answer_grammar import answer_grammar
from shopbot.engines.llama.answers import read_answer
from shopbot.engines.llama.grounded import grounded
from shopbot.engines.llama.guide import of_message
from shopbot.engines.llama.notes import known_notes, notes_grammar, read_notes
from shopbot.engines.llama.runtime import Runtime
from shopbot.engines.llama.work import Wanted, Work
from shopbot.optimize.shopbot.conversations.corpus import examples

_TOKENS, _TEMPERATURE = 400, 1.5
_ASKED: dict[str, Any] = {"order_number": "300123", "goals": ["arrange_return"]}
_VERIFIED = {**_ASKED, "email": "a@example.com", "customer": {"id": 1}}
_ORDERED = {**_VERIFIED, "order": {"items": [{"name": "Blue Jeans"}, {"name": "Coffee Mug"}]}}
_FACTS: tuple[dict[str, Any], ...] = ({}, _ASKED, _VERIFIED, _ORDERED)


def calls_in(runtime: Runtime, state: TurnState, seed: int, *, notes: bool) -> list[ToolCall]:
    """The calls of one answer."""
    message, candidates = state.newest_words, candidates_now(state)
    if notes:
        known = known_notes(state.actions)
        grammar = notes_grammar(known, of_message(message, {"facts": dict(state.facts), "candidates": candidates}))  # type: ignore[typeddict-item]
        read = read_notes(_decode(runtime, grammar, seed), known, message)
        found = [(one.action, dict(one.args)) for one in read if one.action in state.allowed]
        return [ToolCall(name=str(name), args=args, id="1", type="tool_call") for name, args in found]
    offered = [
        {"name": name, "parameters": schema}
        for name, action in state.allowed.items()
        if (schema := grounded(action.arguments.model_json_schema(), candidates.get(name, {}))) is not None
    ]
    return read_answer(_decode(runtime, answer_grammar(offered, "any", thoughts=False), seed)).calls


def _decode(runtime: Runtime, grammar: str, seed: int) -> str:
    wanted = Wanted("Customer:", grammar, _TOKENS, temperature=_TEMPERATURE, seed=seed)
    return "".join(runtime.decode(wanted, Work()))


def main() -> None:
    """Print how many calls there were, and what the gate refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--situations", type=int, default=500)
    parser.add_argument("--threads", type=int)
    wanted = parser.parse_args()
    goals = [action.name for action in shop_actions() if action.goal]
    config = GateConfig({action.name: action for action in [make_pursue(goals), *shop_actions()]})
    runtime, chance = Runtime(wanted.model, context=1024, threads=wanted.threads), random.Random(1)
    made, refused = 0, Counter[str]()
    for seed, example in enumerate(examples("train", wanted.situations, 5)):
        values = {"messages": [HumanMessage(example.message, id="1")], "facts": chance.choice(_FACTS)}
        state = TurnState(values, config, "")
        for call in calls_in(runtime, state, seed, notes=bool(seed % 2)):
            made += 1
            _, refusals = check_proposal(AIMessage("", tool_calls=[call]), state, wants_result=False)
            refused.update(f"{one.reason}: {one.sentence[:100]}" for one in refusals)
    print(f"{wanted.situations} situations, {made} calls, refused by the gate: {dict(refused) or 'none'}")


if __name__ == "__main__":
    main()
