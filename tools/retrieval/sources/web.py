"""Web pages by address. Only public addresses are read unless private ones are allowed, at every redirect anew."""

from __future__ import annotations

import hashlib
import ipaddress
import socket
import time
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from shopbot.tools.retrieval.documents import Document
from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.sources.conversion import document_form, text_of
from shopbot.tools.retrieval.sources.limits import Limits

if TYPE_CHECKING:
    import httpx

_ENDINGS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "application/pdf": ".pdf",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".jsonl",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
_REDIRECTS = (301, 302, 303, 307, 308)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_HEADERS = {"User-Agent": "shopbot-ingest/1.0", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Response:
    """What an address answered in the end."""

    url: str
    kind: str
    content: bytes


def web_page(address: str, limits: Limits) -> Document:
    """The document at `address`, by its content type.

    Raises:
        RetrievalError: it is not public, does not answer in time, is too large, or of no kind that is read.
    """
    answer = fetch(address, limits)
    # An answer without a type is a page, or what the address ends in.
    ending = _ENDINGS.get(answer.kind) or (PurePosixPath(urlsplit(answer.url).path).suffix if not answer.kind else "")
    if not ending and answer.kind:
        raise RetrievalError(f"{address} is of the kind {answer.kind}, which is not read.")
    ending = ending or ".html"
    left_out: list[str] = []
    return Document(
        name=address,
        source=address,
        digest=hashlib.sha256(answer.content).hexdigest(),
        read=lambda: text_of(answer.content, ending, address, limits, left_out),
        origin=address,
        form=document_form(ending),
        left_out=left_out,
    )


def fetch(address: str, limits: Limits) -> Response:
    """Follow `address` to its answer.

    Raises:
        RetrievalError: as `web_page`.
    """
    import httpx

    deadline, url = time.monotonic() + limits.seconds, address
    with httpx.Client(trust_env=False, timeout=min(10.0, limits.seconds), headers=_HEADERS) as client:
        for _ in range(limits.redirects + 1):
            request = _request(client, url, limits)
            try:
                answer = client.send(request, stream=True)
                try:
                    if answer.status_code not in _REDIRECTS:
                        return Response(url, *_accepted(answer, address, limits, deadline))
                    url = urljoin(url, answer.headers.get("location", ""))
                finally:
                    answer.close()
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise RetrievalError(f"{address} cannot be reached: {error or type(error).__name__}.") from None
    raise RetrievalError(f"{address} redirects more than {limits.redirects} times.")


def _request(client: httpx.Client, url: str, limits: Limits) -> httpx.Request:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RetrievalError(f"{url} is not a web address.")
    if parts.username or parts.password:
        raise RetrievalError(f"An address of {parts.hostname} has a user name in it, which is not sent.")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    number = _public_address(parts.hostname, port, limits)
    # The connection goes to the very address that was checked: a name could resolve otherwise the next time.
    direct = client.build_request("GET", url)
    direct.url = direct.url.copy_with(host=number)
    direct.extensions["sni_hostname"] = parts.hostname
    return direct


def _public_address(host: str, port: int, limits: Limits) -> str:
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise RetrievalError(f"There is no address for the name {host!r}.") from None
    private = [address for address in found if not is_public(address)]
    if private and not limits.allow_private:
        raise RetrievalError(
            f"{host} is at {private[0]}, which is not a public address: use --allow-private if you mean that."
        )
    return found[0]


def is_public(address: str) -> bool:
    """Whether anyone on the Internet could mean the same machine by `address`."""
    number = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(number, ipaddress.IPv6Address):
        inner = number.ipv4_mapped or number.sixtofour or (number.teredo or (None, None))[1]
        if number in _NAT64:
            inner = ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return number.is_global and not number.is_multicast


def _accepted(answer: httpx.Response, address: str, limits: Limits, deadline: float) -> tuple[str, bytes]:
    if answer.status_code != 200:
        raise RetrievalError(f"{address} answered {answer.status_code} {answer.reason_phrase}.")
    content = bytearray()
    for piece in answer.iter_bytes():
        content += piece
        if len(content) > limits.file_bytes:
            raise RetrievalError(f"{address} sends more than {limits.file_bytes / 1e6:.0f} MB: it was given up.")
        if time.monotonic() > deadline:
            raise RetrievalError(f"{address} takes more than {limits.seconds:g} s to answer: it was given up.")
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower(), bytes(content)
