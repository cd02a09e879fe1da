"""Serving plain programs one after another in a single confined process: no fork, and so a fraction of the time.

Jobs and replies come in frames. A program that is not plain, or ran out of memory, is not answered but refused, and
gets a process of its own.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, NoReturn

from .confine import JOB_FD, REPLY_FD
from .plain import NotPlain, compile_plain, plain_builtins, safe_modules
from .preload import tell_of_absent
from .program import ENTRY, PROGRAM, Reply, encoded_reply, evaluate, inputs_of, redirect, refusal, send
from .wire import CONFINED, FRAME


def serve_sequence() -> None:
    """Answer jobs until the host closes the pipe, or one is out of memory: what is left then is uncertain."""
    sys.argv, sys.path = ["program.py"], []
    tell_of_absent(_leave)
    modules = safe_modules()
    os.write(REPLY_FD, CONFINED)
    while header := _read(FRAME.size):
        job = json.loads(_read(FRAME.unpack(header)[0]))
        try:
            reply = _answer(job, plain_builtins(modules))
        except NotPlain as reason:
            reply = refusal(str(reason))
        except MemoryError:
            _leave("much memory")
        _send(reply)


def _answer(job: dict[str, Any], builtins: dict[str, Any]) -> bytes:
    names = {"__name__": "__main__", "__builtins__": builtins}
    out = redirect(job["output"])
    program, entry = compile_plain(job["code"], job["entry"] or None, (PROGRAM, ENTRY))
    names.update(inputs_of(job))
    not_an_answer: list[BaseException] = []

    def run() -> Reply:
        try:
            return evaluate(program, entry, names, out.limit)
        except (NotPlain, MemoryError) as error:
            not_an_answer.append(error)
            raise

    reply = encoded_reply(run, out)
    names.clear()
    if not_an_answer:
        raise not_an_answer[0]
    return reply


def _send(reply: bytes) -> None:
    send(FRAME.pack(len(reply)) + reply)


def _leave(need: str) -> NoReturn:
    _send(refusal(f"imports or needs {need}"))
    os._exit(0)


def _read(size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = os.read(JOB_FD, size - len(data))
        if not chunk:
            return b""
        data += chunk
    return data
