"""How big a returned parcel is said to be; the numbers are in `parcel.yaml`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

from shopbot.shop.carrier import Parcel


def parcel_of(units: int) -> Parcel:
    """The parcel of so many units."""
    numbers = _numbers()
    return Parcel(weight_oz=min(numbers["heaviest_oz"], units * numbers["weight_oz_per_unit"]))


@lru_cache(maxsize=1)
def _numbers() -> dict[str, float]:
    text = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    return {name: float(value) for name, value in yaml.safe_load(text).items()}
