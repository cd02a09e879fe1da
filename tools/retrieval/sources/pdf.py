"""PDF to text, a section a page, so that a citation names the page. Scanned pages have no text and are left out."""

from __future__ import annotations

from shopbot.tools.retrieval.chunks import RECORD, record
from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.sources.limits import Limits


def pdf_text(content: bytes, limits: Limits) -> str:
    """The text of a PDF file.

    Raises:
        RetrievalError: it is encrypted, damaged, or has too many pages. The message goes after the document's name.
    """
    import pypdfium2  # type: ignore[import-untyped]

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise RetrievalError("is encrypted: save it without a password.") from None
        raise RetrievalError("is not a PDF file, or it is damaged.") from None
    try:
        if len(document) > limits.pages:
            raise RetrievalError(f"has {len(document)} pages; at most {limits.pages} are read: split it.")
        pages = [_page_text(document, number) for number in range(len(document))]
    finally:
        document.close()
    return RECORD.join(
        record(f"page-{number}", f"Page {number}", text, {"page": number})
        for number, text in enumerate(pages, 1)
        if text
    )


def _page_text(document: object, number: int) -> str:
    page = document[number]  # type: ignore[index]
    text_page = page.get_textpage()
    try:
        text = str(text_page.get_text_bounded())
    finally:
        text_page.close()
        page.close()
    return text.replace("\r\n", "\n").strip()
