"""`list_parties`: who sues whom, with the passage of the complaint that says so."""

from __future__ import annotations

from examples.court_filings.docket import Docket
from shopbot.tools import Call, Citation, Observation, action


@action(needs=("case",), gives=("parties",), goal=True, title="name the parties")
def list_parties(call: Call[Docket]) -> Observation:
    """Name the parties of the case and their roles: plaintiff, defendant, intervenor."""
    case = call.facts["case"]
    passage = call.services.passage(f"{case['number']}/complaint#parties")
    listed = "; ".join(f"{party['role']}: {party['name']}" for party in case["parties"])
    if passage is None:
        return Observation(f"{listed} (no passage to cite)", facts={"parties": case["parties"]})
    return Observation(
        f"{listed} [{passage.key}]",
        facts={"parties": case["parties"]},
        citations=[Citation(passage.key, passage.source, passage.text)],
    )
