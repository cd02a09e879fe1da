"""`create_agent`: LangChain's agent loop with the gate around every step, a turn of it a transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from langchain.agents.middleware import AgentMiddleware
    from langchain_core.language_models import BaseChatModel
    from langgraph.graph.state import CompiledStateGraph

    from shopbot.agents.budget import Budget
    from shopbot.agents.config import Condition
    from shopbot.agents.journal import Journal
    from shopbot.engines.recording import Recorder
    from shopbot.tools.action import Action

QUESTION_EXPIRES = timedelta(minutes=30)
LONGEST_MESSAGE = 20_000
_building = threading.Lock()


def create_agent(
    engine: BaseChatModel | str,
    actions: Iterable[Action],
    prompt: str = "",
    *,
    services: Any = None,
    checkpointer: Any = None,
    repairs: int = 2,
    budget: Budget | None = None,
    approve: Mapping[str, Condition] | None = None,
    hand_over: str | None = None,
    result: Any = None,
    journal: Journal | None = None,
    recorder: Recorder | None = None,
    restated: bool = False,
    verify: bool = False,
    walk: bool = False,
    question_expires: timedelta = QUESTION_EXPIRES,
    longest_message: int = LONGEST_MESSAGE,
    now: Callable[[], datetime] | None = None,
    given: Iterable[str] = (),
    middleware: Sequence[AgentMiddleware[Any, Any, Any] | Literal["gate"]] = (),
    state_schema: type[Any] | None = None,
    context_schema: type[Any] | None = None,
    response_format: Any = None,
    store: Any = None,
    name: str = "agent",
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """An agent that plans, formats and validates before it acts.

    Args:
        engine: what reasons: any LangChain chat model that can bind tools, or its spec ("planner", "openai:MODEL").
        actions: what it may do; the contract of each decides when.
        prompt: the system prompt; facts, plan and allowed actions are added to it at every step.
        services: whatever the actions work with; they find it in `call.services`. A function gives them for a run, from
            LangGraph's `Runtime`, whose `context` has the form of `context_schema`.
        checkpointer: a LangGraph checkpointer, to keep conversations by `thread_id`.
        repairs: how often a refused proposal goes back to the engine in one step.
        budget: what a turn and a conversation may spend; by default generous limits.
        approve: for which actions a person decides, and when: action -> condition of (arguments, facts). The run
            stops at an interrupt; see `shopbot.agents.act` for how it is resumed.
        hand_over: the action that the agent itself calls when a budget is spent; its arguments must have defaults.
        result: the schema of the answer, found under `structured_response`: a pydantic model, when prose will not do;
            `Model | str` lets the agent ask or tell something in words on the way to it.
        journal: where writes are remembered; by default in the database of the checkpointer, else in the store. A
            checkpointer that outlasts the process needs a journal that does.
        recorder: what writes every decision of the engine down, masked: `shopbot.engines.recording.open_recorder`.
        restated: whether a yes may say again what was asked ("Yes, please cancel order 7, thanks!"); otherwise it is
            an utterance of a small closed grammar, and all else is asked again.
        verify: whether an answer from passages is questioned and revised before it is sent (chain of verification:
            up to five more model calls a turn that has one, on the budget); not for engines that word by template.
        walk: whether the plan's next step is taken without asking the engine where nothing is left to decide: it
            is allowed, only reads, has no arguments, and follows an action of this turn (`shopbot.agents.walking`).
        question_expires: how long after it was asked a question to confirm can be answered.
        longest_message: characters of a customer's message; a longer one raises `MessageTooLong`.
        now: the clock that questions and facts expire by, in UTC; by default the system's.
        given: facts that the state brings and no action gives; or the contract by which other agents hand over to this
            one (`shopbot.agents.hand_over.HandOver`).
        middleware: LangChain's middlewares beside the gate. They stand behind it, where they surround the engine and
            the actions that it lets through; the word "gate" among them puts those before it in front of it.
        state_schema: as for LangChain's `create_agent`.
        context_schema: the same.
        store: the same.
        response_format: as for LangChain's `create_agent`; a pydantic model is the same as `result`.
        name: the agent's name in traces.

    Returns:
        A compiled LangGraph agent (`invoke`, `ainvoke`, `stream`, `astream`) whose state carries `messages`, `facts`,
        `plan` and `awaiting`. With `result`, running it raises `NoResultError` when none came.

    Raises:
        ContractError: contracts that cannot be kept or do not fit together, a middleware where it has no effect, or
            writes that would be forgotten while the checkpoints remember; a `ValueError` too.
    """
    from langchain.agents import create_agent as create_langchain_agent
    from langgraph._internal._constants import CONFIG_KEY_DURABILITY
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
    from pydantic import BaseModel

    from shopbot.agents.agreement import check_engine, check_journal, in_order
    from shopbot.agents.gate import Gate
    from shopbot.agents.state import TrustedState
    from shopbot.agents.stores import journal_for, locks_for
    from shopbot.agents.turns import TurnGraph

    engine = check_engine(engine)
    if isinstance(response_format, type) and issubclass(response_format, BaseModel):
        result, response_format = response_format, None
    journal = journal or journal_for(checkpointer, store)
    actions = list(actions)
    gate = Gate(
        actions,
        given=given,
        services=services,
        repairs=repairs,
        budget=budget,
        approve=approve,
        hand_over=hand_over,
        result=result,
        journal=journal,
        walk=walk,
        recorder=recorder,
        restated=restated,
        verify=verify,
        question_expires=question_expires,
        now=now,
        engine=str(getattr(engine, "spec", "") or engine._llm_type),
        excuses=True,
        alone=not middleware,
        name=name,
    )
    check_journal(gate.config.actions.values(), checkpointer, journal)
    schema = gate.config.result
    if schema is not None and isinstance(getattr(checkpointer, "serde", None), JsonPlusSerializer):
        checkpointer.serde = checkpointer.serde.with_msgpack_allowlist([schema])
    with nullcontext() if middleware else _hooks_without_spans():
        agent = create_langchain_agent(
            engine,
            system_prompt=prompt or None,
            middleware=in_order(gate, middleware, state_schema),
            response_format=response_format,
            state_schema=TrustedState,
            context_schema=context_schema,
            checkpointer=checkpointer,
            store=store,
            name=name,
        )
    parts = {key: value for key, value in vars(agent).items() if key != "__orig_class__"}
    turns = TurnGraph(
        **parts,
        actions={action.name: action for action in actions},
        journal=journal,
        locks=locks_for(checkpointer),
        longest_message=longest_message,
    )
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
