"""The rules of an action, asked: which of them does a call break?

    def is_delivered(call: Call[Shop], order_id: str) -> str | None:
        status = call.services.orders[order_id].status
        return None if status == "delivered" else f"Order {order_id} is {status}: only a delivered one is returned."

    @action(effect="write", confirm="return_items", rules=(is_delivered,))

A rule may look at the services, the facts and what has been said; it takes, by name, the arguments that it is about, as
what their types say. A rule that fails by surprise does not hold.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from shopbot.errors import AgentError
from shopbot.prompts import says
from shopbot.tools.action import Action, Call, Rule
from shopbot.tools.arguments import as_typed

logger = logging.getLogger(__name__)


def broken(action: Action, call: Call[Any], args: Mapping[str, Any]) -> str | None:
    """What the first rule that does not hold says; None when all hold. The rules stand in the order of their asking."""
    typed = as_typed(args, action.arguments) if action.rules else {}
    for rule in action.rules:
        try:
            reason = rule(call, **{name: typed[name] for name in _arguments(rule)})
        except AgentError as error:
            reason = str(error)
        except Exception:
            logger.exception("a rule of %s failed", action.name)
            reason = str(says("action_failed")).format(name=action.name)
        if reason is not None:
            return reason
    return None


@lru_cache(maxsize=1024)
def _arguments(rule: Rule) -> tuple[str, ...]:
    """The names of the arguments that the rule takes after the call."""
    return tuple(inspect.signature(rule).parameters)[1:]
