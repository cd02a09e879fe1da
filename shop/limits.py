"""How much a customer may try and how long what was established holds: `prompts/shopbot/limits.yaml`, checked."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shopbot.prompts import find_prompt
from shopbot.shop.yaml_file import read_yaml

Minutes = Annotated[int, Field(ge=1, le=525_600)]
Times = Annotated[int, Field(ge=1, le=1000)]


class IdentityLimits(BaseModel):
    """How often checks of one order or one address may fail, and what each failure costs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    window_minutes: Minutes
    free: Annotated[int, Field(ge=0, le=1000)]
    first_wait_s: Annotated[int, Field(ge=1, le=86_400)]
    ceiling: Times

    @property
    def window(self) -> timedelta:
        """How long a failure counts."""
        return timedelta(minutes=self.window_minutes)

    def wait(self, failures: int) -> timedelta:
        """How long nothing is checked after the `failures`-th failure."""
        if failures >= self.ceiling:
            return self.window
        beyond = failures - self.free
        return min(timedelta(seconds=self.first_wait_s * 2 ** (beyond - 1)), self.window) if beyond > 0 else timedelta()


class Limits(BaseModel):
    """All of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    failed_checks: Times
    identity: IdentityLimits
    silence_minutes: Minutes
    verification_minutes: Minutes
    offer_minutes: Minutes


def load_limits() -> Limits:
    """The shop's limits.

    Raises:
        ShopError: the file cannot be read, or a limit is missing or wrong; the message names both.
    """
    return read_yaml(find_prompt("shopbot/limits.yaml"), Limits)
