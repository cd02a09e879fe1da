"""The form of a ReAct completion as a grammar (GBNF), for backends that decode under one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from shopbot.engines.llama.json_grammar import JsonGrammar
from shopbot.engines.llama.literals import quoted

_PARTS = r"""
thought ::= "Thought: " [^\x00-\x1F\x7F-\x9F\uD800-\uDFFF]{1,400} "\n"
answer ::= "Final Answer: " [^\x00-\x20\x7F-\x9F\uD800-\uDFFF] [^\x00-\x09\x0B-\x1F\x7F-\x9F\uD800-\uDFFF]*
"""


def react_grammar(actions: Sequence[Mapping[str, Any]], *, must_act: bool = False) -> str:
    """GBNF of a thought followed by one action with arguments that fit its schema, or by a final answer.

    Args:
        actions: each with `name` and `parameters` (JSON schema).
        must_act: leave no room for a final answer, if there is an action at all.
    """
    shown = json.dumps([{"name": one["name"], "parameters": one.get("parameters", {})} for one in actions])
    return _react_grammar(shown, must_act)


@lru_cache(maxsize=128)
def _react_grammar(actions: str, must_act: bool) -> str:
    grammar = JsonGrammar()
    kinds = [
        f"{quoted('Action: ' + action['name'] + chr(10) + 'Action Input: ')} {grammar.add(action['parameters'])}"
        for action in json.loads(actions)
    ]
    endings = [*(["action"] if kinds else []), *([] if kinds and must_act else ["answer"])]
    rules = [f"root ::= thought ({' | '.join(endings)})"]
    rules += [f"action ::= {' | '.join(kinds)}"] if kinds else []
    return "\n".join([*rules, _PARTS.strip(), grammar.rules])
