"""The briefing: what an engine is told before each step, as text for any model and typed for the local ones.

It rides on the system message of that one call and never enters the history.
"""

from __future__ import annotations

from langchain_core.messages import SystemMessage

from shopbot.agents.facts import GOALS
from shopbot.agents.plan import unmet
from shopbot.agents.situation import Situation
from shopbot.engines.protocol import BRIEFING, Briefing
from shopbot.prompts import render


def brief(system: SystemMessage | None, situation: Situation) -> SystemMessage:
    """The agent's own prompt followed by the facts, the plan and what is allowed now."""
    typed = typed_briefing(situation)
    text = render("agent/briefing.j2", **typed)
    prompt = system.text if system else ""
    return SystemMessage(f"{prompt}\n\n{text}".strip(), additional_kwargs={BRIEFING: typed})


def typed_briefing(situation: Situation) -> Briefing:
    """The briefing as plain values."""
    plan = situation.plan
    following = plan.next
    question = situation.state.get("question")
    return Briefing(
        facts=dict(situation.facts),
        goals=list(situation.facts.get(GOALS) or ()),
        plan=plan.as_state(),
        next=following.name if following and following.name in situation.allowed else None,
        awaiting=plan.awaiting,
        opened=situation.opened,
        asked=question["action"] if question else None,
        allowed=sorted(situation.allowed),
        blocked={
            name: list(unmet(action, situation.facts))
            for name, action in situation.actions.items()
            if name not in situation.allowed
        },
        confirm=sorted(name for name, action in situation.allowed.items() if action.confirm),
    )
