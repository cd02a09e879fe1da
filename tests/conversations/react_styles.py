"""A proposal as ReAct text, in the many ways in which models write it; each can be read, few are as asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from langchain_core.messages import AIMessage

Style = Callable[[str, dict[str, Any]], str]


def _as_asked(name: str, args: dict[str, Any]) -> str:
    return f"Action: {name}\nAction Input: {json.dumps(args)}"


def _fenced(name: str, args: dict[str, Any]) -> str:
    return f"Action: `{name}`\nAction Input:\n```json\n{json.dumps(args, indent=2)}\n```"


def _python(name: str, args: dict[str, Any]) -> str:
    return f"Action: {name}\nAction Input: {args!r}"


def _trailing_comma(name: str, args: dict[str, Any]) -> str:
    return f"**Action:** {name}\n**Action Input:** {json.dumps(args)[:-1]}{', ' if args else ''}}}"


def _call(name: str, args: dict[str, Any]) -> str:
    return f"Action: {name}({', '.join(f'{key}={value!r}' for key, value in args.items())})"


def _made_up_observation(name: str, args: dict[str, Any]) -> str:
    return f"{_as_asked(name, args)}\nObservation: all is well.\nThought: done\nFinal Answer: All is well, trust me."


def _json_blob(name: str, args: dict[str, Any]) -> str:
    return f"```json\n{json.dumps({'action': name, 'action_input': args})}\n```"


def _tag(name: str, args: dict[str, Any]) -> str:
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': args})}\n</tool_call>"


def _spaces_and_prose(name: str, args: dict[str, Any]) -> str:
    return (
        f"Action: {name.replace('_', ' ').title()}\nAction Input: {json.dumps(args)}\n\nNow I wait for the observation."
    )


def _commented(name: str, args: dict[str, Any]) -> str:
    return f"Action: {name}\nAction Input: {json.dumps(args)[:-1]} // as the customer said\n}}"


ACTIONS: tuple[Style, ...] = (
    _as_asked, _fenced, _python, _trailing_comma, _call, _made_up_observation, _json_blob, _tag, _spaces_and_prose,
    _commented,
)  # fmt: skip
REPLIES: tuple[Callable[[str], str], ...] = (
    lambda text: f"Thought: I can answer.\nFinal Answer: {text}",
    lambda text: f"Thought: I can answer.\n**Final Answer:** {text}\n\nCustomer: thanks!\nThought: they are happy",
    lambda text: f"Thought: I can answer.\nAction: Final Answer\nAction Input: {json.dumps({'answer': text})}",
    lambda text: f"<think>The answer is plain.</think>Final Answer: {text}",
    lambda text: text,
)


def as_react(proposal: AIMessage, number: int) -> str:
    """The proposal in the style that is `number`'s turn."""
    said = str(proposal.text)
    if not proposal.tool_calls:
        return REPLIES[number % len(REPLIES)](said)
    call = proposal.tool_calls[0]
    style = ACTIONS[number % len(ACTIONS)]
    if said:
        return f"Thought: The question is next.\nSay: {said}\n{_as_asked(call['name'], call['args'])}"
    return f"Thought: {call['name'].replace('_', ' ')} is next.\n{style(call['name'], call['args'])}"
