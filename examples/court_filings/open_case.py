"""`open_case`: the facts of a case, from the front matter of its filings."""

from __future__ import annotations

from examples.court_filings.docket import Docket
from shopbot.tools import Call, Observation, action


@action(needs=("case_number",), gives=("case",), title="open the case")
def open_case(call: Call[Docket]) -> Observation:
    """Open the case whose number has been noted: its title, court and the filings there are."""
    number = call.facts["case_number"]
    found = call.services.case(number)
    if found is None:
        return Observation(
            f"There is no case {number} in this collection: say so and ask for another number.",
            facts={"case_number": None},
            awaiting="case_number",
            ok=False,
        )
    case = {"number": number, **{name: found[name] for name in ("title", "court", "filed", "parties", "filings")}}
    return Observation(f"{case['title']}, filed {case['filed']}: {', '.join(case['filings'])}", facts={"case": case})
