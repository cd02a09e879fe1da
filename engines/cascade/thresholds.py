"""The confidence from which an answer of each engine of a cascade stands: a file that `shopbot optimize cascade`
writes."""

from __future__ import annotations

import json
from pathlib import Path

from shopbot.engines.errors import EngineError
from shopbot.errors import first_line

SHIPPED = Path(__file__).with_name("thresholds.json")
_OTHERS = "others"


def load_thresholds(specs: list[str], file: Path | None = None) -> list[float]:
    """The threshold of each engine, in order; an engine that the file does not name has that of "others".

    Args:
        file: by default the shipped one.

    Raises:
        EngineError: the file cannot be read, or holds no probabilities.
    """
    file = file or SHIPPED
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["thresholds"]
        chosen = [float(found.get(spec, found[_OTHERS])) for spec in specs]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise EngineError(
            f"The file of cascade thresholds is {str(file)!r}, which holds none ({type(error).__name__}: "
            f"{first_line(error)}): write it with shopbot optimize cascade."
        ) from None
    wrong = [threshold for threshold in chosen if not 0 <= threshold <= 1]
    if wrong:
        raise EngineError(
            f"The file of cascade thresholds is {str(file)!r}, where one is {wrong[0]}: it must be from 0 to 1."
        )
    return chosen
