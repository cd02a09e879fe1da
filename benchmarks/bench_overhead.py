"""CPU time that an agent loop adds to a model that answers at once: four action turns and an answer.

Plain LangChain `create_agent`, this project's `create_agent` with every guard on, openai-agents and pydantic-ai, in
one process, interleaved; each figure is the median over the rounds. The peers are measured when they are installed
(`pip install openai-agents pydantic-ai-slim`).

    .venv/bin/python benchmarks/bench_overhead.py [ROUNDS]
"""

from __future__ import annotations

import statistics
import sys
import time
import uuid
from collections.abc import Callable
from typing import Annotated, Any

from langchain_core.messages import AIMessage, HumanMessage, ToolCall

STEPS = 4


def _langchain_script() -> list[AIMessage]:
    calls = [
        AIMessage("", tool_calls=[ToolCall(name="add", args={"number": n}, id=uuid.uuid4().hex, type="tool_call")])
        for n in range(1, STEPS + 1)
    ]
    return [*calls, AIMessage("done")]


def plain() -> Callable[[], Any]:
    """LangChain's own loop, no middleware."""
    from langchain.agents import create_agent

    from engines.scripted import ScriptedEngine

    def add(number: int) -> str:
        """Add a number."""
        return f"added {number}"

    engine = ScriptedEngine([])
    agent = create_agent(engine, [add], system_prompt="Add.")

    def run() -> None:
        engine._steps = _langchain_script()
        agent.invoke({"messages": [HumanMessage("add 1 2 3 4")]})

    return run


def gated() -> Callable[[], Any]:
    """This project's loop: plan, schema, grounding, needs, budget, journal."""
    from agents import create_agent
    from engines.scripted import ScriptedEngine
    from tools.action import Call, Observation, Source, action

    @action(gives=("sum",))
    def add(call: Call[None], number: Annotated[int, Source.CUSTOMER]) -> Observation:
        """Add a number."""
        return Observation(f"added {number}", facts={"sum": number})

    engine = ScriptedEngine([])
    agent = create_agent(engine, [add], "Add.")

    def run() -> None:
        engine._steps = _langchain_script()
        agent.invoke({"messages": [HumanMessage("add 1 2 3 4")]})

    return run


def openai_agents() -> Callable[[], Any]:
    """openai-agents with a model of its own that answers at once."""
    from agents import Agent  # noqa: F401
    raise ImportError("it imports as `agents`, like this project: run it from another folder")


def pydantic_ai() -> Callable[[], Any]:
    """pydantic-ai with its FunctionModel."""
    from pydantic_ai import Agent
    from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
    from pydantic_ai.models.function import AgentInfo, FunctionModel

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        taken = sum(isinstance(message, ModelResponse) for message in messages)
        if taken == STEPS:
            return ModelResponse(parts=[TextPart("done")])
        return ModelResponse(parts=[ToolCallPart("add", {"number": taken + 1})])

    agent = Agent(FunctionModel(answer), system_prompt="Add.")

    @agent.tool_plain
    def add(number: int) -> str:
        """Add a number."""
        return f"added {number}"

    return lambda: agent.run_sync("add 1 2 3 4")


def main(rounds: int) -> None:
    """Print the table."""
    contenders: dict[str, Callable[[], Any]] = {}
    for name, make in (("create_agent, plain", plain), ("create_agent, gated", gated), ("pydantic-ai", pydantic_ai)):
        try:
            contenders[name] = make()
        except ImportError as missing:
            print(f"{name}: not measured ({missing})")
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 5):
        for name, run in contenders.items():
            started = time.process_time()
            run()
            if number >= 5:
                times[name].append((time.process_time() - started) * 1000)
    base = statistics.median(times["create_agent, plain"])
    print("| loop | CPU ms, median | x plain |\n|---|---|---|")
    for name, found in times.items():
        median = statistics.median(found)
        print(f"| {name} | {median:.1f} | {median / base:.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
