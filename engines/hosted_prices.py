"""What an answer of a hosted model cost, by the price list in `prompts/engines/prices.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from langchain_core.messages.ai import UsageMetadata

from shopbot.prompts import load_data

_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")
_A_MILLION = 1_000_000


def cost_of(model: str, usage: UsageMetadata | None) -> float | None:
    """US dollars for `usage` of `model` (PROVIDER:MODEL); None when its price or its tokens are not known.

    Raises:
        PromptError: the price list is not YAML.
    """
    listed: Mapping[str, Mapping[str, float]] = load_data("engines/prices.yaml") or {}
    price = listed.get(model) or listed.get(_SNAPSHOT.sub("", model))
    if price is None or usage is None:
        return None
    cached = usage.get("input_token_details", {}).get("cache_read") or 0
    fresh = usage["input_tokens"] - cached
    charged = fresh * price["input"] + cached * price.get("cached", price["input"])
    return (charged + usage["output_tokens"] * price["output"]) / _A_MILLION
