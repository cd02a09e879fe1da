"""A loaded model and what it has evaluated already; decodes one answer at a time.

llama.cpp keeps the keys and values of the tokens it has seen. A prompt that begins like the last one is evaluated from
the first token that differs, so that a conversation costs its new tokens only.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from shopbot.engines.llama.answer_grammar import CALL, CALL_ENDS, THINK, THOUGHT_ENDS
from shopbot.engines.llama.loading import load
from shopbot.engines.llama.sampling import Logits, Sampler
from shopbot.engines.llama.work import Wanted, Work

_CONTROL = 1 << 3
_END_THOUGHT, _END_ANSWER = 0.25, 0.7
"""From these shares of an answer's tokens on, whatever can end a thought, or the answer, is preferred."""
_TOO_LATE = "its time was up before the answer was there; a smaller model is faster"
_BATCH = 256
"""Tokens of a prompt between two looks at the clock."""
_LONGEST_TOKEN = 512
"""Bytes."""


class Runtime:
    """One model file in memory. Threads may share it: a second answer waits until the first is finished."""

    def __init__(self, file: Path, *, context: int | None = None, threads: int | None = None) -> None:
        """Load `file`.

        Raises:
            EngineError: it cannot be loaded.
        """
        self.file = file
        self._llama = load(file, context=context, threads=threads)
        import llama_cpp

        self._cpp = llama_cpp
        self._vocabulary = self._llama._model.vocab
        self._cached: list[int] = []
        self._lock = threading.Lock()
        self._pieces: dict[int, bytes | None] = {}

    @property
    def context(self) -> int:
        """How many tokens prompt and answer may have together."""
        return int(self._llama.n_ctx())

    @property
    def chat_template(self) -> str | None:
        """The file's own chat template, Jinja source."""
        found = self._llama.metadata.get("tokenizer.chat_template")
        return str(found) if found else None

    def special(self, kind: str) -> str:
        """The text of the "bos" or "eos" token, empty when the model has none."""
        token = getattr(self._llama, f"token_{kind}")()
        return str(self._llama._model.token_get_text(token)) if token >= 0 else ""

    def describe(self) -> dict[str, Any]:
        """Kind, parameters and size in bytes of the model."""
        model = self._llama._model
        return {"kind": model.desc(), "parameters": model.n_params(), "bytes": model.size(), "context": self.context}

    def tokenise(self, text: str) -> list[int]:
        """Tokens of a rendered prompt; special tokens written in it count as such."""
        tokens = self._llama.tokenize(text.encode("utf-8", "replace"), add_bos=False, special=True)
        bos = self._llama.token_bos()
        wants_bos = self._llama._model.add_bos_token() and bos >= 0
        return [bos, *tokens] if wants_bos and tokens[:1] != [bos] else tokens

    def control_texts(self) -> list[str]:
        """The texts of all control tokens: they must not be taken from what people write."""
        found = []
        for token in range(self._llama.n_vocab()):
            if self._is_control(token):
                found.append(str(self._llama._model.token_get_text(token)))
        return [text for text in found if text]

    def decode(self, wanted: Wanted, work: Work) -> Generator[str, None, None]:
        """The answer, piece by piece; `work` is filled while it is made.

        Raises:
            GrammarError: the grammar cannot be read or continued.
            TimeoutError: the deadline has passed.
        """
        with (
            self._alone(wanted.deadline),
            closing(
                Sampler(
                    self._vocabulary,
                    self._piece,
                    wanted.grammar,
                    temperature=wanted.temperature,
                    seed=wanted.seed,
                )
            ) as sampler,
        ):
            started = time.perf_counter()
            work.prompt = len(wanted.prompt)
            work.evaluated = self._evaluate(wanted.prompt, wanted.deadline)
            work.prompt_seconds = time.perf_counter() - started
            text = ""
            for made in range(wanted.tokens):
                started = time.perf_counter()
                closers = self._closing(text, made / wanted.tokens)
                _check_time(wanted.deadline)
                weigh = wanted.weigh(text)
                choice = sampler.choose(self._logits(), preferred=closers, weigh=weigh)
                if weigh is not None:
                    work.confidence *= choice.probability
                ends = self._is_end(choice.token)
                if not ends:
                    self._feed([choice.token])
                    work.made += 1
                    text += choice.text
                work.decode_seconds += time.perf_counter() - started
                if ends:
                    work.finished = True
                    return
                if choice.text:
                    yield choice.text

    @contextmanager
    def _alone(self, deadline: float | None) -> Iterator[None]:
        """Wait until no other answer is being made, up to the deadline."""
        wait = -1 if deadline is None else max(0.0, deadline - time.monotonic())
        if not self._lock.acquire(timeout=wait):
            raise TimeoutError(_TOO_LATE)
        try:
            yield
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Evaluate the next prompt from its first token."""
        with self._lock:
            self._cached = []

    def _evaluate(self, prompt: Sequence[int], deadline: float | None) -> int:
        """Evaluate what of the prompt is new; the number of tokens that were."""
        same = 0
        for known, token in zip(self._cached, prompt, strict=False):
            if known != token:
                break
            same += 1
        same = min(same, len(prompt) - 1)  # the last one is evaluated again: its logits are wanted
        if not self._llama._ctx.kv_cache_seq_rm(0, same, -1):
            same = 0
            self._cpp.llama_memory_clear(self._llama._ctx.memory, True)
        self._cached = self._cached[:same]
        self._llama.n_tokens = same
        for start in range(same, len(prompt), _BATCH):
            _check_time(deadline)
            self._feed(prompt[start : start + _BATCH])
        return len(prompt) - same

    def _feed(self, tokens: Sequence[int]) -> None:
        """Evaluate `tokens` behind those known; should it fail, nothing is taken for known."""
        known, self._cached = self._cached, []
        self._llama.eval(tokens)
        self._cached = known
        self._cached += tokens

    def _logits(self) -> Logits:
        pointer = self._cpp.llama_get_logits_ith(self._llama.ctx, -1)
        return np.ctypeslib.as_array(pointer, shape=(self._llama.n_vocab(),))

    def _piece(self, token: int) -> bytes | None:
        if token not in self._pieces:
            self._pieces[token] = self._read_piece(token)
        return self._pieces[token]

    def _read_piece(self, token: int) -> bytes | None:
        if self._is_end(token):
            return b""
        text = self._text_of(token)
        tags = (THINK, THOUGHT_ENDS, CALL, CALL_ENDS)
        allowed = not self._is_control(token) or text.decode("utf-8", "replace") in tags
        return text if text and allowed else None

    def _text_of(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(_LONGEST_TOKEN)
        length = self._cpp.llama_token_to_piece(self._vocabulary, token, buffer, _LONGEST_TOKEN, 0, True)
        return buffer.raw[: max(length, 0)]

    def _is_control(self, token: int) -> bool:
        return bool(self._cpp.llama_vocab_get_attr(self._vocabulary, token) & _CONTROL)

    def _is_end(self, token: int) -> bool:
        return bool(self._cpp.llama_vocab_is_eog(self._vocabulary, token))

    def _closing(self, text: str, share: float) -> list[int]:
        """Tokens that bring an answer to its end when `share` of what it may take is used up, the best one first."""
        if share >= _END_THOUGHT and THINK in text and THOUGHT_ENDS not in text:
            return self._tokens_of([THOUGHT_ENDS, "</", "<"])
        if share < _END_ANSWER:
            return []
        if CALL not in text or text.endswith(CALL_ENDS):
            return [token for token in (self._llama.token_eos(), self._llama._model.token_eot()) if token >= 0]
        # Inside a JSON string only the quote ends it; a brace would be part of the string.
        call = text.rpartition(CALL)[2].replace("\\\\", "").replace('\\"', "")
        return self._tokens_of(['"'] if call.count('"') % 2 else ["}", "]", '"'])

    def _tokens_of(self, texts: Sequence[str]) -> list[int]:
        """Those of the texts that are one token each."""
        found = [self._llama.tokenize(text.encode(), add_bos=False, special=True) for text in texts]
        return [tokens[0] for tokens in found if len(tokens) == 1]


def _check_time(deadline: float | None) -> None:
    if deadline is not None and time.monotonic() > deadline:
        raise TimeoutError(_TOO_LATE)
