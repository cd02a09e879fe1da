"""Questions with the passages that answer them, mined from what a shop already has.

Three sources, each of which names a section by its key `<document>#<heading slug>`: the headings of the documents,
the sample questions beside them, and recorded conversations in which a search was followed by a reply that cites a
section. Nothing is made up: a section without a question of its own gives one pair, its heading.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from shopbot.engines.recording.trace_format import Trace, read_traces
from shopbot.tools.retrieval.chunks import SEPARATOR, split_markdown

QUESTIONS_FILE = "questions.yaml"
SEARCH_ACTION = "search_policies"
_CITED = re.compile(r"\[([\w./-]+#[\w-]+)\]")


class PairsError(ValueError):
    """There is nothing to learn from; the sentence says why and what to do."""


@dataclass(frozen=True)
class Pair:
    """A question and the passage that answers it; `key` names the passage, `origin` says where the pair came from."""

    question: str
    passage: str
    key: str
    origin: str


def read_passages(folder: Path) -> dict[str, str]:
    """The sections of every `*.md` in `folder` by the key that search gives them: heading path, a line's end, text.

    Raises:
        PairsError: there is no Markdown document with a section in `folder`.
    """
    passages: dict[str, str] = {}
    for file in sorted(folder.rglob("*.md")):
        name = file.relative_to(folder).with_suffix("").as_posix()
        text = file.read_text(encoding="utf-8-sig")
        for section in split_markdown(text, document=name, source=file.name, count_tokens=_undivided):
            passages[section.key] = f"{section.heading}\n{section.text}"
    if not passages:
        raise PairsError(f"There is no Markdown document with a section in {folder}: name a folder with some.")
    return passages


def mine(folder: Path, traces: Iterable[Path] = ()) -> list[Pair]:
    """All pairs that `folder` and the recorded conversations give, each question and section once.

    Raises:
        PairsError: no documents, or the sample questions cannot be read.
        TraceError: a line of `traces` is no trace.
    """
    passages = read_passages(folder)
    asked = [
        *((passage.partition("\n")[0].rpartition(SEPARATOR)[2], key, "heading") for key, passage in passages.items()),
        *((question, key, "sample") for key, each in _samples(folder).items() for question in each),
        *((question, key, "trace") for file in traces for question, key in cited(read_traces(file))),
    ]
    known: dict[tuple[str, str], Pair] = {}
    for question, key, origin in asked:
        if key in passages and question.strip():
            known.setdefault((question.strip().lower(), key), Pair(question.strip(), passages[key], key, origin))
    return list(known.values())


def cited(traces: Iterable[Trace]) -> Iterator[tuple[str, str]]:
    """Questions that were searched with the first section that the reply after them cites, in a conversation's order.

    A search that was refused or failed counts for nothing, and so does one whose reply cites nothing.
    """
    conversations: dict[str, list[Trace]] = defaultdict(list)
    for trace in traces:
        conversations[trace.conversation].append(trace)
    for decisions in conversations.values():
        question = ""
        for decision in decisions:
            if decision.choice == SEARCH_ACTION and decision.outcome == "accepted":
                question = str(decision.args.get("question", ""))
            elif decision.choice is None and question:
                found = _CITED.search(decision.reply)
                if found:
                    yield question, found[1]
                question = ""


def _undivided(text: str) -> int:
    """Sections are trained on whole, however long: no text counts as longer than a passage may be."""
    return 0


def _samples(folder: Path) -> Mapping[str, list[str]]:
    file = folder / QUESTIONS_FILE
    if not file.is_file():
        return {}
    try:
        held = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        return {str(key): [str(question) for question in questions] for key, questions in held.items()}
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise PairsError(f"{file} is not a YAML mapping of section keys to lists of questions: {reason}.") from None
