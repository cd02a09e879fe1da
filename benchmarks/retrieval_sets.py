"""Sets of documents and questions on which search is developed: every document small enough to be one gold answer.

Two are public (`benchmarks.external_sets`), four are made here: the shop's policies by section, asked as customers do
(`policies`) and as the sample questions beside them (`faq`, each section under one of its own questions), and the
documentation of installed packages, whose first sentences are taken out of it and asked (`packages`: a function a
document; `modules`: a module a document, two sentences from different modules inside a customer's long message). None
holds a question of `tests/policies/frozen_questions.yaml`, on which nothing is tuned.
"""

from __future__ import annotations

import importlib
import inspect
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions
from types import ModuleType

from benchmarks.external_sets import FOLDER, code_chunks, code_questions, corpora, span_questions
from benchmarks.policy_questions import DOCUMENTS, load_questions
from shopbot.tools.retrieval.chunks import SEPARATOR, Chunk, split_markdown
from shopbot.tools.retrieval.documents import QUESTIONS_FILE, Document, read_documents, read_questions

SEED = 5
MOST_QUESTIONS = 250
MOST_CHARACTERS = 120_000
"""Of a document of the chunking set that are taken."""
README, LEAST_SUMMARY = 4_000, 25
MOST_LONG = 120
PIECE = 3_000
"""Characters of the documents that the chunking set is cut into, at the ends of paragraphs."""
MODULES = (
    "numpy", "numpy.linalg", "numpy.random", "scipy.stats", "scipy.signal", "scipy.optimize", "scipy.sparse",
    "scipy.linalg", "sklearn.metrics", "sklearn.preprocessing", "sklearn.datasets", "sympy", "networkx",
    "statistics", "itertools", "pathlib", "shutil", "datetime", "socket", "threading", "json", "csv", "os",
    "os.path", "subprocess", "tempfile", "random", "math", "logging", "asyncio", "inspect", "textwrap", "re",
    "urllib.parse", "urllib.request", "email.message", "http.client", "zipfile", "tarfile", "sqlite3",
    "decimal", "fractions", "collections", "functools", "typing", "unittest", "argparse", "configparser",
    "smtplib", "ssl", "sqlalchemy", "sqlalchemy.orm", "starlette.requests", "starlette.responses", "httpx",
    "typer", "pydantic", "langchain_core.tools", "langchain_core.messages", "langchain_core.runnables",
    "rich.console", "rich.table",
)  # fmt: skip
LEAST_REST = 150
"""Characters of documentation that must be left when its first sentence is gone."""
MOST_REST = 2_500
_SENTENCE = re.compile(r"\A(.{25,200}?[.])(?=\s)", re.DOTALL)


@dataclass(frozen=True)
class Asked:
    """A question with the names of the documents that answer it, all of them."""

    ask: str
    gold: frozenset[str]


@dataclass(frozen=True)
class Set:
    """Documents in Markdown by name, and questions."""

    name: str
    documents: dict[str, str]
    questions: list[Asked]


def sets() -> Iterator[Set]:
    """All that can be had here; the public ones need their folder."""
    yield from (_policies(), _faq(), _packages(), _modules(), _readmes())
    if FOLDER.is_dir():
        yield from (_code(), _text())


def _code() -> Set:
    documents = {chunk.key: f"# {chunk.heading}\n\n{chunk.text}" for chunk in code_chunks()}
    return _set("code", documents, [Asked(each.ask, each.gold) for each in code_questions()])


def _text() -> Set:
    documents: dict[str, str] = {}
    ends: dict[str, list[tuple[str, int, int]]] = {}
    for name, text in ((name, text[:MOST_CHARACTERS]) for name, text in corpora().items()):
        for start, end in _pieces(text):
            documents[f"{name}-{start}"] = text[start:end]
            ends.setdefault(name, []).append((f"{name}-{start}", start, end))
    questions = [
        Asked(each.ask, frozenset(n for n, a, b in ends[each.document] if any(s < b and e > a for s, e in each.spans)))
        for each in span_questions()
    ]
    return _set("text", documents, questions)


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = text.find("\n", start + PIECE)
        end = end + 1 if 0 <= end < start + 2 * PIECE else min(start + PIECE, len(text))
        yield start, end
        start = end


def _sections() -> list[Chunk]:
    return [
        chunk
        for document in read_documents(DOCUMENTS)
        if isinstance(document, Document)
        for chunk in split_markdown(document.text, document=document.name, source=document.source, count_tokens=len,
                                    budget=100_000)
    ]  # fmt: skip


def _policies() -> Set:
    documents = {chunk.key: _under_headings(chunk) for chunk in _sections()}
    asked = [Asked(each["ask"], frozenset(each["sections"])) for each in load_questions("development")["answerable"]]
    return _set("policies", documents, asked)


def _faq() -> Set:
    samples = read_questions(DOCUMENTS / QUESTIONS_FILE)
    documents = {chunk.key: f"# {samples[chunk.key][0]}\n\n{chunk.text}" for chunk in _sections()}
    asked = [Asked(each, frozenset({key})) for key, questions in samples.items() for each in questions[1:]]
    return _set("faq", documents, asked)


def _under_headings(chunk: Chunk) -> str:
    levels = chunk.heading.split(SEPARATOR)
    return "\n\n".join([*(f"{'#' * (n + 1)} {level}" for n, level in enumerate(levels)), chunk.text])


def _packages() -> Set:
    found = _documented()
    chosen = random.Random(SEED).sample(sorted(found), min(600, len(found)))
    documents = {name: f"# {name}\n\n{found[name][1]}" for name in chosen}
    return _set("packages", documents, [Asked(found[name][0], frozenset({name})) for name in chosen])


def _modules() -> Set:
    """Long messages: what two modules are asked about, in the middle of what a customer tells of himself."""
    found, chance = _documented(), random.Random(SEED)
    members: dict[str, list[str]] = {}
    for name in sorted(found):
        members.setdefault(name.rpartition(".")[0], []).append(name)
    grouped = {
        f"{module} {number}": chance.sample(names, len(names))[number * 5 : number * 5 + 5]
        for module, names in members.items()
        for number in range(min(5, -(-len(names) // 5)))
    }
    documents = {
        group: "\n\n".join([f"# {group}", *(f"## {name.rpartition('.')[2]}\n\n{found[name][1]}" for name in names)])
        for group, names in grouped.items()
    }
    fillers = _fillers()
    asked = []
    for _ in range(MOST_LONG):
        wanted = chance.sample(sorted(grouped), 2)
        said = [found[chance.choice(grouped[group])][0] for group in wanted]
        told = chance.sample(fillers, 4)
        message = " ".join([told[0], told[1], said[0], told[2], said[1], told[3]])
        asked.append(Asked(message, frozenset(wanted)))
    return _set("modules", documents, asked)


def _readmes() -> Set:
    """What each installed distribution says of itself in Markdown, asked by its one-line summary."""
    documents, asked = {}, []
    for each in sorted(distributions(), key=lambda each: each.metadata["Name"].lower()):
        name, summary = each.metadata["Name"], each.metadata["Summary"] or ""
        text = str(each.metadata.get("Description") or each.metadata.get_payload() or "")
        if "\n#" not in text or len(summary) < LEAST_SUMMARY or name in documents:
            continue
        documents[name] = text.replace(summary, "")[:README]
        asked.append(Asked(summary, frozenset({name})))
    return _set("readmes", documents, asked)


def _fillers() -> list[str]:
    """Sentences in which customers tell of themselves and of how they feel, by the tasks of tau-bench."""
    file = FOLDER / "tau" / "retail_tasks.json"
    if not file.is_file():
        return [
            "Hello, I hope you are well.",
            "I have been a customer for years.",
            "Please hurry.",
            "Thank you so much.",
        ]
    tasks = json.loads(file.read_text(encoding="utf-8"))
    said = [sentence for task in tasks for sentence in re.split(r"(?<=[.!?]) ", task["instruction"])]
    return sorted(
        {re.sub(r"\bYou(r?)\b", lambda m: "My" if m[1] else "I", each) for each in said if 20 < len(each) < 160}
    )


@cache
def _documented() -> dict[str, tuple[str, str]]:
    """Qualified name -> the first sentence of its documentation, and the rest."""
    found: dict[str, tuple[str, str]] = {}
    seen: set[str] = set()
    for module in MODULES:
        for name, each in sorted(vars(_imported(module)).items()):
            text = inspect.getdoc(each) if not name.startswith("_") and callable(each) else None
            first = _SENTENCE.match(text or "")
            if text is None or first is None or text in seen:
                continue
            seen.add(text)
            rest = text[first.end() :].strip()
            if len(rest) >= LEAST_REST:
                found[f"{module}.{name}"] = " ".join(first[1].split()), rest[:MOST_REST]
    return found


def _imported(module: str) -> ModuleType:
    return importlib.import_module(module)


def _set(name: str, documents: dict[str, str], questions: list[Asked]) -> Set:
    asked = [each for each in questions if each.gold and each.gold <= documents.keys()]
    return Set(name, documents, random.Random(SEED).sample(asked, min(MOST_QUESTIONS, len(asked))))
