"""`python -m examples.court_filings QUESTION… --engine SPEC`: each question is one turn of the same conversation."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from examples.court_filings import create_researcher, open_docket
from examples.court_filings.docket import Docket
from shopbot.engines import EngineError, make_engine

_KEY = re.compile(r"\[([^\]\s]+#[^\]\s]+)\]")


def main(arguments: list[str] | None = None) -> int:
    """Answer the questions on standard output; returns the exit code."""
    given = _parser().parse_args(arguments)
    try:
        engine = make_engine(given.engine)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    with open_docket(given.data) as docket:
        agent = create_researcher(engine, docket, InMemorySaver())
        for question in given.question:
            thread: RunnableConfig = {"configurable": {"thread_id": "court"}}
            state = agent.invoke({"messages": [("user", question)]}, thread)
            _show(question, state["messages"][-1].text, docket)
    return 0


def _show(question: str, reply: str, docket: Docket) -> None:
    """The reply, and the passages that its citations lead to."""
    print(f"> {question}\n{reply}\n")
    for key in dict.fromkeys(_KEY.findall(reply)):
        passage = docket.passage(key)
        print(f"  [{key}] {passage.text}\n" if passage else f"  [{key}] leads nowhere\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.court_filings", description="Ask the court filings.")
    parser.add_argument("question", nargs="+", help='for example "who is the plaintiff in case 21-cv-1034?"')
    parser.add_argument("--engine", required=True, help="openai:MODEL, or script:FILE to replay a script")
    parser.add_argument(
        "--data", type=Path, default=Path(".shopbot/court_filings"), help="folder for indexes and notes"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
