"""The gate: everything that stands between an engine's proposal and an action, as one LangChain middleware.

Around each model call it offers the actions that are allowed now and lets no proposal through that does not hold
(`shopbot.agents.model_step`); around each action it checks again, asks a person where one must decide, and turns
whatever comes back into an observation and facts (`shopbot.agents.act`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain.agents.middleware import AgentMiddleware, ExtendedModelResponse, ModelRequest, ModelResponse
from langchain.tools.tool_node import ToolCallRequest
from langchain_core.tools import BaseTool
from langgraph._internal._constants import CONFIG_KEY_CHECKPOINTER
from langgraph.config import get_config
from langgraph.types import Command

from shopbot.agents.act import act
from shopbot.agents.agreement import check_agreement, check_journal, read_result
from shopbot.agents.budget import Budget
from shopbot.agents.config import Condition, GateConfig, utc_now
from shopbot.agents.hand_over import HandOver
from shopbot.agents.journal import Journal, MemoryJournal
from shopbot.agents.model_step import ModelStep
from shopbot.agents.plan import make_pursue
from shopbot.agents.proposal import make_result_action
from shopbot.agents.proposing import with_proposal
from shopbot.agents.run import RunServices, conversation_of_run, is_followed, unstreamed
from shopbot.agents.state import TrustedState, TurnState
from shopbot.agents.stores import journal_for
from shopbot.agents.threads import in_gate_thread
from shopbot.agents.tool_calls import Performance, as_tool, is_async_action, runs_without_a_loop
from shopbot.agents.tracing import Tracer
from shopbot.agents.turn_locks import busy_turn
from shopbot.engines.drive import adrive, drive
from shopbot.tools.action import Action
from shopbot.tools.agreement import check_kinds
from shopbot.tools.contracts import Contracts, bind_contracts, load_contracts, read_contracts

if TYPE_CHECKING:
    from shopbot.engines.recording import Recorder

Response = ExtendedModelResponse[Any]
_UNTIMED = Budget(turn=replace(Budget().turn, seconds=None), conversation=replace(Budget().conversation, seconds=None))
"""What an agent of LangChain's may spend by default. A limit of time costs a change of threads for every read."""


class Gate(AgentMiddleware[TrustedState, Any, Any]):
    """Plan, format, validate, then act: for LangChain's `create_agent`, beside whatever other middlewares.

    create_agent(model, tools=[find, cancel], middleware=[Gate("contracts.yaml"), SummarizationMiddleware(...)])
    """

    state_schema = TrustedState

    def __init__(
        self,
        contracts: Iterable[Action] | Contracts | Mapping[str, Mapping[str, Any]] | str | Path,
        tools: Iterable[BaseTool] = (),
        *,
        given: Iterable[str] = (),
        services: Any = None,
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
        question_expires: timedelta = timedelta(minutes=30),
        now: Callable[[], datetime] | None = None,
        engine: str = "",
        excuses: bool = False,
        alone: bool = False,
        name: str = "agent",
    ) -> None:
        """A gate over these actions.

        Args:
            contracts: actions, made by `@action` or `Action.from_tool`; or contracts for the agent's tools by their
                names, as a file of them (`shopbot.tools.contracts`) or read. A tool of the agent's without a contract
                is denied, unless its server hints that it only reads.
            tools: the agent's, where contracts are by name: mistakes in these are found now, and not when the agent
                first runs; needed where a middleware in front of the gate hides some of them.
            given: facts that the state brings and no action gives; or the contract by which other agents hand over.
            budget: as for `shopbot.agents.create_agent`, by default without limits of time.
            services: whatever the actions work with; a function, a method or a `partial` gives them for each step of a
                run, from LangGraph's `Runtime`; any other object is them itself, one that can be called too.
            excuses: whether a failing engine is answered for in words; else its failure is raised, for LangChain's
                retries and fallbacks.
            alone: whether no middleware of others stands beside it.
            engine: the engine's name in traces.

        The others are as for `shopbot.agents.create_agent`.

        Raises:
            ContractError: a contract that cannot be kept, or contracts that do not fit together.
        """
        super().__init__()
        actions, self._contracts = _read(contracts)
        schema, prose = read_result(result)
        goals = [each.name for each in actions if each.goal]
        goals += [tool for tool, contract in self._contracts.items() if contract.goal]
        everything = [*([make_pursue(goals)] if goals else []), *actions]
        everything += [make_result_action(schema)] if schema else []
        self._given = tuple(given)
        self._services = services
        self._run_services = RunServices(services)
        self._journal_of: tuple[Any, Any, Any] = (None, None, None)
        """The checkpointer and the store of the last run, and the journal that they decide on."""
        self.config = GateConfig(
            actions={each.name: _for_services(each, services) for each in everything},
            services=services,
            repairs=repairs,
            budget=budget or (Budget() if excuses else _UNTIMED),
            approve=approve or {},
            journal=journal or MemoryJournal(),
            hand_over=hand_over,
            takes=given if isinstance(given, HandOver) else None,
            result=schema,
            prose=prose,
            restated=restated,
            verify=verify,
            walk=walk,
            engine=engine,
            recorder=recorder,
            tracer=Tracer(name),
            question_expires=question_expires,
            now=now or utc_now,
            alone=alone,
            excuses=excuses,
        )
        self.tools = [as_tool(each) for each in everything]
        self._is_bound = alone and not self._contracts
        if tools:
            self._bind(tools)
            self._is_bound = False  # other middlewares may bring tools of theirs
            self._contracts = {}
        elif not self._contracts:
            self._check(everything)

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> Response:
        """One step of the engine, its proposal validated before anything else sees it."""

        def answer(asked: Any) -> Any:
            if not isinstance(asked, ModelRequest):
                return asked()
            with unstreamed():
                return handler(asked)

        return drive(self._step(request), answer)

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> Response:
        """As `wrap_model_call`, for `ainvoke` and `astream`; an errand runs in a thread."""

        async def answer(asked: Any) -> Any:
            if not isinstance(asked, ModelRequest):
                return await in_gate_thread(asked)
            with unstreamed():
                return await handler(asked)

        return await adrive(self._step(request), answer)

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[..., Any]) -> Command[Any]:
        """Act, once more validated: a call edited on its way here passes the same checks."""
        return self._act(request, handler, is_async=False)

    async def awrap_tool_call(self, request: ToolCallRequest, handler: Callable[..., Any]) -> Command[Any]:
        """As `wrap_tool_call`: the gate waits in a thread of its own, so that the event loop stays free for others and
        for the tool itself."""
        loop = asyncio.get_running_loop()

        def on_the_loop(through: ToolCallRequest) -> Any:
            return asyncio.run_coroutine_threadsafe(handler(through), loop).result()

        return await in_gate_thread(lambda: self._act(request, on_the_loop, is_async=True))

    def _step(self, request: ModelRequest[Any]) -> Generator[Any, Any, Response]:
        self._bind(request.tools)
        return ModelStep(with_proposal(request), self._of_run(request.runtime), conversation_of_run()).run()

    def _act(self, request: ToolCallRequest, handler: Callable[..., Any], *, is_async: bool) -> Command[Any]:
        self._bind(request.runtime.tools)
        conversation, config = conversation_of_run(), self._of_run(request.runtime)
        action = config.actions.get(request.tool_call["name"])
        with busy_turn(conversation):
            if action is None or self._runs_directly(action, is_async=is_async):
                return act(request.tool_call, TurnState(request.state, config, conversation))
            performance = Performance(action, request, handler)
            config = config.with_action(performance.action)
            return performance.add_to(act(request.tool_call, TurnState(request.state, config, conversation)))

    def _runs_directly(self, action: Action, *, is_async: bool) -> bool:
        """Whether nothing of LangChain's has to surround the action, or can: an action of ours is run at once where no
        middleware stands beside the gate and nobody follows the run."""
        if action.tool is not None:
            return not (is_async or runs_without_a_loop(action))
        return self.config.alone and not is_async_action(action) and not is_followed()

    def _bind(self, tools: Iterable[Any]) -> None:
        """Contracts become actions with the tools of the agent, which are known when it first runs."""
        if self._is_bound:
            return
        known = self.config.actions
        others = [tool for tool in tools if isinstance(tool, BaseTool) and tool.name not in known]
        bound = {each.name: _for_services(each, self._services) for each in bind_contracts(self._contracts, others)}
        actions = {**known, **bound}
        self._check(list(actions.values()))
        self.config = replace(self.config, actions=actions)
        self._is_bound = True

    def _check(self, actions: Sequence[Action]) -> None:
        check_agreement(actions, self._given, self.config.approve, self.config.hand_over)

    def _of_run(self, runtime: Any) -> GateConfig:
        """The configuration of this run: its services, and a journal that lasts as long as its checkpoints."""
        config = self.config
        services = self._run_services.of(runtime)
        if services is not config.services:
            config = replace(config, services=services)
        saver = get_config().get("configurable", {}).get(CONFIG_KEY_CHECKPOINTER)
        if config.journal.durable or saver is None:
            return config
        known, store, journal = self._journal_of
        if saver is not known or runtime.store is not store:
            journal = journal_for(saver, runtime.store)
            check_journal(config.actions.values(), saver, journal)
            self._journal_of = (saver, runtime.store, journal)
        return replace(config, journal=journal) if journal.durable else config


def _read(contracts: Any) -> tuple[list[Action], Contracts]:
    """The actions that are given, and the contracts that tools are still to be found for."""
    if isinstance(contracts, str | Path):
        return [], load_contracts(contracts)
    if isinstance(contracts, Mapping):
        return [], read_contracts(contracts)
    actions = list(contracts)
    check_kinds(actions)
    return actions, {}


def _for_services(action: Action, services: Any) -> Action:
    """The action with its time to lapse as these services say it."""
    return replace(action, lapses=action.lapses(services)) if callable(action.lapses) else action
