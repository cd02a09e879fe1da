"""`create_agent`: LangChain's agent loop with the gate around every step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.tools import BaseTool
    from langgraph.graph.state import CompiledStateGraph
    from pydantic import BaseModel

    from shopbot.agents.budget import Budget
    from shopbot.agents.config import Condition
    from shopbot.agents.journal import Journal
    from shopbot.engines.recording import Recorder
    from shopbot.tools.action import Action

QUESTION_EXPIRES = timedelta(minutes=30)
LONGEST_MESSAGE = 20_000
_building = threading.Lock()


def create_agent(
    engine: BaseChatModel,
    actions: Iterable[Action],
    prompt: str = "",
    *,
    services: Any = None,
    checkpointer: Any = None,
    repairs: int = 2,
    budget: Budget | None = None,
    approve: Mapping[str, Condition] | None = None,
    hand_over: str | None = None,
    result: type[BaseModel] | None = None,
    journal: Journal | None = None,
    recorder: Recorder | None = None,
    verify: bool = False,
    walk: bool = False,
    question_expires: timedelta = QUESTION_EXPIRES,
    longest_message: int = LONGEST_MESSAGE,
    now: Callable[[], datetime] | None = None,
    name: str = "agent",
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """An agent that plans, formats and validates before it acts.

    Args:
        engine: what reasons: any LangChain chat model that can bind tools.
        actions: what it may do; the contract of each decides when.
        prompt: the system prompt; facts, plan and allowed actions are added to it at every step.
        services: whatever the actions work with; they find it in `call.services`.
        checkpointer: a LangGraph checkpointer, to keep conversations by `thread_id`.
        repairs: how often a refused proposal goes back to the engine in one step.
        budget: what a turn and a conversation may spend; by default generous limits.
        approve: for which actions a person decides, and when: action -> condition of (arguments, facts). The run
            stops at an interrupt; see `shopbot.agents.act` for how it is resumed.
        hand_over: the action that the agent itself calls when a budget is spent; its arguments must have defaults.
        result: the schema of the answer, when prose will not do; found under `structured_response`.
        journal: where writes are remembered; by default in the database of the checkpointer. A checkpointer that
            outlasts the process needs a journal that does.
        recorder: what writes every decision of the engine down, masked: `shopbot.engines.recording.open_recorder`.
        verify: whether an answer from passages is questioned and revised before it is sent (chain of verification:
            up to five more model calls a turn that has one, on the budget); not for engines that word by template.
        walk: whether the plan's next step is taken without asking the engine where nothing is left to decide: it
            is allowed, only reads, has no arguments, and follows an action of this turn (`shopbot.agents.walking`).
        question_expires: how long after it was asked a question to confirm can be answered.
        longest_message: characters of a customer's message; a longer one raises `MessageTooLong`.
        now: the clock that questions and facts expire by, in UTC; by default the system's.
        name: the agent's name in traces.

    Returns:
        A compiled LangGraph agent (`invoke`, `ainvoke`, `stream`, `astream`) whose state carries `messages`, `facts`,
        `plan` and `awaiting`. With `result`, running it raises `NoResultError` when none came.

    Raises:
        ValueError: two actions share a name, a question to confirm has no wording, `approve` or `hand_over` names
            no action, or writes would be forgotten that the checkpoints remember.
    """
    from langchain.agents import create_agent as create_langchain_agent
    from langgraph._internal._constants import CONFIG_KEY_DURABILITY
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    from shopbot.agents.budget import Budget
    from shopbot.agents.config import GateConfig, utc_now
    from shopbot.agents.gate import Gate
    from shopbot.agents.state import TrustedState
    from shopbot.agents.stores import journal_for, locks_for
    from shopbot.agents.tracing import Tracer
    from shopbot.agents.turns import TurnGraph

    everything = _complete(list(actions), result)
    _check_names(everything, [*(approve or {}), *([hand_over] if hand_over else [])])
    journal = journal or journal_for(checkpointer)
    _check_journal(everything, checkpointer, journal)
    if result is not None and isinstance(getattr(checkpointer, "serde", None), JsonPlusSerializer):
        checkpointer.serde = checkpointer.serde.with_msgpack_allowlist([result])
    config = GateConfig(
        actions={action.name: _for_services(action, services) for action in everything},
        services=services,
        repairs=repairs,
        budget=budget or Budget(),
        approve=approve or {},
        journal=journal,
        hand_over=hand_over,
        result=result,
        verify=verify,
        walk=walk,
        engine=str(getattr(engine, "spec", "") or engine._llm_type),
        recorder=recorder,
        tracer=Tracer(name),
        question_expires=question_expires,
        now=now or utc_now,
    )
    with _hooks_without_spans():
        agent = create_langchain_agent(
            engine,
            tools=[_as_tool(action) for action in everything],
            system_prompt=prompt or None,
            middleware=[Gate(config)],
            state_schema=TrustedState,
            checkpointer=checkpointer,
            name=name,
        )
    parts = {key: value for key, value in vars(agent).items() if key != "__orig_class__"}
    turns = TurnGraph(**parts, journal=journal, locks=locks_for(checkpointer), longest_message=longest_message)
    if not checkpointer:
        return turns
    # Each step is on disk before the next begins; by default LangGraph writes while the next is running.
    return turns.with_config(configurable={CONFIG_KEY_DURABILITY: "sync"})


@contextmanager
def _hooks_without_spans() -> Iterator[None]:
    """Build an agent whose hooks LangChain does not wrap for LangSmith, which has no switch.

    The wrapper costs a tenth of a step even when nothing is traced, in `ainvoke` two threads and a task; its spans say
    nothing that those of the graph's nodes and of the model do not.
    """
    from langchain.agents import factory

    wrap = getattr(factory, "traceable", None)
    if wrap is None:
        yield
        return
    with _building:
        setattr(factory, "traceable", lambda **_: lambda hook: hook)  # noqa: B010 (the module does not export it)
        try:
            yield
        finally:
            setattr(factory, "traceable", wrap)  # noqa: B010


def _complete(actions: list[Action], result: type[BaseModel] | None) -> list[Action]:
    """The actions, with those that the agent brings itself."""
    from shopbot.agents.plan import make_pursue
    from shopbot.agents.proposal import make_result_action

    goals = [action.name for action in actions if action.goal]
    own = [make_pursue(goals)] if goals else []
    return [*own, *actions, *([make_result_action(result)] if result else [])]


def _for_services(action: Action, services: Any) -> Action:
    """The action with its time to lapse as these services say it."""
    from dataclasses import replace

    return replace(action, lapses=action.lapses(services)) if callable(action.lapses) else action


def _check_names(actions: list[Action], referred: list[str]) -> None:
    from shopbot.prompts import exists

    names = [action.name for action in actions]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two actions are called {twice[0]!r}: an engine could not tell them apart, so rename one")
    unworded = [a for a in actions if a.confirm and not exists(f"confirm/{a.confirm}.j2")]
    if unworded:
        raise ValueError(
            f"the action {unworded[0].name!r} asks the customer with confirm/{unworded[0].confirm}.j2, which is in no "
            "prompts folder: write it and name its folder with prompts.add_prompts"
        )
    unknown = [name for name in referred if name not in names]
    if unknown:
        raise ValueError(f"there is no action {unknown[0]!r}: name one of {', '.join(names)}")


def _check_journal(actions: list[Action], checkpointer: Any, journal: Journal) -> None:
    """Refuse an agent that would remember a conversation and forget what it has done in it."""
    from langgraph.checkpoint.memory import InMemorySaver

    writes = [action.name for action in actions if action.effect == "write"]
    lasts = checkpointer not in (None, True, False) and not isinstance(checkpointer, InMemorySaver)
    if writes and lasts and not journal.durable:
        raise ValueError(
            f"{type(checkpointer).__name__} keeps conversations for good, and nothing would keep that {writes[0]!r} "
            "was done: use open_memory, one of LangGraph's SQLite or PostgreSQL savers, or give journal= one that lasts"
        )


def _as_tool(action: Action) -> BaseTool:
    """What LangChain shows the model: name, description, strict schema. The gate runs the function itself.

    The schema is given as JSON: LangChain's own conversion of a pydantic model loses `additionalProperties: false`.
    """
    from langchain_core.tools import StructuredTool

    def only_through_the_gate(**_: Any) -> str:
        raise RuntimeError(f"{action.name} was called around the gate")

    return StructuredTool(
        name=action.name,
        description=action.description,
        args_schema=action.arguments.model_json_schema(),
        func=only_through_the_gate,
    )
