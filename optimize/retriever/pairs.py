"""Questions with the passages that answer them, mined from what a shop already has.

Three sources, each of which names a section by its key `<document>#<heading slug>`: the headings of the documents,
the sample questions beside them, and recorded conversations in which a search was followed by a reply that cites a
section. Nothing is made up: a section without a question of its own gives one pair, its heading.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from shopbot.engines.recording.trace_format import Trace, read_traces

QUESTIONS_FILE = "questions.yaml"
SEARCH_ACTION = "search_policies"
_HEADING = re.compile(r"^#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r"^[ \t]{0,3}(```|~~~)")
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
    """The sections of every `*.md` in `folder` by key: the heading path, a line's end, the text.

    Raises:
        PairsError: there is no Markdown document with a section in `folder`.
    """
    passages: dict[str, str] = {}
    for file in sorted(folder.rglob("*.md")):
        name = file.relative_to(folder).with_suffix("").as_posix()
        for path, text in _sections(file.read_text(encoding="utf-8-sig")):
            passages.setdefault(f"{name}#{slug(path[-1])}", f"{' > '.join(path)}\n{text}")
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
        *((passage.partition("\n")[0].rpartition(" > ")[2], key, "heading") for key, passage in passages.items()),
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


def slug(heading: str) -> str:
    """The anchor GitHub gives a heading, which is the second half of a section's key."""
    plain = unicodedata.normalize("NFKC", heading).lower()
    return re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", plain).strip())


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


def _sections(text: str) -> Iterator[tuple[list[str], str]]:
    path: list[str] = []
    lines: list[str] = []
    fenced = False
    for line in [*text.replace("\r\n", "\n").split("\n"), "# "]:
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if heading is None:
            lines.append(line)
            continue
        body = "\n".join(lines).strip()
        if path and body:
            yield path, body
        path = [*path[: len(line) - len(line.lstrip("#")) - 1], heading[1]]
        lines = []
