"""A whole answer as a grammar: a thought that may be left out, then calls of actions allowed now, or a reply.

    <think>short reasoning</think>
    <tool_call>
    {"name": "take_email", "arguments": {"email": "maria@example.com"}}
    </tool_call>

The tags are those of Hermes and Qwen models, the most common among small ones. A reply holds no `<`, brace or backtick
and begins with no bracket, so that the first character tells what is coming and no call can be written as a reply.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from shopbot.engines.llama.json_grammar import JsonGrammar
from shopbot.engines.llama.literals import literal, quoted

THINK, THOUGHT_ENDS = "<think>", "</think>"
CALL, CALL_ENDS = "<tool_call>", "</tool_call>"
LONGEST_THOUGHT = 400
"""Characters: on a small machine a longer one costs seconds."""
MOST_CALLS = 4

AUTO, ANY, NONE = "auto", "any", "none"

_PARTS = r"""
thought ::= "<think>" [^<\x00-\x09\x0B-\x1F\x7F-\x9F\uD800-\uDFFF]{1,THOUGHT} "</think>\n"
reply ::= visible plain*
visible ::= [^<{}\[`\x00-\x20\x7F-\xA0\u1680\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\uD800-\uDFFF\uFEFF]
plain ::= [^<{}`\x00-\x09\x0B-\x1F\x7F-\x9F\uD800-\uDFFF]
"""


def answer_grammar(
    actions: Sequence[Mapping[str, Any]], choice: str = AUTO, *, thoughts: bool = True, several: bool = True
) -> str:
    """The GBNF text of the answers that are possible now.

    Args:
        actions: each with `name` and `parameters` (JSON schema).
        choice: "auto" a reply or calls, "any" calls, "none" a reply, or the name of the action to call once.
        thoughts: whether a thought may stand before the answer.
        several: whether more than one action may be called at once.

    Raises:
        ValueError: a call is wanted and there is no action, `choice` names none, or a schema has no value.
    """
    chosen = list(actions)
    if choice not in (AUTO, ANY, NONE):
        chosen = [action for action in actions if action["name"] == choice]
        if not chosen:
            names = ", ".join(action["name"] for action in actions) or "none"
            raise ValueError(f"there is no action {choice!r} to choose: the actions allowed now are {names}")
    if choice == ANY and not chosen:
        raise ValueError("a call is asked for and no action is allowed now: allow one or ask for a reply")
    shown = json.dumps([{"name": one["name"], "parameters": one["parameters"]} for one in chosen])
    return _answer_grammar(shown, choice, thoughts, MOST_CALLS if several and choice in (AUTO, ANY) else 1)


@lru_cache(maxsize=128)
def _answer_grammar(actions: str, choice: str, thoughts: bool, most: int) -> str:
    grammar = JsonGrammar()
    kinds = [] if choice == NONE else [_call(grammar, action) for action in json.loads(actions)]
    answers = []
    if kinds:
        answers.append(f'call ("\\n" call){{0,{most - 1}}}' if most > 1 else "call")
    if choice in (AUTO, NONE):
        answers.append("reply")
    root = f"root ::= {'thought? ' if thoughts else ''}({' | '.join(answers)})"
    calls = [f"call ::= {quoted(CALL + chr(10))} ({' | '.join(kinds)}) {quoted(chr(10) + CALL_ENDS)}"] if kinds else []
    return "\n".join([root, *calls, _PARTS.strip().replace("THOUGHT", str(LONGEST_THOUGHT)), grammar.rules])


def call_beginning(name: str) -> str:
    """How the call of an action begins, up to where its name is closed."""
    return f'{CALL}\n{{"name": {json.dumps(name)}'


def _call(grammar: JsonGrammar, action: Mapping[str, Any]) -> str:
    head = f"{quoted('{' + chr(34) + 'name' + chr(34) + ': ')} {literal(action['name'])}"
    return f'{head} {quoted(", " + chr(34) + "arguments" + chr(34) + ": ")} {grammar.add(action["parameters"])} "}}"'
