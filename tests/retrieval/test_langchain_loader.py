"""Any LangChain document loader is a source: its documents can be searched, filtered and cited, and its failures name
the way out."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.document_loaders import BaseLoader

from shopbot.apps.ingest import run_ingest
from shopbot.apps.search import run_search
from shopbot.tools.retrieval.documents import Document, Unreadable
from shopbot.tools.retrieval.sources import Limits, open_sources
from shopbot.tools.retrieval.sources.langchain_loader import loader_source
from shopbot.tools.retrieval.sources.loader_arguments import loader_arguments

COMMUNITY = "langchain_community.document_loaders"
has_community = pytest.mark.skipif(
    importlib.util.find_spec("langchain_community") is None, reason="langchain-community is not installed"
)
LAMPS = "name,colour,price\nAda,blue,12.50\nBea,red,30\n"
OWN_LOADERS = """
from pathlib import Path

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document

class Unpacked(BaseLoader):
    def lazy_load(self):
        import not_installed_anywhere

class Advising(BaseLoader):
    def __init__(self):
        raise ImportError("frobnicate not found, please install it with `pip install frob-nicate`")

class Halfway(BaseLoader):
    def __init__(self, path: str):
        self.path = path

    def lazy_load(self):
        print("reading")
        yield Document("A first part about lamps.", metadata={"source": "wiki", "at": object})
        if Path(self.path).read_text() == "broken":
            raise RuntimeError("the second part is broken.") from OSError("no more bytes")

class Nameless(BaseLoader):
    def lazy_load(self):
        yield Document("one")
        yield Document("two")
"""


@pytest.fixture
def own_loaders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "own_loaders.py").write_text(OWN_LOADERS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_loaders", raising=False)
    return "own_loaders"


def read(loader: str, *arguments: str, limits: Limits | None = None) -> list[Document | Unreadable]:
    return list(open_sources([loader_source(loader, arguments)], limits))


def reason(loader: str, *arguments: str, limits: Limits | None = None) -> str:
    (found,) = read(loader, *arguments, limits=limits)
    assert isinstance(found, Unreadable)
    return found.reason


def hits(capfd: pytest.CaptureFixture[str], query: str, *where: str) -> list[dict[str, object]]:
    capfd.readouterr()
    assert run_search(query, data=None, collection="lamps", k=5, as_json=True, where=where) == 0
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


@has_community
def test_the_rows_of_a_csv_loader_are_cited_one_by_one_and_filtered_by_their_metadata(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lamps.csv").write_text(LAMPS)
    columns = 'metadata_columns=["colour", "price"]'
    arguments = [str(tmp_path / "lamps.csv"), columns]
    assert run_ingest(arguments, data=None, collection="lamps", loader=f"{COMMUNITY}:CSVLoader") == 0
    (hit,) = hits(capfd, "lamp", "price<=20")
    assert (hit["key"], hit["source"], hit["text"]) == ("lamps.csv#row-0", "lamps.csv", "name: Ada")
    assert hit["metadata"] == {"row": 0, "colour": "blue", "price": 12.5}


@has_community
def test_a_text_loader_keeps_the_headings_of_markdown(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "returns.md").write_text("# Returns\n\n## Window\nA lamp goes back within 30 days.\n")
    loader = f"{COMMUNITY}:TextLoader"
    assert run_ingest([str(tmp_path / "returns.md")], data=None, collection="lamps", loader=loader) == 0
    (hit,) = hits(capfd, "lamp")
    assert (hit["key"], hit["heading"]) == ("returns.md#window", "Returns > Window")


@has_community
def test_a_page_of_a_html_loader_stands_under_its_title(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "faq.html").write_text("<title>Lamp questions</title><p>It glows at night.</p>")
    arguments = [str(tmp_path / "faq.html"), 'bs_kwargs={"features": "html.parser"}']
    assert run_ingest(arguments, data=None, collection="lamps", loader=f"{COMMUNITY}:BSHTMLLoader") == 0
    (hit,) = hits(capfd, "glow", "title=Lamp questions")
    assert (hit["key"], hit["source"]) == ("faq.html#lamp-questions", "faq.html")


@has_community
def test_only_what_changed_is_read_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lamps.csv").write_text(LAMPS)
    monkeypatch.chdir(tmp_path)

    def ingest(file: str) -> dict[str, object]:
        capfd.readouterr()
        run_ingest([file], data=None, collection="lamps", loader=f"{COMMUNITY}:CSVLoader", as_json=True)
        counts: dict[str, object] = json.loads(capfd.readouterr().out)
        return {name: counts[name] for name in ("added", "changed", "unchanged", "removed")}

    assert ingest("lamps.csv") == {"added": 1, "changed": 0, "unchanged": 0, "removed": 0}
    assert ingest(str(tmp_path / "lamps.csv")) == {"added": 0, "changed": 0, "unchanged": 1, "removed": 0}
    (tmp_path / "lamps.csv").write_text(LAMPS.replace("blue", "green"))
    assert ingest("lamps.csv") == {"added": 0, "changed": 1, "unchanged": 0, "removed": 0}


@has_community
def test_a_folder_is_read_through_another_loader_and_again_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes" / "deep").mkdir(parents=True)
    for name in ("a.txt", "deep/a.txt"):
        (tmp_path / "notes" / name).write_text(f"The text of {name}.")
    monkeypatch.chdir(tmp_path)
    words = ["notes", "glob=**/*.txt", f"loader_cls={COMMUNITY}:TextLoader", 'loader_kwargs={"encoding": "utf-8"}']
    found = read(f"{COMMUNITY}:DirectoryLoader", *words)
    assert sorted(document.source for document in found) == ["notes/a.txt", "notes/deep/a.txt"]
    monkeypatch.chdir("/")
    again = list(open_sources([found[0].origin]))
    assert [document.source for document in again] == [document.source for document in found]


@has_community
def test_the_warning_that_upstream_is_sunset_is_not_the_users() -> None:
    code = f"from shopbot.tools.retrieval.sources import open_sources; list(open_sources(['loader:{COMMUNITY}:X']))"
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, check=True)
    assert "sunset" not in done.stderr


@has_community
def test_a_class_that_is_not_there_is_named_with_the_nearest() -> None:
    expected = f"There is no loader 'CSVLoadr' in {COMMUNITY}: did you mean CSVLoader?"
    assert reason(f"{COMMUNITY}:CSVLoadr", "x.csv") == expected


@has_community
@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        ("colour=blue", "got an unexpected keyword argument 'colour'. It takes file_path, source_column,"),
        ("csv_args=1", "CSVLoader cannot take '1' as csv_args: it is to be Optional[Dict]."),
        ("autodetect_encoding=perhaps", "cannot take 'perhaps' as autodetect_encoding: it is to be bool."),
    ],
)
def test_an_argument_that_a_loader_does_not_take_is_named(argument: str, complaint: str) -> None:
    assert complaint in reason(f"{COMMUNITY}:CSVLoader", "x.csv", argument)


@has_community
def test_a_missing_argument_is_named() -> None:
    assert "missing a required argument: 'file_path'" in reason(f"{COMMUNITY}:CSVLoader")


@has_community
def test_what_failed_inside_a_loader_is_said(tmp_path: Path) -> None:
    said = reason(f"{COMMUNITY}:TextLoader", str(tmp_path / "absent.txt"))
    assert said.startswith("TextLoader failed: ") and "No such file" in said


@pytest.mark.parametrize(
    ("loader", "complaint"),
    [
        ("json", "'json' is no loader: write MODULE:CLASS, as in"),
        ("json.nothing:Loader", "There is no module 'json.nothing' to take a loader from."),
        ("json:JSONDecoder", "json:JSONDecoder is no document loader: it must derive from LangChain's BaseLoader."),
        ("json:loads", "json:loads is no document loader"),
        ("no_such_package.loaders:Loader", "needs a package that is not installed: pip install no-such-package"),
    ],
)
def test_what_is_no_loader_is_named(loader: str, complaint: str) -> None:
    assert complaint in reason(loader)


@pytest.mark.parametrize(("loader", "package"), [("Unpacked", "not-installed-anywhere"), ("Advising", "frob-nicate")])
def test_the_command_that_installs_a_loaders_package_is_given(own_loaders: str, loader: str, package: str) -> None:
    assert reason(f"{own_loaders}:{loader}") == (
        f"{loader} needs a package that is not installed: pip install {package}"
    )


def test_a_loader_that_breaks_leaves_what_was_held_and_prints_nothing(
    own_loaders: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    argument = tmp_path / "state"
    argument.write_text("whole")
    loader = f"{own_loaders}:Halfway"
    assert run_ingest([str(argument)], data=None, collection="lamps", loader=loader) == 0
    assert "reading" not in capfd.readouterr().out
    argument.write_text("broken")
    assert run_ingest([str(argument)], data=None, collection="lamps", loader=loader) == 1
    assert "the second part is broken (no more bytes)." in " ".join(capfd.readouterr().out.split())
    assert [hit["source"] for hit in hits(capfd, "lamp")] == ["wiki"]


def test_documents_without_a_source_are_named_after_their_loader(own_loaders: str) -> None:
    (document,) = read(f"{own_loaders}:Nameless")
    assert (document.source, isinstance(document, Document)) == ("Nameless", True)


def test_a_loader_without_end_is_given_up(own_loaders: str) -> None:
    assert "more than 1 documents" in reason(f"{own_loaders}:Nameless", limits=Limits(rows=1))


def test_a_source_whose_quotes_do_not_close_is_named() -> None:
    (found,) = open_sources(["loader:a:B 'x"])
    assert isinstance(found, Unreadable) and "is not quoted as in a shell" in found.reason


class Typed(BaseLoader):
    def __init__(self, path: str, pages: int = 0, names: list[str] | None = None, deep: bool = False) -> None: ...


@given(st.text(st.characters(exclude_characters="=\x00", exclude_categories=["Cs"]), min_size=1), st.integers())
def test_arguments_have_the_types_of_their_parameters(path: str, pages: int) -> None:
    given_words = [f"./no folder/{path}", f"pages={pages}", f"names={json.dumps([path])}", "deep=true"]
    positional, keywords = loader_arguments(Typed, given_words)
    assert [*positional, *keywords.values()] == [given_words[0], pages, [path], True]
