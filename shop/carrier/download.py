"""Fetches a label file from the address that a carrier named, and makes sure that it is a whole PDF.

The address is data from outside: only http(s), never from an encrypted carrier to a plain address elsewhere,
no key is sent along, and a file that is too large or too slow is left.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from shopbot.shop.errors import CarrierRefused, CarrierUnavailable

if TYPE_CHECKING:
    import requests

_LARGEST_BYTES = 10 << 20
_CHUNK = 1 << 16
_MOST_ADDRESSES = 4
_ASK_LATER = frozenset({403, 404, 408, 425, 429})  # the label is bought, so its file is expected to turn up
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def download_pdf(url: str, session: requests.Session, timeout_s: float) -> bytes:
    """The PDF at `url`; `timeout_s` is for each answer and, three times over, for the whole file.

    Raises:
        CarrierUnavailable: there is no whole PDF at the address now.
        CarrierRefused: the address cannot be followed, or the server says no.
    """
    content = _fetch(url, session, timeout_s)
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-1024:]:
        raise CarrierUnavailable("The label that the carrier sent is not a whole PDF file: try again.")
    return content


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    plain_and_local = parts.scheme == "http" and host in _LOOPBACK
    if not host or not (parts.scheme == "https" or plain_and_local):
        raise CarrierRefused(f"The carrier's label address {url[:120]!r} is not an https address: it is not followed.")


def _fetch(url: str, session: requests.Session, timeout_s: float) -> bytes:
    import requests

    deadline = time.monotonic() + 3 * timeout_s
    try:
        for _ in range(_MOST_ADDRESSES):
            _check(url)
            # The session carries no key (the SDK sends it with each call), so none goes to the file's server.
            with session.get(url, timeout=timeout_s, stream=True, allow_redirects=False) as answer:
                if not answer.is_redirect:
                    _check_status(answer.status_code)
                    return _read(answer, deadline)
                url = urljoin(url, answer.headers["location"])
    except (requests.RequestException, ValueError) as error:
        raise CarrierUnavailable(
            f"The label could not be fetched from the carrier ({type(error).__name__}): try again."
        ) from error
    raise CarrierUnavailable("The carrier's label address leads from one to the next without end: try again.")


def _check_status(status: int) -> None:
    if status == 200:
        return
    if 400 <= status < 500 and status not in _ASK_LATER:
        raise CarrierRefused(f"The carrier refused to hand out the label file (status {status}).")
    raise CarrierUnavailable(f"The carrier did not hand out the label file (status {status}): try again.")


def _read(answer: requests.Response, deadline: float) -> bytes:
    content = bytearray()
    for chunk in answer.iter_content(_CHUNK):
        content += chunk
        if len(content) > _LARGEST_BYTES:
            raise CarrierRefused(f"The carrier's label file is larger than {_LARGEST_BYTES >> 20} MB.")
        if time.monotonic() > deadline:
            raise CarrierUnavailable("The carrier's label file comes too slowly: try again.")
    return bytes(content)
