"""Word documents to Markdown. A document that unpacks to far more than it holds is refused before it is unpacked."""

from __future__ import annotations

import io
import zipfile

from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.sources.html import html_text
from shopbot.tools.retrieval.sources.limits import Limits

_MOST_PARTS = 10_000
_MOST_XML_BYTES = 40_000_000
_MARK_OF_ENCRYPTION = b"\xd0\xcf\x11\xe0"


def docx_text(content: bytes, limits: Limits) -> str:
    """The text of a DOCX file as Markdown; pictures are left out.

    Raises:
        RetrievalError: it is encrypted, no DOCX, or unpacks to too much. The message goes after the document's name.
    """
    if content.startswith(_MARK_OF_ENCRYPTION):
        raise RetrievalError("is encrypted or an old .doc: save it as .docx without a password.")
    _require_harmless(content, limits)
    import mammoth  # type: ignore[import-untyped]

    # Pictures would be written into the text as base64.
    html = mammoth.convert_to_html(io.BytesIO(content), convert_image=mammoth.images.img_element(lambda image: {}))
    return html_text(html.value)


def _require_harmless(content: bytes, limits: Limits) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            held = parts.infolist()
    except zipfile.BadZipFile:
        raise RetrievalError("is not a DOCX file, whatever its name says.") from None
    unpacked = sum(part.file_size for part in held)
    xml = sum(part.file_size for part in held if part.filename.endswith((".xml", ".rels")))
    if len(held) > _MOST_PARTS or unpacked > limits.unpacked_bytes or xml > _MOST_XML_BYTES:
        raise RetrievalError(f"would unpack to {unpacked / 1e6:.0f} MB in {len(held)} parts: it is not opened.")
