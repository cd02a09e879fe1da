"""Replies from templates: what the actions of this turn observed, then the question for what the plan waits for.

`prompts/replies/ACTION.j2` words an observation, `replies/questions.yaml` asks, `replies/manners.yaml` holds the lines
for what is answered by wording alone. A small model words none of it: what it cannot say wrongly it need not say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage, ToolMessage

from shopbot.engines.protocol import Briefing
from shopbot.prompts import exists, load_data, render


def worded(turn: Sequence[BaseMessage], briefing: Briefing, lines: Sequence[str], *, asks: bool) -> str:
    """What there is to say.

    Args:
        turn: the customer's newest message and what followed it.
        lines: lines of `replies/manners.yaml` for what the message does; they are said when there is no news.
        asks: whether what the plan waits for is asked.
    """
    observed = [m for m in turn if isinstance(m, ToolMessage) and m.artifact]
    news = [text for text in dict.fromkeys(_observation(message, briefing) for message in observed) if text]
    asked = any(message.artifact.get("awaiting") for message in observed)
    question = _question(briefing["awaiting"], lines) if asks and not asked else ""
    parts = [*(news or _lines(lines, briefing)), *([question] if question else [])]
    return "\n\n".join(parts) if parts or not asks else str(load_data("replies/questions.yaml")["unclear"])


def _observation(message: ToolMessage, briefing: Briefing) -> str:
    path, seen = f"replies/{message.name}.j2", message.artifact
    if not exists(path):
        return ""
    return render(path, data=seen["data"], ok=seen["ok"], facts=briefing["facts"], citations=seen["citations"])


def _lines(wanted: Sequence[str], briefing: Briefing) -> list[str]:
    """The first line that is there for the moment."""
    manners: dict[str, dict[str, str]] = load_data("replies/manners.yaml")
    kinds = ["unconfirmed"] if briefing["awaiting"] == "confirmation" else []
    kinds += ["alone", "closing", *([] if briefing["awaiting"] else ["idle"]), "always"]
    return [manners[kind][line] for line in wanted for kind in kinds if line in manners[kind]][:1]


def _question(slot: str | None, lines: Sequence[str]) -> str:
    if slot is None or slot == "confirmation":
        return ""
    questions: dict[str, Any] = load_data("replies/questions.yaml")
    lost = "cannot_provide" in lines and slot in questions["find"]
    return str(questions["find"][slot] if lost else questions["ask"].get(slot, slot))
