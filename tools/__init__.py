"""Actions, one file each; `shopbot.tools.action` is their contract."""

from shopbot.tools.action import Action, ActionError, Call, Citation, Observation, Rule, Source, action
from shopbot.tools.contract_checks import ContractError
from shopbot.tools.contracts import load_contracts

__all__ = [
    "Action",
    "ActionError",
    "Call",
    "Citation",
    "ContractError",
    "Observation",
    "Rule",
    "Source",
    "action",
    "load_contracts",
]
