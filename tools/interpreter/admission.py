"""Which programs monty may run: those in the part of Python where it is known to agree with CPython.

Monty is no CPython: it keeps sets in the order of insertion, makes lists of generators at once,
takes annotations unread, rounds 2.675 to 2.68. A program that could see such a difference is refused. The check is
lexical, in one pass, and errs on the side of refusing. It is no part of the boundary: nothing here keeps a hostile
program in.
"""

from __future__ import annotations

import builtins
import re
import sys
from itertools import pairwise


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FUNCTIONS = _words(
    "print range len int float str abs sum min max sorted list tuple bool divmod pow any all isinstance "
    "enumerate zip True False None"
)
_METHODS = _words(
    "append extend insert pop remove index count sort reverse items values keys get join "
    "split strip upper lower replace startswith endswith isdigit format"
)
_MATH = _words(
    "math floor ceil sqrt factorial gcd lcm comb perm isqrt pi e inf fabs log log10 log2 exp sin cos tan pow "
    "radians degrees hypot prod trunc"
)
_TYPES = _words("int float str bool list dict tuple None")
_ABSENT = frozenset(dir(builtins)) - _FUNCTIONS
_SYNTAX = _words("class yield async await with except finally raise del global assert match case type nonlocal")
_REFUSED = _ABSENT | _SYNTAX | ({"sum"} if sys.version_info >= (3, 12) else frozenset())
"""From 3.12 on, CPython's `sum` of floats is compensated and monty's is not."""
_CONSUMERS = _words("sum min max sorted list tuple join")
_REDEFINED = re.compile(rf"\b({'|'.join(sorted(_CONSUMERS))})\b *=(?!=)|\bdef +({'|'.join(sorted(_CONSUMERS))})\b")
"""A generator that another function gets is no longer consumed on the spot."""

_STRING = re.compile(
    r"""\#[^\n]*|([rRbBuUfF]{0,2})(\"\"\"(?:[^\\"]|\\[\s\S]|"(?!""))*+\"\"\"|'''(?:[^\\']|\\[\s\S]|'(?!''))*+'''"""
    r"""|"(?:[^"\\\n]|\\[\s\S])*+"|'(?:[^'\\\n]|\\[\s\S])*+')"""
)
_NAME = re.compile(r"(?:(\.)\s*)?(?<!\w)([A-Za-z_]\w*)")
_FIELDS = re.compile(r"(?:[^{}]|\{\{|\}\}|\{[^{}\\#'\"!]*\})*+")
_FIELD = re.compile(r"\{([^{}:]*)(:[^{}]*)?\}")
_SPEC = re.compile(r":,?(\.\d{1,2}f)?|:\.?\d{1,2}[df]?")
_IMPORT = re.compile(r"^[ ]*(?:import math|from math import [a-z0-9_, ]+)[ ]*$", re.MULTILINE)
_DEFINITION = re.compile(r"\bdef +\w+ *\(([^()]*)\) *(?:-> *(\w+))? *:")
_PARAMETER = re.compile(r":\s*([^,=]+)")
_ANNOTATION = re.compile(r"^ *[A-Za-z_]\w* *:[^\n]*\S", re.MULTILINE)
_ITERATOR = re.compile(r"(\bin\s+)?\b(?:enumerate|zip)\b")
_MAPPING = re.compile(r"\{\s*(?:\}|''\s*:)")
"""A mapping with text keys: among 1, 1.0 and True as keys, monty keeps the last, CPython the first."""
_OTHER_KEY = re.compile(r",\s*[^'\s(),{}\[\]][^,(){}\[\]\n]*:")
_ITEM_SET = re.compile(r"[^'\s]\s*\]\s*(?:[-+*/%&|^]|//|\*\*|<<|>>)?=(?!=)")
_IDENTITY = re.compile(r"\bis\b(?! +(?:not +)?None\b)")
_TOKEN = re.compile(r"[()\[\]{}]|\bfor\b|\b\w+\b|[^\s\w]")
_CONTROL = re.compile(r"[^\n -~\xa0-\U0010ffff]")
_ODD = re.compile(r"[^\n -~\x00]|__|@|\\\n")
"""Anything beyond ASCII, names with two underscores, decorators, joined lines."""
_OF_ASCII = _words("upper lower strip split isdigit index count replace")
MAX_LENGTH = 2_000
"""Characters: some of these patterns take quadratic time, which so much bounds to milliseconds."""


def refusal(code: str) -> str | None:
    """Why monty should not run `code`; None when it may."""
    if len(code) > MAX_LENGTH:
        return f"has more than {MAX_LENGTH} characters"
    if odd := _CONTROL.search(code):
        return f"holds {odd.group()!r}"
    if "\\u" in code or "\\U" in code or "\\N" in code:
        return "names characters by number, perhaps half of a pair"
    if redefined := _REDEFINED.search(code):
        return f"redefines {redefined.group(1) or redefined.group(2)}"
    fields: list[str] = []
    plain = _STRING.sub(lambda found: _without_text(found, fields), code)
    if "\x00" in plain:
        return "an f-string beyond plain fields"
    scanned = plain + "\n" + "\n".join(fields)
    if odd := _ODD.search(scanned):
        return f"holds {odd.group()!r}"
    return _names(scanned, _METHODS if code.isascii() else _METHODS - _OF_ASCII) or _shape(plain, scanned)


def _without_text(found: re.Match[str], fields: list[str]) -> str:
    """An empty string in place of a string; the expressions of an f-string go to `fields`."""
    prefix, text = found.group(1), found.group(2)
    if text is None:
        return ""
    if "b" in prefix.lower():
        return "\x00"
    if "f" in prefix.lower():
        if not _FIELDS.fullmatch(text):
            return "\x00"
        for expression, spec in _FIELD.findall(text.replace("{{", "").replace("}}", "")):
            if spec and not _SPEC.fullmatch(spec):
                return "\x00"
            fields.append(f"({expression})")
    return "''"


def _names(code: str, methods: frozenset[str]) -> str | None:
    imports = len(_IMPORT.findall(code))
    words = _NAME.findall(code)
    names = {name for dot, name in words if not dot}
    if refused := names & _REFUSED:
        return f"uses {min(refused)}"
    attributes = {name for dot, name in words if dot}
    if other := attributes - methods - _MATH:
        return f"uses .{min(other)}"
    if "import" in names:
        if sum(name == "import" for _, name in words) != imports:
            return "imports more than math"
        for line in _IMPORT.findall(code):
            if other := set(re.findall(r"\w+", line)) - _MATH - {"import", "from"}:
                return f"imports {min(other)}"
    return None


def _shape(plain: str, scanned: str) -> str | None:
    if "{" in scanned and len(_MAPPING.findall(scanned)) != scanned.count("{"):
        return "may hold a set, or keys that are no text"
    if "{" in scanned and (_OTHER_KEY.search(scanned) or _ITEM_SET.search(scanned)):
        return "may have keys that are no text"
    if _IDENTITY.search(scanned):
        return "compares identity"
    if any(not direct for direct in _ITERATOR.findall(scanned)):
        return "keeps an iterator"
    if "for" in scanned and _has_generator(scanned):
        return "keeps a generator"
    return _definitions(plain)


def _definitions(plain: str) -> str | None:
    if _ANNOTATION.search(plain):
        return "annotates"
    found = _DEFINITION.findall(plain)
    if len(found) != len(re.findall(r"\bdef\b", plain)):
        return "defines a function in an unusual way"
    for parameters, returns in found:
        annotations = {annotation.strip() for annotation in _PARAMETER.findall(parameters)} | {returns or "int"}
        if other := annotations - _TYPES:
            return f"annotates with {min(other)}"
    return "returns outside a function" if _returns_outside(plain) else None


def _returns_outside(plain: str) -> bool:
    inside = False
    for line in plain.split("\n"):
        if line[:1] not in ("", " ", ")", "]", "}"):
            inside = line.startswith("def ")
        if not inside and re.search(r"\breturn\b", line):
            return True
    return False


def _has_generator(code: str) -> bool:
    """Whether there is a generator expression that is not consumed on the spot."""
    opened: list[tuple[str, str]] = []
    for before, token in pairwise(["", *_TOKEN.findall(code)]):
        if token in "([{":
            opened.append((token, before))
        elif token in ")]}" and opened:
            opened.pop()
        elif token == "for" and opened and opened[-1][0] == "(" and opened[-1][1] not in _CONSUMERS:
            return True
    return False
