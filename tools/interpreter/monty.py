"""Where there is no sandbox: pydantic-monty, an interpreter written in Rust that has no operating system to offer.

Each program gets a fresh session in one of a few worker processes: no files, no host functions, no clock to wait on.
What it cannot run, runs differently from CPython or might not be trusted to answer is refused, with the reason why.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from shopbot.errors import extra
from shopbot.tools.interpreter.admission import refusal
from shopbot.tools.interpreter.job import Job
from shopbot.tools.interpreter.limits import Limits
from shopbot.tools.interpreter.quick import Refused
from shopbot.tools.interpreter.result import Answer, Failure, Result

if TYPE_CHECKING:
    from pydantic_monty import MontyError

_ENTRY = re.compile(r"[A-Za-z]\w{0,99}(\(\))?")
_MAX_ITEMS = 10_000
_MAX_BITS = 14_000
_MAX_NUMBER_TEXT = 4_000
"""CPython refuses to print an integer of more than 4,300 digits, so output as long as that is left to it."""

_NUMERAL = re.compile(r"[\d.,e+-]++")
_VIEWS = re.compile(r"\b(?:range|keys|values|items)\b")
"""What monty returns as text, so that it cannot be told from text."""


class MontyPool:
    """A pool of workers; programs from many threads wait for each other.

    Args:
        workers: how many processes at most.
    """

    def __init__(self, workers: int) -> None:
        with extra("pal", "The interpreter"):
            from pydantic_monty import Monty

        self._pool = Monty(max_processes=workers, request_timeout=10.0, max_checkouts_per_worker=1000)
        self._pool.__enter__()

    def close(self) -> None:
        """End the workers."""
        self._pool.__exit__(None, None, None)

    def run(self, job: Job, limits: Limits) -> Result:
        """Run one program.

        Raises:
            Refused: it went beyond what this path is good for, failed, or exceeded a limit of this path.
        """
        if reason := refusal(job.code) or _entry_refusal(job.entry):
            raise Refused(reason)
        result = self.run_unchecked(job, limits)
        if job.entry and _holds_text(result) and _VIEWS.search(job.code):
            raise Refused("the answer may be a range or a view of a mapping")
        return result

    def run_unchecked(self, job: Job, limits: Limits) -> Result:
        """Run one program even if CPython might see it differently: contained just as well.

        Raises:
            Refused: it failed, or exceeded a limit of this path.
        """
        value, stdout = self._execute(job, limits)
        if len(stdout) > min(limits.output, _MAX_NUMBER_TEXT):
            raise Refused("prints much")
        if not _digits_are_shortest(stdout):
            raise Refused("prints a float otherwise than CPython may")
        if job.entry is None:
            return Result(stdout=stdout, path="monty")
        answer, text = _described(value)
        return Result(answer=answer, text=text, type=type(value).__name__, stdout=stdout, path="monty")

    def _execute(self, job: Job, limits: Limits) -> tuple[Any, str]:
        from pydantic_monty import CollectString, MontyError

        out = CollectString(max_bytes=_MAX_NUMBER_TEXT + 1)
        # Two line feeds, so that a backslash at the very end does not join the entry to the program.
        source = f"{job.code}\n\n{job.entry or None}"
        try:
            with self._pool.checkout(
                limits={
                    "max_feed_duration_secs": min(limits.monty_seconds, limits.seconds),
                    "max_memory": min(limits.monty_memory, limits.memory),
                    "max_recursion_depth": limits.depth,
                    "max_suspensions": 100,
                    "max_total_sleep_secs": 0.0,
                },
                assert_message_annotations=False,
            ) as session:
                value = session.feed_run(source, inputs=dict(job.inputs) or None, print_callback=out)
        except MontyError as error:
            failure = _failure(error)
            raise Refused(str(failure), failure) from None
        except (ValueError, TypeError, RuntimeError, OSError) as error:
            # such as text that is no Unicode, which does not reach the interpreter at all
            raise Refused(f"{type(error).__name__}: {str(error)[:200]}") from None
        return value, out.output


def _entry_refusal(entry: str | None) -> str | None:
    return None if entry is None or _ENTRY.fullmatch(entry) else "the entry is more than a name or a call"


def _holds_text(result: Result) -> bool:
    return isinstance(result.answer, str) and any(quote in result.answer for quote in "'\"")


def _digits_are_shortest(text: str) -> bool:
    """Whether every float in it is spelt as CPython's `repr` spells it: of two shortest, monty may take the other."""
    numerals = [numeral.strip(",+-.") for numeral in _NUMERAL.findall(text)]
    return all(_is_spelt(each) for each in numerals if ("." in each or "e" in each) and any(map(str.isdigit, each)))


def _is_spelt(numeral: str) -> bool:
    try:
        return repr(float(numeral)) == numeral
    except ValueError:  # such as thousands with commas
        return False


def _failure(error: MontyError) -> Failure:
    kind, _, message = str(error)[:500].partition(": ")
    frames = error.traceback() if hasattr(error, "traceback") else []
    if not kind.isidentifier():
        kind, message = type(error).__name__, str(error)[:500]
    return Failure(kind, message, frames[-1].line if frames else None)


def _described(value: Any) -> tuple[Answer, str]:
    """The answer and its text.

    Raises:
        Refused: of a type or size that is left to CPython.
    """
    kind = type(value)
    if value is None or kind is bool:
        return (value if kind is bool else "None"), str(value)
    if kind is int:
        if value.bit_length() > _MAX_BITS:
            raise Refused("the answer has too many digits")
        return value, str(value)
    if kind is float:
        return (value if math.isfinite(value) else repr(value)), repr(value)
    _check_plain(value)
    text = repr(value)
    if len(text) > _MAX_NUMBER_TEXT:
        raise Refused("the answer is long")
    if "..." in text:
        raise Refused("the answer may hold itself")
    if not _digits_are_shortest(text):
        raise Refused("the answer holds a float otherwise than CPython may")
    return text, str(value)


def _check_plain(value: Any) -> None:
    """Only text and numbers in lists, tuples and mappings, not many and not deep; looked at without recursion."""
    waiting, seen = [(value, 0)], 0
    while waiting:
        item, depth = waiting.pop()
        seen += 1
        kind = type(item)
        if seen > _MAX_ITEMS or depth > 20:
            raise Refused("the answer is large or deep")
        if kind in (list, tuple):
            waiting += [(part, depth + 1) for part in item[:_MAX_ITEMS]]
        elif kind is dict:
            waiting += [(part, depth + 1) for pair in list(item.items())[:_MAX_ITEMS] for part in pair]
        elif kind is int and item.bit_length() > _MAX_BITS:
            raise Refused("the answer has too many digits")
        elif kind not in (int, float, str, bool) and item is not None:
            raise Refused(f"the answer holds a {kind.__name__}")
