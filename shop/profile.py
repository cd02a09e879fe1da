"""Who the shop is: its name, where returns go and how to reach a person; read from `shop.yaml`.

The settings name a shop's own file; without one the one shipped here is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from shopbot.shop.yaml_file import read_yaml

if TYPE_CHECKING:
    from shopbot.shop.carrier.parcels import Address

_SHIPPED = Path(__file__).parent / "shop.yaml"


@dataclass(frozen=True)
class Profile:
    """The shop as its customers know it. `email` is the sender of its e-mails, `address` is where returns go."""

    name: str
    email: str
    support_email: str
    support_phone: str
    support_hours: str
    address: Address


class _AddressFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    street1: str
    city: str
    state: str
    zip: str
    country: str = "US"
    street2: str = ""
    phone: str = ""
    email: str = ""
    company: str = ""


class _ProfileFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    email: str
    support_email: str
    support_phone: str
    support_hours: str
    address: _AddressFile


def load_profile(file: Path | None = None) -> Profile:
    """The profile in `file`, by default the one shipped here.

    Raises:
        ShopError: the file cannot be read or lacks something; the message names the file and the entry.
    """
    return _read(file or _SHIPPED)


@lru_cache(maxsize=4)
def _read(path: Path) -> Profile:
    from shopbot.shop.carrier.parcels import Address

    content = read_yaml(path, _ProfileFile)
    return Profile(**{**content.model_dump(), "address": Address(**content.address.model_dump())})
