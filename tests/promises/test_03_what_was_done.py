"""What was done before a turn was cut short is told, and is not done again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from attacked_agent import Till, call, config, said, start
from langgraph.checkpoint.sqlite import SqliteSaver

WORDS = ["never mind", "ok", "yes"]
KILLED = """
import os, signal, sys
from pathlib import Path

sys.path.insert(0, {here!r})
from attacked_agent import Till, call, prompts_for, start
from langgraph.checkpoint.sqlite import SqliteSaver

prompts_for(Path({prompts!r}))
till = Till()
till.during = lambda: os.kill(os.getpid(), signal.SIGKILL)
with SqliteSaver.from_conn_string({file!r}) as saver:
    talk = start(lambda messages: call("note", amount=5), checkpointer=saver, services=till)
    talk.say("note it")
"""


def test_after_kill_9_between_doing_and_recording(tmp_path: Path) -> None:
    file, here = tmp_path / "c.db", Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", KILLED.format(here=str(here), file=str(file), prompts=str(tmp_path / "prompts"))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    with SqliteSaver.from_conn_string(str(file)) as saver:
        talk = start(call("note", amount=5), {"say": "All is dropped."}, checkpointer=saver)
        reply = talk.reply("never mind")
        assert "I cannot tell whether it went through" in reply
        assert talk.till.paid == []


@pytest.mark.parametrize("words", WORDS)
def test_after_a_cancelled_ainvoke(words: str) -> None:
    async def main() -> tuple[list[int], str]:
        talk, begun, go_on = start(call("note", amount=5), {"say": "Dropped."}), threading.Event(), threading.Event()

        def wait() -> None:
            begun.set()
            go_on.wait(20)

        talk.till.during = wait
        turn = asyncio.ensure_future(talk.agent.ainvoke(said("note it"), config()))
        await asyncio.to_thread(begun.wait, 20)
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
        following = asyncio.ensure_future(talk.agent.ainvoke(said(words), config()))
        await asyncio.sleep(0)
        go_on.set()
        return talk.till.paid, (await following)["messages"][-1].text

    paid, reply = asyncio.run(main())
    assert paid == [5]
    assert "noted 5" in reply


def test_after_a_keyboard_interrupt() -> None:
    talk = start(call("note", amount=5), call("note", amount=5), {"say": "Well."}, services=Till())

    def interrupt() -> None:
        raise KeyboardInterrupt

    talk.till.during = interrupt
    with pytest.raises(KeyboardInterrupt):
        talk.say("note it")
    talk.till.during = lambda: None
    assert "I cannot tell whether it went through" in talk.reply("never mind")
    assert talk.till.paid == [5]
