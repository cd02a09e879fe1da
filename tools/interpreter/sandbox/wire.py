"""What host and server have to agree on: fixed-size messages, and nothing else.

Control socket (SEQPACKET, one message is one child):
    server -> host   READY, once
    host -> server   START with three descriptors: where the child reads, where it replies, and its lifeline

Lifeline (SEQPACKET, one for each child):
    server -> host   PID of the child
    host -> server   ASIDE: the child gets the lowest priority; anything else, or the end: it has to end
    server -> host   STATUS when the child is gone

The program travels through the job pipe to the child, never through the server. Of the reply pipe only the first byte,
CONFINED, can be trusted: the child sends it before it reads its program. The rest belongs to the program: REPLY and
four texts, a form that takes no time to read whatever is in it.
"""

from __future__ import annotations

import struct

READY = b"R"
CONFINED = b"C"
ASIDE = b"A"
KILL = b"K"

START = struct.Struct(">?QII")
"""Whether it serves plain programs one after another, bytes of memory beyond the server's own, seconds of CPU,
characters of output (and of answer) allowed."""

PID = struct.Struct(">i")

STATUS = struct.Struct(">iQ")
"""Wait status of the child, and its CPU time in milliseconds."""

FRAME = struct.Struct(">I")
"""Length of a job or reply of a child that serves one plain program after another."""

REPLY = struct.Struct(">cIIII")
"""What kind of reply it is, and the length of its four texts in UTF-8:

    NUMBER, TEXT, NOTHING   answer (a number as JSON spells it), answer as `str` gives it, type, standard output
    FAILED                  type of the exception, message, line, standard output
    REFUSED                 why; the program is for another process to run
"""
NUMBER, TEXT, NOTHING, FAILED, REFUSED = b"N", b"T", b"0", b"F", b"R"

MAX_MESSAGE = 512


def pack_reply(kind: bytes, *texts: str) -> bytes:
    """A reply; half of a surrogate pair is no text that could be sent on, and is spelt out."""
    parts = [str.encode(text, "utf-8", "backslashreplace") for text in (*texts, "", "", "", "")[:4]]
    return REPLY.pack(kind, *map(len, parts)) + b"".join(parts)


def reply_limit(output: int) -> int:
    """Bytes of reply that a program may cause: a character in at most four, of the output and twice of the answer.

    Half of a surrogate pair takes six, and is not worth more room.
    """
    return 4 * 3 * output + 16_384
