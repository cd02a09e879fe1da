"""The docket: the filings on disk, one folder a case, and the notes that are filed with them.

A filing is Markdown with YAML front matter. Each case has an index of its own, so that a search in one case cannot
find a passage of another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval import Passage, Retriever, open_retriever

DOCUMENTS = Path(__file__).parent / "documents"
FRONT_MATTER_KEY = "#top"
"""How the key of a filing's front matter ends: data about the filing, not a passage of it."""

_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)


@dataclass
class Docket:
    """The filings under `documents`; indexes and notes are kept under `data`, open indexes in `retrievers`."""

    data: Path
    documents: Path = DOCUMENTS
    encoder: Encoder = field(default_factory=Encoder)
    retrievers: dict[str, Retriever] = field(default_factory=dict)

    def case(self, number: str) -> dict[str, Any] | None:
        """What the complaint's front matter says, with the names of all filings; None when there is no such case."""
        if number not in self._numbers():
            return None
        filings = sorted((self.documents / number).glob("*.md"))
        return {**_front_matter(self.documents / number / "complaint.md"), "filings": [f.stem for f in filings]}

    def search(self, number: str, question: str, k: int = 3) -> list[Passage]:
        """The passages of the case that answer the question, best first; none when it does not say."""
        found = [self._as_cited(number, p) for p in self._retriever(number).search(question, 2 * k)]
        return [passage for passage in found if not passage.key.endswith(FRONT_MATTER_KEY)][:k]

    def passage(self, key: str) -> Passage | None:
        """The passage that a citation leads to: `CASE/FILING#SECTION`."""
        number, _, key_in_case = key.partition("/")
        if number not in self._numbers():
            return None
        passage = self._retriever(number).passage(key_in_case)
        return self._as_cited(number, passage) if passage else None

    def add_note(self, number: str, note: str, key: str) -> None:
        """File a note with the case; the same key is filed once."""
        if all(filed["key"] != key for filed in self.notes(number)):
            with self._notes_of(number).open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "note": note}, ensure_ascii=False) + "\n")

    def notes(self, number: str) -> list[dict[str, str]]:
        """The notes filed with the case, oldest first."""
        file = self._notes_of(number)
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []

    def close(self) -> None:
        """Release the indexes."""
        for retriever in self.retrievers.values():
            retriever.close()

    def _numbers(self) -> set[str]:
        return {folder.name for folder in self.documents.iterdir() if folder.is_dir()}

    def _retriever(self, number: str) -> Retriever:
        if number not in self.retrievers:
            index, documents = self.data / "index" / number, self.documents / number
            self.retrievers[number] = open_retriever(index, documents, self.encoder)
        return self.retrievers[number]

    def _notes_of(self, number: str) -> Path:
        return self.data / f"notes-{number}.jsonl"

    def _as_cited(self, number: str, found: Passage) -> Passage:
        """The passage under a key that names its case as well."""
        return replace(found, key=f"{number}/{found.key}", source=f"{number}/{found.source}")


@contextmanager
def open_docket(data: Path, documents: Path = DOCUMENTS) -> Iterator[Docket]:
    """The docket over `documents`, with a folder of its own for indexes and notes."""
    data.mkdir(parents=True, exist_ok=True)
    docket = Docket(data, documents)
    try:
        yield docket
    finally:
        docket.close()


def _front_matter(filing: Path) -> dict[str, Any]:
    found = _FRONT_MATTER.match(filing.read_text(encoding="utf-8"))
    read: dict[str, Any] = yaml.safe_load(found[1]) if found else {}
    return {**read, "filed": str(read.get("filed", ""))}
