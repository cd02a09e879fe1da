"""Contracts in a YAML file beside tools that somebody else wrote.

    cancel_booking:
      needs: [booking]
      gives: {cancelled: id}
      effect: write
      confirm: "Shall I cancel booking {args.number}?"
      sources: {number: user}

Every key is an argument of `shopbot.tools.foreign.terms_of_tool`; times are in seconds. A tool without a contract is
an action only if its server hints that it reads: whatever else has none may write, and is denied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from shopbot.errors import first_line
from shopbot.tools.action import Action
from shopbot.tools.contract_checks import ContractError
from shopbot.tools.foreign import hints_of
from shopbot.tools.sources import Source

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

_STOCK = Path(__file__).with_name("stock_contracts.yaml")
Origin = Literal["user", "observation", "fact", "engine", "given"]


class Contract(BaseModel):
    """The contract of one tool as a file says it; what is left out is as `terms_of_tool` takes it."""

    model_config = ConfigDict(extra="forbid")

    needs: list[str] = []
    gives: list[str] | dict[str, str] = []
    effect: Literal["read", "write"] | None = None
    confirm: str | bool | None = None
    awaiting: str | None = None
    goal: bool = False
    repeatable: bool = False
    idempotent: bool | None = None
    lapses: timedelta | None = None
    timeout: timedelta | None = None
    tries: int = 1
    title: str | None = None
    sources: dict[str, Origin] = {}

    def bind(self, tool: BaseTool) -> Action:
        """The action that `tool` does under this contract."""
        terms = {name: getattr(self, name) for name in type(self).model_fields}
        return Action.from_tool(tool, **{**terms, "sources": {k: Source[v.upper()] for k, v in self.sources.items()}})


Contracts = Mapping[str, Contract]
_FILE: TypeAdapter[dict[str, Contract]] = TypeAdapter(dict[str, Contract])


def load_contracts(file: str | Path) -> Contracts:
    """The contracts in a YAML file, by the names of their tools.

    Raises:
        ContractError: the file cannot be read, or a contract in it; the message names the place.
    """
    import yaml

    try:
        found = yaml.safe_load(Path(file).read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ContractError(f"The contracts {str(file)!r} cannot be read: {first_line(error)}.") from None
    return read_contracts(found, str(file))


def read_contracts(written: Any, place: str = "contracts") -> Contracts:
    """The contracts in a mapping as a file holds it.

    Raises:
        ContractError: they do not fit their form.
    """
    try:
        return _FILE.validate_python(written)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        known = ", ".join(Contract.model_fields)
        raise ContractError(
            f"In {place} {where} is {first['input']!r}: {first['msg']}. A contract has {known}."
        ) from None


def bind_contracts(contracts: Contracts, tools: Iterable[BaseTool]) -> list[Action]:
    """The actions that `tools` do: by their contracts, and by the hints of their servers those that only read.

    Raises:
        ContractError: a contract whose tool is not there.
    """
    by_name = {tool.name: tool for tool in tools}
    stock = {name: contract for name, contract in load_contracts(_STOCK).items() if name in by_name}
    lost = next((name for name in contracts if name not in by_name), None)
    if lost is not None:
        near = get_close_matches(lost, by_name, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(by_name) or 'none'}."
        raise ContractError(f"There is a contract for {lost!r}, and no such tool: {hint}")
    actions: list[Action] = []
    for name, tool in by_name.items():
        if name in contracts or name in stock:
            actions.append((contracts.get(name) or stock[name]).bind(tool))
        elif hints_of(tool).get("read_only"):
            actions.append(Action.from_tool(tool))
    return actions
