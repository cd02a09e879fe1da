"""`take_case_number`: which case the lawyer is asking about, in the docket's own spelling."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field

from shopbot.tools import Call, Observation, Source, action

_NUMBER = re.compile(r"(?:\d:)?(\d{2})\W*([a-z]{2})\W*0*(\d{1,5})", re.IGNORECASE)


@action(gives=("case_number",), awaiting="case_number", title="ask for the case number")
def take_case_number(
    call: Call[Any], case_number: Annotated[str, Field(min_length=5, max_length=30), Source.USER]
) -> Observation:
    """Note the number of the case, as the lawyer gave it: for example 21-cv-1034."""
    found = _NUMBER.fullmatch(case_number.strip())
    if found is None:
        return Observation(f"{case_number!r} is no case number: ask for one.", awaiting="case_number", ok=False)
    year, kind, serial = found.groups()
    number = f"{year}-{kind.lower()}-{serial:0>4}"
    return Observation(f"Case number {number} noted, not looked up yet.", facts={"case_number": number})
