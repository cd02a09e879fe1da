"""Who runs next: fairly, in bounded time, and nobody has a lane to himself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from shopbot.tools.interpreter import Interpreter, Limits
from shopbot.tools.interpreter.lanes import Busy, Lane, Usage


def waiting_in(lane: Lane, caller: str, order: list[str]) -> threading.Thread:
    """A thread that notes its turn; started, and in the queue."""

    def take() -> None:
        with lane.turn(caller, 10):
            order.append(caller)

    before = len(lane._waiting)
    thread = threading.Thread(target=take)
    thread.start()
    wait_until(lambda: len(lane._waiting) > before)
    return thread


def wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        time.sleep(0.005)
    raise AssertionError("it did not come about")


def test_who_used_least_of_late_goes_first() -> None:
    usage, order = Usage(), list[str]()
    usage.add("greedy", 5.0)
    lane = Lane(1, usage)
    with lane.turn("other", 1):
        threads = [waiting_in(lane, caller, order) for caller in ("greedy", "modest")]
    for thread in threads:
        thread.join()
    assert order == ["modest", "greedy"]


def test_a_named_caller_does_not_have_the_whole_lane() -> None:
    lane = Lane(2, Usage())
    with lane.turn("a", 1):
        with pytest.raises(Busy, match="no turn came within"), lane.turn("a", 0.01):
            pass
        with lane.turn("b", 1):
            pass


def test_waiting_is_bounded_and_told() -> None:
    lane = Lane(1, Usage())
    with lane.turn(None, 1), pytest.raises(Busy, match="0 other programs are waiting"), lane.turn(None, 0.01):
        pass
    with lane.turn(None, 0.01):  # the one that gave up takes no place
        pass


def test_a_turn_moves_to_another_lane_only_when_there_is_room() -> None:
    usage = Usage()
    lane, aside = Lane(1, usage), Lane(1, usage)
    with lane.turn(None, 1) as first:
        assert first.move_to(aside)
        with lane.turn(None, 1) as second:
            assert not second.move_to(aside)


def test_loops_leave_short_programs_their_place(interpreter: Interpreter) -> None:
    interpreter.run("import os")
    loops = [
        threading.Thread(target=interpreter.run, args=("import os\nwhile True: pass",), kwargs={"limits": Limits(3.0)})
        for _ in range(6)
    ]
    for loop in loops:
        loop.start()
    results = [interpreter.run(f"import os\nans = {n}", "ans") for n in range(10)]
    assert [result.answer for result in results] == list(range(10))
    assert any(loop.is_alive() for loop in loops)
    for loop in loops:
        loop.join()


def test_the_time_in_the_queue_is_told(interpreter: Interpreter) -> None:
    result = interpreter.run("ans = 1", "ans", caller="conversation")
    assert 0 <= result.queued_ms <= result.ms
