"""Legal research over court filings: an agent for another trade, built with the public API alone.

from examples.court_filings import create_researcher, open_docket
"""

from examples.court_filings.docket import Docket, open_docket
from examples.court_filings.researcher import create_researcher

__all__ = ["Docket", "create_researcher", "open_docket"]
