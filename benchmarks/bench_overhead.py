"""CPU time that an agent loop adds to a model that answers at once: four action turns and an answer.

Plain LangChain `create_agent`, this project's `create_agent` with every guard on, pydantic-ai and openai-agents in one
run; each figure is the median over the rounds. The first three are interleaved in one process; openai-agents runs in a
process of its own right after. Peers that are not installed are left out: `make peers` installs them.

    .venv/bin/python benchmarks/bench_overhead.py [ROUNDS]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from langchain_core.messages import AIMessage, HumanMessage, ToolCall

STEPS = 4
PEERS = Path(__file__).parent.parent / ".venv-peers" / "bin" / "python"


def _langchain_script() -> list[AIMessage]:
    calls = [
        AIMessage("", tool_calls=[ToolCall(name="add", args={"number": n}, id=uuid.uuid4().hex, type="tool_call")])
        for n in range(1, STEPS + 1)
    ]
    return [*calls, AIMessage("They make 10.")]


def plain() -> Callable[[], Any]:
    """LangChain's own loop, no middleware."""
    from langchain.agents import create_agent

    from shopbot.engines.scripted import ScriptedEngine

    def add(number: int) -> str:
        """Add a number."""
        return f"added {number}"

    engine = ScriptedEngine([])
    agent = create_agent(engine, [add], system_prompt="Add.")

    def run() -> None:
        engine._steps = _langchain_script()
        agent.invoke({"messages": [HumanMessage("add 1, 2, 3 and 4")]})

    return run


def gated() -> Callable[[], Any]:
    """This project's loop: plan, schema, grounding, needs, budget, journal."""
    from shopbot.agents import create_agent
    from shopbot.engines.scripted import ScriptedEngine
    from shopbot.tools.action import Call, Observation, Source, action

    @action(gives=("sum",))
    def add(call: Call[None], number: Annotated[int, Source.USER]) -> Observation:
        """Add a number."""
        return Observation(f"added {number}", facts={"sum": number})

    engine = ScriptedEngine([])
    agent = create_agent(engine, [add], "Add.")

    def run() -> None:
        engine._steps = _langchain_script()
        state = agent.invoke({"messages": [HumanMessage("add 1, 2, 3 and 4")]})
        if state["facts"] != {"sum": STEPS}:
            raise RuntimeError(f"the loop did not do its {STEPS} steps: {state['facts']}")

    return run


def openai_agents(rounds: int) -> float | None:
    """The median of openai-agents, measured in `.venv-peers`, where nothing else is called `agents`."""
    if not PEERS.exists():
        return None
    peer = Path(__file__).with_name("peer_openai_agents.py")
    done = subprocess.run([str(PEERS), str(peer), str(rounds)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def pydantic_ai() -> Callable[[], Any]:
    """pydantic-ai with its FunctionModel."""
    from pydantic_ai import Agent
    from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
    from pydantic_ai.models.function import AgentInfo, FunctionModel

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        taken = sum(isinstance(message, ModelResponse) for message in messages)
        if taken == STEPS:
            return ModelResponse(parts=[TextPart("They make 10.")])
        return ModelResponse(parts=[ToolCallPart("add", {"number": taken + 1})])

    agent = Agent(FunctionModel(answer), system_prompt="Add.")

    @agent.tool_plain
    def add(number: int) -> str:
        """Add a number."""
        return f"added {number}"

    return lambda: agent.run_sync("add 1, 2, 3 and 4")


def in_turns(contenders: Mapping[str, Callable[[], Any]], rounds: int, *, warm_up: int) -> dict[str, list[float]]:
    """CPU milliseconds of every run, contender by contender; they take turns, so that a busy moment meets all."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + warm_up):
        for name, run in contenders.items():
            started = time.process_time()
            run()
            if number >= warm_up:
                times[name].append((time.process_time() - started) * 1000)
    return times


def main(rounds: int) -> None:
    """Print the table."""
    contenders: dict[str, Callable[[], Any]] = {}
    for name, make in (("create_agent, plain", plain), ("create_agent, gated", gated), ("pydantic-ai", pydantic_ai)):
        try:
            contenders[name] = make()
        except ImportError:
            print(f"{name} is not installed; `make peers` installs it")
    times = in_turns(contenders, rounds, warm_up=5)
    peer = openai_agents(rounds)
    if peer is not None:
        times["openai-agents"] = [peer]
    base = statistics.median(times["create_agent, plain"])
    print("| loop | CPU ms, median | x plain |\n|---|---|---|")
    for name, found in times.items():
        median = statistics.median(found)
        print(f"| {name} | {median:.1f} | {median / base:.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
