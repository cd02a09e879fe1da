"""Faults put into actions: they refuse, break before or after the deed, or take their time, at the call that is named.

actions = with_faults(ACTIONS, {"book": Fault("breaks_after", at=1)})
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from shopbot.tools.action import Action, ActionError
from shopbot.tools.contract_checks import ContractError

Kind = Literal["refuses", "breaks", "breaks_after", "is_slow"]


class InjectedFault(RuntimeError):
    """A surprise that a test has put into an action."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong: "refuses" says an expected failure (`message`); "breaks" raises before anything is done,
    "breaks_after" when it is; "is_slow" waits `seconds` first. `at`: at which call, from 1 on; None: at each."""

    kind: Kind
    at: int | None = None
    message: str = "This cannot be done now."
    seconds: float = 0.05


def with_faults(actions: Iterable[Action], faults: Mapping[str, Fault]) -> list[Action]:
    """The actions, those that `faults` names with their fault.

    Raises:
        ContractError: a name of none of them.
    """
    actions = list(actions)
    names = [action.name for action in actions]
    lost = next((name for name in faults if name not in names), None)
    if lost is not None:
        raise ContractError(f"There is no action {lost!r} to put a fault into: there are {', '.join(names)}.")
    return [_faulty(action, faults[action.name]) if action.name in faults else action for action in actions]


def _faulty(action: Action, fault: Fault) -> Action:
    # A tool's own action runs through LangChain otherwise, past this function.
    return replace(action, run=_Faulty(action.run, fault), tool=None)


class _Faulty:
    """A function with a fault, which counts its calls."""

    def __init__(self, run: Callable[..., Any], fault: Fault) -> None:
        self._run = run
        self._fault = fault
        self._calls = 0
        self._counting = threading.Lock()

    def __call__(self, call: Any, **args: Any) -> Any:
        with self._counting:
            self._calls += 1
            place = self._calls
        if self._fault.at not in (None, place):
            return self._run(call, **args)
        match self._fault.kind:
            case "refuses":
                raise ActionError(self._fault.message)
            case "breaks":
                raise InjectedFault(f"before call {place}")
            case "breaks_after":
                self._run(call, **args)
                raise InjectedFault(f"after call {place}")
            case "is_slow":
                time.sleep(self._fault.seconds)
        return self._run(call, **args)
