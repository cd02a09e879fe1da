"""From which confidence on an engine of a cascade is believed: a file that `shopbot optimize cascade` writes."""

from __future__ import annotations

import json
import os
from pathlib import Path

from shopbot.engines.errors import EngineError

SHIPPED = Path(__file__).with_name("thresholds.json")
VARIABLE = "SHOPBOT_CASCADE_THRESHOLDS"
_OTHERS = "others"


def load_thresholds(specs: list[str]) -> list[float]:
    """The threshold of each engine, in order; an engine that the file does not name has that of "others".

    Raises:
        EngineError: the file that `SHOPBOT_CASCADE_THRESHOLDS` names cannot be read, or holds no probabilities.
    """
    file = Path(os.environ.get(VARIABLE) or SHIPPED)
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["thresholds"]
        chosen = [float(found.get(spec, found[_OTHERS])) for spec in specs]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise EngineError(
            f"{VARIABLE} is {str(file)!r}, which holds no thresholds ({type(error).__name__}: {error}): "
            "write it with shopbot optimize cascade."
        ) from None
    wrong = [threshold for threshold in chosen if not 0 <= threshold <= 1]
    if wrong:
        raise EngineError(f"{VARIABLE} is {str(file)!r}, where a threshold is {wrong[0]}: it must be from 0 to 1.")
    return chosen
