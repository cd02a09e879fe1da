"""What a hostile client tries, one thing a test."""

from __future__ import annotations

import http.client
import json
import socket
import time
from urllib.parse import urlsplit

import pytest
from serving import SECRET, Running, Visitor
from starlette.requests import Request

from shopbot.apps.serve import connections, events, guard
from shopbot.apps.serve.access import Access
from shopbot.apps.serve.accounts import Accounts
from shopbot.apps.serve.limits import RateLimit, network
from shopbot.apps.serve.problems import Problem
from shopbot.apps.serve.settings import ServeSettings, secret_for
from shopbot.shop.settings import SettingsError


def raw(served: Running, sent: bytes, seconds: float = 10) -> bytes:
    """What comes back for these bytes until the server closes or falls silent."""
    at = urlsplit(served.url)
    with socket.create_connection((at.hostname, at.port), timeout=seconds) as connection:
        connection.sendall(sent)
        return connection.recv(65536)


# Sessions


@pytest.mark.parametrize("path", ["", "/messages", "/events"])
def test_no_one_reads_another_customers_conversation(visitor: Visitor, served: Running, path: str) -> None:
    other = served.visit()
    assert other.client.get(visitor.path + path).status_code == 404


def test_no_one_continues_another_customers_conversation(visitor: Visitor, served: Running) -> None:
    other = served.visit()
    assert other.client.post(f"{visitor.path}/messages", json={"text": "yes"}).status_code == 404


@pytest.mark.parametrize("path", ["", "/messages", "/events"])
def test_knowing_the_id_is_not_enough(visitor: Visitor, served: Running, path: str) -> None:
    assert served.client().get(visitor.path + path).status_code == 404


def test_a_conversation_that_is_not_there_looks_like_another_ones(visitor: Visitor) -> None:
    own, other = visitor.client.get("/api/v1/conversations/nothing"), visitor.client.get("/api/v1/conversations/x" * 9)
    assert own.status_code == 404
    assert other.status_code == 404


@pytest.mark.parametrize("change", [lambda token: token[:-1] + "A", lambda token: "a.b.c", lambda token: token[::-1]])
def test_a_forged_token_is_refused(visitor: Visitor, served: Running, change: object) -> None:
    forged = served.client(Authorization=f"Bearer {change(visitor.token)}")  # type: ignore[operator]
    assert forged.get(visitor.path).status_code == 401


def test_a_token_signed_with_another_secret_is_refused(visitor: Visitor, served: Running) -> None:
    other = Access("x" * 40, served.server.access.accounts, loopback=True).session(visitor.id)
    assert served.client(Authorization=f"Bearer {other}").get(visitor.path).status_code == 401


def test_the_link_to_a_label_is_no_session_and_the_other_way_round(visitor: Visitor, served: Running) -> None:
    link = served.server.access.link(visitor.id, 1)
    assert served.client(Authorization=f"Bearer {link}").get(visitor.path).status_code == 401
    assert served.client().get(f"/files/labels/{visitor.token}").status_code == 404


def test_ids_cannot_be_guessed(served: Running) -> None:
    ids = {served.server.access.new_conversation() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(id) >= 24 for id in ids)


# What is sent


def test_a_message_that_is_too_long_is_refused_with_its_length(visitor: Visitor) -> None:
    refused = visitor.post("x" * 10_001)
    assert refused.status_code == 422
    assert "10,001" in refused.json()["detail"]


def test_a_body_that_is_too_large_is_refused(visitor: Visitor) -> None:
    assert visitor.post("x" * guard.LARGEST_BODY).status_code == 413


def test_a_body_without_end_is_refused(visitor: Visitor) -> None:
    pieces = (b"x" * 10_000 for _ in range(100))
    headers = {"Content-Type": "application/json"}
    assert visitor.client.post(f"{visitor.path}/messages", content=pieces, headers=headers).status_code == 413


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b'{"text": 1}', b'{"text": "a", "more": 1}', b"\xff", b"[" * 9999]
)
def test_a_body_that_is_no_message_is_refused_in_words(visitor: Visitor, body: bytes) -> None:
    refused = visitor.client.post(
        f"{visitor.path}/messages", content=body, headers={"Content-Type": "application/json"}
    )
    assert refused.status_code in (400, 422)
    assert refused.json()["detail"].endswith(".")


def test_a_form_of_another_page_cannot_post(visitor: Visitor) -> None:
    sent = visitor.client.post(
        f"{visitor.path}/messages", content='{"text": "hi"}', headers={"Content-Type": "text/plain"}
    )
    assert sent.status_code == 415


def test_a_huge_head_is_refused(served: Running) -> None:
    answer = raw(served, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 2 * connections.LARGEST_HEAD)
    assert b" 400 " in answer.partition(b"\r\n")[0]


def test_a_head_that_comes_slowly_is_not_waited_for(served: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.3)
    assert raw(served, b"GET / HTTP/1.1\r\nHost: loc") == b""


def test_a_second_head_that_comes_slowly_is_not_waited_for(served: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.3)
    at = urlsplit(served.url)
    with socket.create_connection((at.hostname, at.port), timeout=10) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while b'"ok"' not in connection.recv(65536):
            pass
        connection.sendall(b"GET /hea")
        assert connection.recv(65536) == b""


def test_a_body_that_comes_slowly_is_not_waited_for(served: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_S", 0.3)
    visitor = served.visit()
    head = f"POST {visitor.path}/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {visitor.token}\r\n"
    answer = raw(served, f"{head}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{{".encode())
    assert b" 408 " in answer.partition(b"\r\n")[0]


# How often


def test_a_conversation_may_not_send_without_end(visitor: Visitor) -> None:
    answers = [visitor.post("Hello", key=f"message-{n:04}").status_code for n in range(12)]
    assert answers.count(429) >= 3


def test_an_address_may_not_begin_conversations_without_end(served: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.server, "by_address", RateLimit(12))
    client = served.client()
    answers = [client.post("/api/v1/conversations") for _ in range(8)]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["retry-after"]) >= 1


def test_a_limit_lets_somebody_in_again_after_a_while() -> None:
    now = [0.0]
    limit = RateLimit(60, clock=lambda: now[0])
    for _ in range(15):
        limit.take("somebody")
    with pytest.raises(Problem, match="in 1 s"):
        limit.take("somebody")
    limit.take("somebody else")
    now[0] += 1.1
    limit.take("somebody")


def test_an_ipv6_customer_has_one_limit_for_all_their_addresses() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:1")
    assert network("2001:db8::1") != network("2001:db8:0:1::1")
    assert network("192.0.2.1") != network("192.0.2.2")


def test_a_conversation_may_not_listen_without_end(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_PER_CONVERSATION", 2)
    with visitor.events() as first, visitor.events() as second:
        next(first), next(second)
        assert visitor.client.get(f"{visitor.path}/events").status_code == 503


def test_all_conversations_together_may_not_listen_without_end(
    visitor: Visitor, served: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    with visitor.events() as first:
        next(first)
        monkeypatch.setattr(events, "MOST", served.server.hub.size)
        other = served.visit()
        refused = other.client.get(f"{other.path}/events")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")


# Hosts, origins, pages


@pytest.mark.parametrize("path", ["/", "/desk/login", "/desk/", "/api/v1/docs", "/widget.js", "/health", "/nothing"])
def test_no_page_can_be_framed_sniffed_or_made_to_load_from_elsewhere(served: Running, path: str) -> None:
    headers = served.client().get(path).headers
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "server" not in headers


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "localhost:80:80"]
)
def test_another_host_name_is_refused(served: Running, host: str) -> None:
    answer = raw(served, f"GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert b" 421 " in answer.partition(b"\r\n")[0]


def test_pages_of_other_sites_may_not_read(visitor: Visitor) -> None:
    answer = visitor.client.get(visitor.path, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "name", ["..%2f..%2fserver.py", "%2e%2e%2fserver.py", "../server.py", "....//server.py", "a%00"]
)
def test_only_files_that_are_meant_to_be_are_served(served: Running, name: str) -> None:
    answer = raw(served, f"GET /static/{name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert b" 404 " in answer.partition(b"\r\n")[0]


@pytest.mark.parametrize("token", ["..%2f..%2fserve.db", "1", "%00", "a.b.c", "x" * 3000])
def test_labels_are_reached_by_signed_links_alone(served: Running, token: str) -> None:
    assert served.client().get(f"/files/labels/{token}").status_code in (404, 400)


def test_a_link_to_a_label_expires(served: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopbot.apps.serve.access.LINK_S", -1)
    assert served.client().get(f"/files/labels/{served.server.access.link('anything', 1)}").status_code == 410


def test_only_labels_of_ones_own_conversation_get_a_link(visitor: Visitor) -> None:
    assert visitor.client.post(f"{visitor.path}/labels/1").status_code == 404


def test_nothing_redirects_to_another_site(served: Running) -> None:
    for path in ("//evil.example", "/\\evil.example", "/?next=https://evil.example", "/api/v1//evil.example"):
        answer = raw(served, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert b"evil.example" not in answer.lower()


# Words that are markup, events or log lines elsewhere

EVIL = "<img src=x onerror=alert(1)></script><script>alert(2)</script>\r\ndata: {}\n\nevent: done\rid: 9\n\n"


def test_words_cannot_begin_an_event(visitor: Visitor) -> None:
    visitor.say(EVIL)
    with visitor.events() as heard:
        names = [next(heard) for _ in range(3)]
    assert [name for name, _, _ in names] == ["message", "message", "state"]
    assert "event: done" in names[0][1]["text"]


def test_words_reach_no_page_as_markup(visitor: Visitor, served: Running) -> None:
    visitor.say(EVIL)
    answer = visitor.client.get(f"{visitor.path}/messages")
    assert answer.headers["content-type"] == "application/json"
    assert "<script>" not in served.client().get("/").text


def test_the_chats_script_never_reads_text_as_markup(served: Running) -> None:
    script = served.client().get("/widget.js").text
    for sink in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "DOMParser",
        "srcdoc",
    ):
        assert sink not in script


def test_the_log_has_no_line_that_a_customer_wrote(served: Running, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        visitor = served.visit()
        visitor.say("My name is Xaver\n2026-01-01 ERROR forged maria.lopez@example.com")
        raw(served, b"GET /%0aERROR%20forged?q=%0aERROR HTTP/1.1\r\nHost: localhost\r\n\r\n")
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("shopbot.apps.serve")]
    assert lines
    assert all(json.loads(line)["status"] for line in lines)
    assert not any(word in line for line in lines for word in ("forged", "Xaver", "maria", visitor.id))


# The address and the secret


def test_on_loopback_a_secret_is_made_once_and_only_its_owner_reads_it(data_folder: object, tmp_path: object) -> None:
    folder = tmp_path
    first = secret_for("127.0.0.1", ServeSettings(), folder)  # type: ignore[arg-type, call-arg]
    assert secret_for("::1", ServeSettings(), folder) == first  # type: ignore[arg-type, call-arg]
    assert (folder / "serve-secret").stat().st_mode & 0o077 == 0  # type: ignore[operator]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "shop.example"])
def test_on_another_address_it_does_not_start_without_a_secret_and_says_how(host: str, tmp_path: object) -> None:
    with pytest.raises(SettingsError, match="SHOPBOT_SERVE_SECRET is not set: set it to"):
        secret_for(host, ServeSettings(), tmp_path)  # type: ignore[arg-type, call-arg]


def test_a_short_secret_is_refused(tmp_path: object) -> None:
    with pytest.raises(SettingsError, match="at least 32"):
        secret_for("0.0.0.0", ServeSettings(secret="short"), tmp_path)  # type: ignore[arg-type, call-arg]


# Keys


def request_with(token: str) -> Request:
    headers = [(b"authorization", f"Bearer {token}".encode())]
    return Request({"type": "http", "headers": headers, "method": "GET", "path": "/"})


def test_a_key_reads_only_with_the_scope(served: Running) -> None:
    chat = served.server.access.accounts.add_key("app", ("chat",), 600)
    read = served.server.access.accounts.add_key("report", ("chat", "read"), 600)
    try:
        refused = served.client(Authorization=f"Bearer {chat}").get("/api/v1/conversations")
        assert refused.status_code == 403
        assert "`shopbot access key NAME --scope read`" in refused.text
        assert served.client(Authorization=f"Bearer {read}").get("/api/v1/conversations").status_code == 200
        assert served.client().get("/v1/models").status_code == 401
    finally:
        assert served.server.access.accounts.remove("app")
        assert served.server.access.accounts.remove("report")


def test_a_key_is_kept_as_a_digest(tmp_path: object) -> None:
    file = tmp_path / "accounts.json"  # type: ignore[operator]
    token = Accounts(file).add_key("app", ("chat",), 60)
    assert token not in file.read_text()
    assert Accounts(file).key(token) is not None
    assert Accounts(file).key(token + "x") is None


def test_away_from_loopback_programs_need_a_key(tmp_path: object) -> None:
    access = Access(SECRET, Accounts(tmp_path / "accounts.json"), loopback=False)  # type: ignore[operator]
    with pytest.raises(Problem, match="not valid"):
        access.caller(request_with("none"))


def test_a_slow_listener_is_cut_off_and_costs_no_memory(served: Running) -> None:
    visitor = served.visit()
    at = urlsplit(served.url)
    connection = http.client.HTTPConnection(at.hostname or "", at.port)
    connection.request("GET", f"{visitor.path}/events", headers={"Authorization": f"Bearer {visitor.token}"})
    hub = served.server.hub
    deadline = time.monotonic() + 10
    while hub.count(visitor.id) == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    (listener,) = hub._listeners[visitor.id]
    for _ in range(1000):
        listener.tell(events.Event("token", {"text": "x"}))
    assert listener.queue.qsize() <= 257
    connection.close()
