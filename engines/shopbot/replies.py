"""Replies: templates under `prompts/replies/`, filled from the observations of this turn and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, ToolMessage

from shopbot.engines.protocol import Briefing
from shopbot.engines.shopbot.reader import Reading
from shopbot.prompts import exists, load_data, render


def compose_reply(reading: Reading, turn: Sequence[BaseMessage], briefing: Briefing, *, asks: bool) -> str:
    """What there is to say: a word to the customer's tone, the observations, then the question for what is missing."""
    observed = [m for m in turn if isinstance(m, ToolMessage) and m.artifact]
    news = [text for text in dict.fromkeys(_observation_reply(message, briefing) for message in observed) if text]
    parts = [*_manners(reading, briefing, bool(news) or not asks), *news]
    if asks and not any(message.artifact.get("awaiting") for message in observed):
        parts += _question(briefing, reading)
    return "\n\n".join(parts) if parts or not asks else str(_lines()["unclear"])


def _observation_reply(message: ToolMessage, briefing: Briefing) -> str:
    path = f"replies/{message.name}.j2"
    if not exists(path):
        return ""
    artifact = message.artifact
    return render(
        path,
        data=artifact["data"],
        ok=artifact["ok"],
        facts=briefing["facts"],
        citations=artifact["citations"],
    )


def _manners(reading: Reading, briefing: Briefing, has_news: bool) -> Iterator[str]:
    """A line for each act that is answered by wording alone; most only when there is nothing else to say."""
    lines = load_data("replies/manners.yaml")
    yield from _spoken(lines["always"], reading)
    if has_news:
        return
    waits = briefing["awaiting"]
    alone = {**(lines["unconfirmed"] if waits == "confirmation" else {}), **lines["alone"]}
    yield from [*_spoken(alone, reading)][:1]
    yield from _spoken(lines["closing"], reading)
    if waits is None:
        yield from [*_spoken(lines["idle"], reading)][:1]


def _spoken(lines: dict[str, str], reading: Reading) -> Iterator[str]:
    return (line for act, line in lines.items() if reading.performs(act))


def _question(briefing: Briefing, reading: Reading) -> list[str]:
    """The question for what the plan waits for; how to find it when the customer has just said they cannot."""
    slot = briefing["awaiting"]
    lines = _lines()
    if slot is None or slot == "confirmation":
        return []
    if reading.performs("cannot_provide") and slot in lines["find"]:
        return [lines["find"][slot]]
    return [lines["ask"].get(slot, slot)]


def _lines() -> dict[str, Any]:
    lines: dict[str, Any] = load_data("replies/questions.yaml")
    return lines
