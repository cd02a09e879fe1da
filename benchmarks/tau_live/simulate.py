"""Tasks of tau2-bench, simulated and judged by its own package."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import comb
from typing import TYPE_CHECKING, Any

from langgraph.checkpoint.memory import InMemorySaver

from benchmarks.replay.environment import PARTS, without
from benchmarks.tau_live.desk import GatedAgent
from shopbot.agents import create_agent
from shopbot.errors import AgentError
from shopbot.prompts import add_prompts
from shopbot.tools import Action

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

RECORDS = ("users", "orders", "products", "reservations", "flights")
STEPS = 100
"""Messages after which a simulation ends."""


class NoBenchmark(AgentError):
    """The benchmark's package is not there, or is another one of that name."""


def tau2(module: str) -> Any:
    """A module of the benchmark.

    Raises:
        NoBenchmark: it cannot be imported.
    """
    try:
        return importlib.import_module(f"tau2.{module}")
    except ImportError as error:
        raise NoBenchmark(
            f"tau2.{module} cannot be imported ({error}): install Sierra Research's tau2-bench from its repository; "
            "the tau2 of PyPI is another package."
        ) from error


class Messages:
    """Messages in the benchmark's types."""

    def __init__(self) -> None:
        self._types = tau2("data_model.message")

    def says(self, text: str) -> Any:
        """A message with words."""
        return self._types.AssistantMessage(role="assistant", content=text, cost=0.0)

    def calls(self, call_id: str, name: str, args: dict[str, Any]) -> Any:
        """A message with one call."""
        call = self._types.ToolCall(id=call_id, name=name, arguments=args, requestor="assistant")
        return self._types.AssistantMessage(role="assistant", content=None, tool_calls=[call], cost=0.0)


def make_desk(domain: str, engine: BaseChatModel, records: Mapping[str, Any], policy: str, *, plain: bool) -> Any:
    """The example's agent over these records; `plain`: with contracts that demand nothing."""
    actions, prompts, store = _trade(domain)
    add_prompts(prompts)
    if plain:
        actions = [_bare(action) for action in actions]
    services = store(**{name: dict(kept) for name, kept in records.items() if name in RECORDS})
    return create_agent(engine, actions, policy, services=services, restated=True, checkpointer=InMemorySaver())


def _trade(domain: str) -> tuple[list[Action], Any, Callable[..., Any]]:
    if domain == "retail":
        from examples.tau_retail.clerk import ACTIONS, PROMPTS
        from examples.tau_retail.store import Store

        return ACTIONS, PROMPTS, Store
    from examples.tau_airline.agent import ACTIONS, PROMPTS
    from examples.tau_airline.store import Store as Airline

    return ACTIONS, PROMPTS, Airline


def _bare(action: Action) -> Action:
    for part in PARTS:
        action = without(part, action)
    return replace(action, awaiting=None)


def simulate(domain: str, task: Any, engine: BaseChatModel, user: Any, *, plain: bool = False) -> Any:
    """One simulation, with the reward that the benchmark gives it; `user` is a simulated customer of the benchmark."""
    environment = tau2("registry").registry.get_env_constructor(domain)()
    records = environment.tools.db.model_dump(mode="json")
    agent = GatedAgent(make_desk(domain, engine, records, environment.get_policy(), plain=plain), Messages())
    orchestrator = tau2("orchestrator.orchestrator").Orchestrator(
        domain=domain, agent=agent, user=user, environment=environment, task=task, max_steps=STEPS
    )
    simulation = orchestrator.run()
    evaluator = tau2("evaluator.evaluator")
    simulation.reward_info = evaluator.evaluate_simulation(
        domain=domain,
        task=task,
        simulation=simulation,
        evaluation_type=evaluator.EvaluationType.ALL,
        solo_mode=False,
    )
    return simulation


def customer(task: Any, model: str) -> Any:
    """The benchmark's simulated customer of a task, played by a model."""
    simulator = tau2("user.user_simulator").UserSimulator
    return simulator(tools=None, instructions=str(task.user_scenario), llm=model, llm_args={"temperature": 0.0})


def pass_hat(successes: Sequence[int], trials: int) -> dict[int, float]:
    """pass^k for each k up to `trials`: how likely k trials of a task, drawn without return, all succeed."""
    return {
        k: sum(comb(count, k) / comb(trials, k) for count in successes) / len(successes) for k in range(1, trials + 1)
    }
