"""`file_note`: file a note with the case; the one action that writes, so the lawyer must say yes to its very words."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from examples.court_filings.docket import Docket
from shopbot.tools import Call, Observation, Source, action


@action(needs=("case",), effect="write", confirm="file_note", goal=True, title="file the note")
def file_note(
    call: Call[Docket], note: Annotated[str, Field(min_length=1, max_length=2_000), Source.USER]
) -> Observation:
    """File a note with the case, in the lawyer's own words."""
    number = call.facts["case"]["number"]
    call.services.add_note(number, note, call.key)
    return Observation(f"Note filed in {number}.")
