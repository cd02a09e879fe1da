"""A small agent to attack: a read, a write that asks first, one that does not, and an engine that plays a script."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from shopbot.agents import create_agent
from shopbot.engines.scripted import ScriptedEngine
from shopbot.prompts import add_prompts
from shopbot.tools.action import Call, Observation, Source, action

Amount = Annotated[int, Source.ENGINE]


@dataclass
class Till:
    """What the actions work with: the sums that were paid, in order."""

    paid: list[int] = field(default_factory=list)
    during: Callable[[], Any] = lambda: None
    """Runs inside of `note`, after the effect."""


@action(title="look")
def look(call: Call[Till], at: Annotated[str, Source.ENGINE] = "") -> Observation:
    """Look into the till."""
    return Observation(f"{len(call.services.paid)} payments")


@action(effect="write", confirm="pay", repeatable=True, title="pay")
def pay(call: Call[Till], amount: Amount) -> Observation:
    """Pay a sum, once the customer has said yes."""
    call.services.paid.append(amount)
    call.services.during()
    return Observation(f"paid {amount}")


@action(effect="write", title="note")
def note(call: Call[Till], amount: Amount) -> Observation:
    """Note a sum."""
    call.services.paid.append(amount)
    call.services.during()
    return Observation(f"noted {amount}")


ACTIONS = [look, pay, note]


@dataclass
class Talk:
    """An agent with what it works with, and a conversation."""

    agent: Any
    till: Till
    engine: ScriptedEngine

    def say(self, words: Any, thread: str = "t") -> dict[str, Any]:
        """The state after a message."""
        state: dict[str, Any] = self.agent.invoke(said(words), config(thread))
        return state

    def reply(self, words: Any, thread: str = "t") -> str:
        """The reply to a message."""
        return str(self.say(words, thread)["messages"][-1].text)


def config(thread: str = "t") -> Any:
    """The configuration of a run in that conversation."""
    return {"configurable": {"thread_id": thread}}


def said(words: Any) -> dict[str, Any]:
    """The input for a message of the customer."""
    return {"messages": [words if isinstance(words, HumanMessage) else HumanMessage(words)]}


def start(*steps: Any, actions: Any = ACTIONS, **options: Any) -> Talk:
    """A conversation with an engine that plays `steps`; a function of the messages plays every one."""
    played: Any = [steps[0]] * 500 if len(steps) == 1 and callable(steps[0]) else steps
    till, engine = options.pop("services", Till()), ScriptedEngine(played)
    options.setdefault("checkpointer", InMemorySaver())
    return Talk(create_agent(engine, actions, services=till, **options), till, engine)


def call(name: str, /, **args: Any) -> AIMessage:
    """A proposal of one call."""
    return AIMessage("", tool_calls=[{"name": name, "args": args, "id": uuid.uuid4().hex}])


def prompts_for(folder: Path) -> None:
    """The wording of the question that paying asks."""
    (folder / "confirm").mkdir(parents=True, exist_ok=True)
    (folder / "confirm" / "pay.j2").write_text("Shall I pay {{ args.amount }}? Please answer yes or no.")
    add_prompts(folder)
