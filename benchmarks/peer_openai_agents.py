"""openai-agents with a model that answers at once: four tool turns and an answer, CPU ms, median over the rounds.

Runs in an environment of its own, because openai-agents imports as `agents` too; `bench_overhead.py` calls it.
"""

from __future__ import annotations

import statistics
import sys
import time
import uuid
from typing import Any

from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from shopbot.agents import Agent, Model, ModelResponse, Runner, Usage, function_tool, set_tracing_disabled  # type: ignore

STEPS = 4


class Instant(Model):  # type: ignore[misc]
    """Calls `add` four times, then says the sum."""

    def __init__(self) -> None:
        self.calls = 0

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        """The next answer."""
        self.calls += 1
        if self.calls % (STEPS + 1):
            arguments = f'{{"number": {self.calls % (STEPS + 1)}}}'
            item: Any = ResponseFunctionToolCall(
                arguments=arguments, call_id=uuid.uuid4().hex, name="add", type="function_call"
            )
        else:
            text = ResponseOutputText(text="They make 10.", type="output_text", annotations=[])
            item = ResponseOutputMessage(id="m", content=[text], role="assistant", status="completed", type="message")
        return ModelResponse(output=[item], usage=Usage(), response_id=None)

    def stream_response(self, *args: Any, **kwargs: Any) -> Any:
        """Not needed here."""
        raise NotImplementedError


@function_tool  # type: ignore[untyped-decorator]
def add(number: int) -> str:
    """Add a number."""
    return f"added {number}"


def main(rounds: int) -> None:
    """Print the median."""
    set_tracing_disabled(True)
    agent = Agent(name="adder", instructions="Add.", tools=[add], model=Instant())
    times = []
    for number in range(rounds + 5):
        started = time.process_time()
        Runner.run_sync(agent, "add 1, 2, 3 and 4")
        if number >= 5:
            times.append((time.process_time() - started) * 1000)
    print(statistics.median(times))


if __name__ == "__main__":
    main(int(sys.argv[1]))
