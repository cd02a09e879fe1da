"""Every kind of source becomes sections that can be cited, and a bad one is named while the rest goes on."""

from __future__ import annotations

import sqlite3
import zipfile
from pathlib import Path

import pytest

from shopbot.tools.retrieval.chunks import Chunk, split_markdown
from shopbot.tools.retrieval.documents import Document, Unreadable
from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.sources import Limits, open_sources
from shopbot.tools.retrieval.sources.html import html_text

WORD = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{}</w:body></w:document>'
TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)


def only(source: object, limits: Limits | None = None) -> Document | Unreadable:
    (found,) = open_sources([str(source)], limits)
    return found


def chunks(source: object) -> list[Chunk]:
    document = only(source)
    assert isinstance(document, Document)
    return split_markdown(
        document.text,
        document=document.name,
        source=document.source,
        count_tokens=lambda text: len(text.split()),
        form=document.form,
    )


def reason(source: object, limits: Limits | None = None) -> str:
    found = only(source, limits)
    if isinstance(found, Unreadable):
        return found.reason
    with pytest.raises(RetrievalError) as failure:
        found.read()
    return str(failure.value)


def word_file(path: Path, body: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("[Content_Types].xml", TYPES)
        parts.writestr("_rels/.rels", RELATIONS)
        parts.writestr("word/document.xml", WORD.format(body))
    return path


def pdf_file(path: Path, pages: list[str]) -> Path:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path))
    for text in pages:
        canvas.drawString(72, 700, text)
        canvas.showPage()
    canvas.save()
    return path


def test_a_web_page_keeps_headings_and_tables_and_loses_its_scripts() -> None:
    page = (
        "<html><head><title>FAQ</title><script>steal()</script></head><body><nav>Home</nav><h2>Hours</h2><p>At nine."
        "<script>more()</script></p><table><tr><th>Day</th></tr><tr><td>Monday</td></tr></table></body></html>"
    )
    text = html_text(page)
    assert text.startswith("# FAQ\n\n## Hours")
    assert "| Monday |" in text
    assert "steal" not in text
    assert "more()" not in text
    assert "Home" not in text


def test_every_page_of_a_pdf_is_a_section(tmp_path: Path) -> None:
    found = chunks(pdf_file(tmp_path / "guide.pdf", ["Returns take a week.", "Stores open at ten."]))
    assert [(chunk.key, chunk.text) for chunk in found] == [
        ("guide.pdf#page-1", "Returns take a week."),
        ("guide.pdf#page-2", "Stores open at ten."),
    ]


def test_a_word_file_is_read(tmp_path: Path) -> None:
    (chunk,) = chunks(word_file(tmp_path / "a.docx", "<w:p><w:r><w:t>Thirty days.</w:t></w:r></w:p>"))
    assert chunk.text == "Thirty days."


def test_every_row_of_a_table_is_a_section(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text('id,title,text,price\n7,Lamp,"Blue, small",20\n8,Rug,Wool,90\n')
    first, second = chunks(tmp_path / "p.csv")
    assert (first.key, first.heading, first.text) == ("p.csv#7", "Lamp", "Blue, small\nprice: 20")
    assert second.key == "p.csv#8"


def test_json_lines_are_sections(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"id": "a", "text": "# not a heading\\none"}\n{"colour": "red"}\n')
    first, second = chunks(tmp_path / "p.jsonl")
    assert (first.key, first.text) == ("p.jsonl#a", "# not a heading\none")
    assert (second.key, second.text) == ("p.jsonl#row-2", "colour: red")


def test_lines_that_are_not_json_are_named_and_the_others_are_read(tmp_path: Path) -> None:
    deep = "[" * 100_000
    (tmp_path / "p.jsonl").write_text(f'{{"text": "one"}}\nbroken\n\n{{"text": "two"}}\n{{"text": \n{deep}\n')
    found = only(tmp_path / "p.jsonl")
    assert isinstance(found, Document)
    assert "one" in found.text
    (sentence,) = found.left_out
    assert sentence.startswith(f"{tmp_path}/p.jsonl has lines that are not JSON and were left out: line 2 (Expecting")
    assert "line 5 (" in sentence
    assert "line 6 (nested too deeply)" in sentence


def test_many_lines_that_are_not_json_are_counted(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"text": "one"}\n' + "broken\n" * 5_000)
    found = only(tmp_path / "p.jsonl")
    assert isinstance(found, Document)
    found.read()
    assert found.left_out[0].endswith("and 4,990 more.")


def test_short_fields_of_a_row_are_metadata(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(f'id,text,price\n7,"{"long " * 50}",19.90\n')
    (chunk,) = chunks(tmp_path / "p.csv")
    assert chunk.metadata == {"id": "7", "price": "19.90"}


def test_cells_beyond_the_header_are_kept(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("a,b\n1,2,three,four\n")
    (chunk,) = chunks(tmp_path / "p.csv")
    assert chunk.text == "a: 1\nb: 2\ncolumn 3: three\ncolumn 4: four"


def test_a_query_gives_a_section_a_row(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "s.db") as database:
        database.executescript("CREATE TABLE p (id, name, text); INSERT INTO p VALUES (1, 'Lamp', 'It is blue.')")
    database.close()
    (chunk,) = chunks(f"sqlite:///{tmp_path}/s.db#SELECT * FROM p")
    assert chunk.key.endswith("#1")
    assert (chunk.heading, chunk.text) == ("Lamp", "It is blue.")


def test_a_query_that_writes_is_refused(tmp_path: Path) -> None:
    assert "is not a SELECT" in reason(f"sqlite:///{tmp_path}/s.db#DROP TABLE p")


def test_a_failing_query_does_not_show_the_password() -> None:
    said = reason("postgresql+psycopg://shop:hunter2@127.0.0.1:1/x#SELECT 1")
    assert "failed" in said
    assert "hunter2" not in said


def test_plain_text_has_no_headings(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("# one\ntwo")
    assert [chunk.key for chunk in chunks(tmp_path / "a.txt")] == ["a.txt#top"]


def test_a_folder_is_read_with_its_folders_and_without_hidden_files_or_links_that_lead_out(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    folder = tmp_path / "books"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.md").write_text("a")
    (folder / ".hidden.md").write_text("b")
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    assert [found.source for found in open_sources([str(folder)])] == ["books/deep/a.md"]


def test_a_bad_source_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("good")
    first, second = open_sources([str(tmp_path / "missing.md"), str(tmp_path / "good.md")])
    assert isinstance(first, Unreadable)
    assert "missing.md" in first.reason
    assert isinstance(second, Document)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    assert f"no file to read in the folder {tmp_path}" in reason(tmp_path)


def test_a_file_of_300_mb_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(300_000_000)
    assert "huge.txt has 300 MB; at most 50 MB are read" in reason(tmp_path / "huge.txt")


def test_a_binary_file_with_the_name_of_a_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    assert "a.md is not text" in reason(tmp_path / "a.md")


def test_an_encrypted_pdf_is_named(tmp_path: Path) -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "a.pdf"), encrypt=StandardEncryption("secret", ownerPassword="owner"))
    canvas.drawString(72, 700, "hidden")
    canvas.save()
    assert reason(tmp_path / "a.pdf") == f"{tmp_path}/a.pdf is encrypted: save it without a password."


def test_a_file_that_is_no_pdf_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"nonsense")
    assert "a.pdf is not a PDF file" in reason(tmp_path / "a.pdf")


def test_a_zip_bomb_in_a_word_file_is_not_opened(tmp_path: Path) -> None:
    bomb = word_file(tmp_path / "a.docx", "x" * 60_000_000)
    assert bomb.stat().st_size < 200_000
    assert "would unpack to 60 MB" in reason(bomb)


def test_html_nested_without_end_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<div>" * 50_000)
    assert reason(tmp_path / "a.html") == f"{tmp_path}/a.html is nested too deeply to be read."
