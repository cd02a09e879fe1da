"""The shop's business rules as data: `returns.yaml`, and `ReturnRules`, what it says once it has been checked.

Deciding with them is `shopbot.shop.returns`. The settings name a folder with a shop's own files.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shopbot.shop.yaml_file import read_yaml

__all__ = ["CategoryRule", "CategoryWindow", "CitedRule", "ReturnRules", "WindowRule", "load_return_rules"]

_SHIPPED = Path(__file__).parent

PolicyKey = Annotated[str, Field(pattern=r"^[a-z0-9-]+#[a-z0-9-]+$", description="document#heading")]
Days = Annotated[int, Field(ge=0, le=3650)]


class CitedRule(BaseModel):
    """A rule, and the policy passage that says so to the customer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    policy: PolicyKey


class CategoryWindow(CitedRule):
    """A return window of one product category."""

    days: Days


class WindowRule(CategoryWindow):
    """How many whole days after delivery an item can be returned; the last one still counts."""

    categories: dict[str, CategoryWindow] = {}

    def of(self, category: str) -> CategoryWindow:
        """The window of a product category."""
        return self.categories.get(category, self)


class CategoryRule(CitedRule):
    """A rule for some product categories."""

    categories: frozenset[str]


class ReturnRules(BaseModel):
    """Everything `shopbot.shop.returns.decide` goes by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    returnable_statuses: frozenset[str]
    not_delivered: CitedRule
    window: WindowRule
    final_sale: CitedRule
    non_returnable: CategoryRule
    already_returned: CitedRule
    refund: CitedRule


def load_return_rules(folder: Path | None = None) -> ReturnRules:
    """The return rules in `returns.yaml` of `folder`, by default those shipped here.

    Raises:
        ShopError: the file cannot be read or a rule is missing or wrong; the message names both.
    """
    return _read((folder or _SHIPPED) / "returns.yaml")


@lru_cache(maxsize=4)
def _read(path: Path) -> ReturnRules:
    return read_yaml(path, ReturnRules)
