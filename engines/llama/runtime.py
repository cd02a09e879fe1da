"""A loaded model and what it has evaluated already; decodes one answer at a time.

llama.cpp keeps the keys and values of the tokens it has seen. A prompt that begins like an earlier one is evaluated
from the first token that differs, so that a conversation costs its new tokens only.
"""

from __future__ import annotations

import json
import math
import shutil
import time
import weakref
from collections.abc import Generator, Iterator, Mapping
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from queue import Empty, SimpleQueue
from socket import AF_UNIX, socket
from threading import Event, Thread
from typing import Any

from shopbot.engines.llama.answer_grammar import CALL, CALL_ENDS, THINK, THOUGHT_ENDS
from shopbot.engines.llama.answers import without_thought
from shopbot.engines.llama.gguf_header import Header
from shopbot.engines.llama.loading import load
from shopbot.engines.llama.work import Wanted, Work

_TOO_LATE = "its time was up before the answer was there; a smaller model is faster"
_LIKELIEST = 64
"""Tokens of which the probability is told, where it is wanted."""
_PATIENCE_S = 30.0
"""Seconds for tokenising, which waits for nothing but the processor."""


_TAGS = (THINK, THOUGHT_ENDS, CALL, CALL_ENDS)


class GrammarError(ValueError):
    """llama.cpp cannot read the grammar."""


class Runtime:
    """One model file in memory. Threads may share it: a second answer waits until the first is finished."""

    def __init__(self, file: Path, *, context: int | None = None, threads: int | None = None) -> None:
        """Load `file`.

        Raises:
            EngineError: it cannot be loaded.
        """
        self.file = file
        self._loaded = load(file, context=context, threads=threads)
        weakref.finalize(self, shutil.rmtree, self._loaded.socket.parent, ignore_errors=True)
        self._keep = True
        header = self._loaded.header
        self._barred = [
            token for token in header.control if token not in header.ends and header.control[token] not in _TAGS
        ]

    @property
    def context(self) -> int:
        """How many tokens prompt and answer may have together."""
        return self._loaded.context

    @property
    def header(self) -> Header:
        """What the file says about itself."""
        return self._loaded.header

    def describe(self) -> dict[str, Any]:
        """Kind, parameters and size in bytes of the model."""
        return {
            "kind": f"{self.header.architecture} {self.header.parameters / 1e6:,.0f}M",
            "parameters": self.header.parameters,
            "bytes": self.file.stat().st_size,
            "context": self.context,
        }

    def tokenise(self, text: str) -> list[int]:
        """Tokens of a rendered prompt; special tokens written in it count as such."""
        connection = _OverSocket(self._loaded.socket)
        body = json.dumps({"content": text, "add_special": True, "parse_special": True})
        headers = {"Authorization": f"Bearer {self._loaded.key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", "/tokenize", body, headers)
            tokens: list[int] = json.loads(connection.getresponse().read())["tokens"]
            return tokens
        finally:
            connection.close()

    def decode(self, wanted: Wanted, work: Work) -> Generator[str, None, None]:
        """The answer, piece by piece; `work` is filled while it is made.

        Raises:
            GrammarError: the grammar cannot be read.
            TimeoutError: the deadline has passed.
            RuntimeError: llama.cpp refuses the request.
        """
        text = ""
        for said in self._pieces(wanted):
            (choice,) = said["choices"]
            work.confidence *= share_of(without_thought(text), choice, wanted)
            text += choice["text"]
            if choice["finish_reason"]:
                work.finished = choice["finish_reason"] == "stop"
                _count(said, work)
            if choice["text"]:
                yield choice["text"]

    def forget(self) -> None:
        """Evaluate the next prompt from its first token."""
        self._keep = False

    def _pieces(self, wanted: Wanted) -> Iterator[Mapping[str, Any]]:
        """What the server says, until it ends or the deadline passes; given up on, it stops at its next token."""
        pieces: SimpleQueue[Any] = SimpleQueue()
        given_up = Event()

        def receive(piece: Any) -> bool:
            pieces.put(piece)
            return given_up.is_set()

        def ask() -> None:
            try:
                self._loaded.server.handle_completions(self._body(wanted), receive)
            except Exception as error:
                pieces.put(error)
            pieces.put(None)

        if wanted.deadline is not None and time.monotonic() > wanted.deadline:
            raise TimeoutError(_TOO_LATE)
        Thread(target=ask, name="llama.cpp", daemon=True).start()
        try:
            while (piece := _next(pieces, wanted.deadline)) is not None:
                yield _sound(piece)
        finally:
            given_up.set()

    def _body(self, wanted: Wanted) -> dict[str, Any]:
        keep, self._keep = self._keep, True
        return {
            "prompt": wanted.prompt if isinstance(wanted.prompt, str) else list(wanted.prompt),
            "n_predict": wanted.tokens,
            "temperature": wanted.temperature,
            "seed": wanted.seed,
            "stop": list(wanted.stop),
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,
            "cache_prompt": keep,
            "n_probs": _LIKELIEST if wanted.alternatives else 0,
            "preserved_tokens": list(_TAGS),
            "logit_bias": [[token, False] for token in self._barred],
            # At a temperature of its own, sampling is left to the grammar alone.
            "top_k": 0 if wanted.temperature else 1,
            "top_p": 1.0,
            "min_p": 0.0,
            **({} if wanted.grammar is None else {"grammar": wanted.grammar}),
        }


class _OverSocket(HTTPConnection):
    """HTTP over a socket file."""

    def __init__(self, file: Path) -> None:
        super().__init__("localhost", timeout=_PATIENCE_S)
        self._file = file

    def connect(self) -> None:
        self.sock = socket(AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._file))


def _next(pieces: SimpleQueue[Any], deadline: float | None) -> Any:
    try:
        return pieces.get(timeout=None if deadline is None else max(0.0, deadline - time.monotonic()))
    except Empty:
        raise TimeoutError(_TOO_LATE) from None


def _sound(piece: Any) -> Mapping[str, Any]:
    if isinstance(piece, Exception):
        raise RuntimeError(str(piece)) from piece
    if "error" not in piece:
        said: Mapping[str, Any] = piece
        return said
    why = str(piece["error"].get("message", piece["error"]))
    raise GrammarError("llama.cpp cannot read the grammar") if "grammar" in why else RuntimeError(why)


def _count(said: Mapping[str, Any], work: Work) -> None:
    timings = said.get("timings") or {}
    work.evaluated = int(timings.get("prompt_n", 0))
    work.prompt = work.evaluated + int(timings.get("cache_n", 0))
    work.made = int(timings.get("predicted_n", 0))
    work.prompt_seconds = float(timings.get("prompt_ms", 0.0)) / 1000
    work.decode_seconds = float(timings.get("predicted_ms", 0.0)) / 1000


def share_of(text: str | None, choice: Mapping[str, Any], wanted: Wanted) -> float:
    """The probability of the piece that was chosen behind `text`, among what the alternatives go on with.

    One where there is nothing more to decide.
    """
    told = (choice.get("logprobs") or {}).get("content") or []
    if text is None or not told:
        return 1.0
    left = [other[len(text) :] for other in wanted.alternatives if other.startswith(text) and other != text]
    likely = {one["token"]: math.exp(one["logprob"]) for one in [*told[0]["top_logprobs"], told[0]] if one["token"]}
    fitting = {token: share for token, share in likely.items() if any(map(partial(_go_together, token), left))}
    whole, chosen = sum(fitting.values()), told[0]["token"]
    if not text and wanted.open:
        return whole if chosen in fitting else 1.0 - whole
    return fitting[chosen] / whole if len(left) > 1 and chosen in fitting else 1.0


def _go_together(token: str, text: str) -> bool:
    return text.startswith(token) or token.startswith(text)
