"""CPU time of the gate dropped into an agent of LangChain's `create_agent`: the same agent without it and with it.

Both run the same tools by the same script, a call at a time, interleaved in one process; each figure is the median over
the rounds, and the ratio is what the gate costs.

    python -m benchmarks.gate_overhead [ROUNDS]
"""

from __future__ import annotations

import statistics
import sys
import uuid
from collections.abc import Callable
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, ToolCall
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from benchmarks.bench_overhead import in_turns
from shopbot.agents import Gate
from shopbot.engines.scripted import ScriptedEngine

STEPS = 4
WARM_UP = 10
CONTRACTS = {"add": {"effect": "read", "sources": {"number": "user"}}}


@tool
def add(number: int) -> str:
    """Add a number."""
    return f"added {number}"


def script() -> list[AIMessage]:
    """A call for each number, and an answer."""
    calls = [
        AIMessage("", tool_calls=[ToolCall(name="add", args={"number": n}, id=uuid.uuid4().hex, type="tool_call")])
        for n in range(1, STEPS + 1)
    ]
    return [*calls, AIMessage("They make 10.")]


def contender(*, gated: bool) -> Callable[[], None]:
    """One turn of four calls in a conversation of its own."""
    engine = ScriptedEngine([])
    middleware: list[Any] = [Gate(CONTRACTS)] if gated else []
    agent: Any = create_agent(engine, [add], system_prompt="Add.", middleware=middleware, checkpointer=InMemorySaver())

    def run() -> None:
        engine._steps = script()
        config = {"configurable": {"thread_id": uuid.uuid4().hex}}
        state = agent.invoke({"messages": [HumanMessage("add 1, 2, 3 and 4")]}, config)
        if sum(message.type == "tool" and message.status == "success" for message in state["messages"]) != STEPS:
            raise RuntimeError(f"the agent did not do its {STEPS} steps: {state['messages']}")

    return run


def main(rounds: int) -> None:
    """Print the table."""
    contenders = {"create_agent": contender(gated=False), "create_agent with the gate": contender(gated=True)}
    times = in_turns(contenders, rounds, warm_up=WARM_UP)
    without = statistics.median(times["create_agent"])
    print("| agent | CPU ms a turn, median | x without |\n|---|---|---|")
    for name, found in times.items():
        median = statistics.median(found)
        print(f"| {name} | {median:.1f} | {median / without:.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
