"""The reader on messages that no phrase file contains."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from shopbot.engines.shopbot.reader import Reader
from shopbot.engines.shopbot.understanding import render_context

_VERIFIED = ["order_number", "email", "customer", "order"]
_CONTEXTS = {
    "start": render_context(None, None, []),
    "order_number": render_context("order_number", "return", []),
    "email": render_context("email", "return", ["order_number"]),
    "items": render_context("items", "return", _VERIFIED),
    "confirmation": render_context("confirmation", "return", [*_VERIFIED, "items", "offer"]),
    "after": render_context(None, None, [*_VERIFIED, "items", "offer", "label"]),
}


def _cases(part: str | None = None) -> list[tuple[str, str, set[str], list[tuple[str, str]]]]:
    parts = yaml.safe_load(Path(__file__).with_name("messages.yaml").read_text(encoding="utf-8"))
    lines = parts[part] if part else "".join(parts.values())
    cases = []
    for line in lines.splitlines():
        state, message, acts, spans = (part.strip() for part in line.split("|"))
        pairs = [tuple(span.strip().split("=", 1)) for span in spans.split(";") if span.strip()]
        cases.append((state, message, set(acts.split()), pairs))
    return cases


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.mark.parametrize("part", ["first", "second", "third"])
def test_most_fresh_messages_are_read_exactly(reader: Reader, part: str) -> None:
    cases = _cases(part)
    wrong = []
    for state, message, acts, _ in cases:
        performed = reader.read(_CONTEXTS[state], message).performed
        if performed != acts:
            wrong.append(f"{message!r}: {sorted(performed)} instead of {sorted(acts)}")
    assert len(wrong) <= 0.15 * len(cases), "\n".join(wrong)


def test_values_in_fresh_messages_are_found(reader: Reader) -> None:
    wrong, total = [], 0
    for state, message, _, spans in _cases():
        found = [(span.kind, span.text) for span in reader.read(_CONTEXTS[state], message).spans]
        total += len(spans)
        wrong += [f"{message!r}: {found} lacks {span}" for span in spans if span not in found]
    assert len(wrong) <= 0.1 * total, "\n".join(wrong)


@pytest.mark.parametrize("yes", ["yes", "Yes.", "yes please", "YES", "yep", "go ahead", "ok do it", "sure"])
def test_a_clear_yes_confirms(reader: Reader, yes: str) -> None:
    assert reader.read(_CONTEXTS["confirmation"], yes).performed == {"confirm"}


@pytest.mark.parametrize(
    "message",
    ["no", "hmm not sure", "yes but also the socks", "only the shirt", "what does it cost?", "wait", "maybe", "stop"],
)
def test_what_is_not_a_clear_yes_does_not_confirm(reader: Reader, message: str) -> None:
    assert not reader.read(_CONTEXTS["confirmation"], message).performs("confirm")


def test_spans_lie_where_they_say(reader: Reader) -> None:
    for state, message, _, _ in _cases():
        for span in reader.read(_CONTEXTS[state], message).spans:
            assert message[span.start : span.end] == span.text


@pytest.mark.parametrize("message", ["", " \n", "\x00\x07", "😀" * 300, "é" * 5000, "{{7*7}}", "a" * 100_000])
def test_any_text_gets_a_reading(reader: Reader, message: str) -> None:
    reading = reader.read(_CONTEXTS["start"], message)
    assert reading.performed
    assert all(0 <= value <= 1 for value in reading.acts.values())


def test_a_request_at_the_end_of_a_long_message_is_found(reader: Reader) -> None:
    story = "We were on holiday by the sea and the children played all day long. " * 60
    message = story + "My order number is 123456 and I want to return the jeans."
    reading = reader.read(_CONTEXTS["start"], message)
    assert ("ORDER", "123456") in [(span.kind, span.text) for span in reading.spans]
    assert all(message[span.start : span.end] == span.text for span in reading.spans)
    assert reading.performs("want_return")


def test_importing_the_reader_stays_light() -> None:
    code = (
        "import sys, shopbot.engines.shopbot.reader; print({'torch', 'onnxruntime', 'transformers'} & set(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "set()"


def test_a_message_is_read_within_the_time_of_a_reply(reader: Reader) -> None:
    reader.read(_CONTEXTS["start"], "warm up")
    begun = time.process_time()
    for number in range(20):
        reader.read(_CONTEXTS["start"], f"I want to return the blue jeans from order {number}")
    assert (time.process_time() - begun) / 20 < 0.05


@pytest.mark.parametrize("known", [[], ["items"], ["order_number", "items"]])
@pytest.mark.parametrize("address", ["wrong@example.com", "x@y.com", "maria.lopez@example.com", "cap@shop.example"])
def test_a_typed_address_is_found_whole(reader: Reader, known: list[str], address: str) -> None:
    spans = reader.read(render_context("email", "return", known), address).spans
    assert [(span.kind, span.text) for span in spans] == [("EMAIL", address)]
