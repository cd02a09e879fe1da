"""Parts of a text that are headed by what they are: "Thought: … Final Answer: …", or special tokens that name a
channel, as in OpenAI's open-weight models (harmony), with the tokens or with what is left when a server drops them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from shopbot.engines.labels import label_pattern
from shopbot.engines.reasoning_marks import kind_of
from shopbot.prompts import load_data

_FILE = "engines/dialects.yaml"
_TOKEN = re.compile(r"<[|｜][\w▁]{1,40}[|｜]?>|<[\w▁]{1,40}[|｜]>|<(?!h\d>)[a-z]+_?\d+>|<[a-z]{2,10}_of_[a-z]{2,10}>")
_PHRASE = r"[^\W\d_][\w'’-]{0,20}(?: [^\W\d_][\w'’-]{0,20}){0,5}"
_HEADING = re.compile(
    rf"^[ \t#*_>•-]{{0,8}}({_PHRASE})(?:[*_ \t]{{0,4}}[:：][*_]{{0,4}}|[*_]{{2,3}}[ \t]{{0,4}}$)", re.MULTILINE
)
_CLOSES = {"(": ")", "[": "]", "*": "*", "_": "_", "**": "**", "__": "__"}
_ASIDE = re.compile(rf"(?m)^[ \t]*(\*\*|__|[(\[*_]) ?({_PHRASE})[:：]([^\n]*?[^\s*_][^\n]*?)(\*\*|__|[)\]*_])[ \t]*")
_FENCED = re.compile(
    r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w-]+)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_DOTTED = re.compile(
    rf"^[ \t]*({_PHRASE}) ?(?:\.{{3}}|…)[ \t]*\n(.*?)\n[ \t]*(?:\.{{3}}|…) ?({_PHRASE})\.?[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_SPEAKER = re.compile(rf"\A\s*[*_]{{0,2}}({_PHRASE})[*_]{{0,2}}[:：][*_]{{0,2}}[ \t]*(?=\S)")
_KINDS = {"thought": "reasoning", "answer": "answer", "say": "answer", "action": "call"}
_TO = re.compile(r"to=(?:functions\.)?([\w.-]{1,100})")


def split_channels(text: str) -> tuple[str, str] | None:
    """The reply and the reasoning where special tokens, or what is left of them, name channels; else None.

    Where there is an answer, nothing else is the reply but a call; what another than the model says ends it all.
    """
    text = _with_tokens(text)
    if not _TOKEN.search(text):
        return None
    said: dict[str, list[str]] = {"reasoning": [], "call": [], "answer": [], "": []}
    found = False
    for kind, heading, piece in _channels(text):
        if kind == "others":
            break
        found |= bool(kind)
        to = _TO.search(heading)
        said[kind if to or kind != "call" else "reasoning"].append(_as_call(to[1], piece) if to else piece)
    if not found:
        return None
    reply, rest = (said["answer"], said[""]) if said["answer"] else (said[""], [])
    return "\n".join([*reply, *said["call"]]).strip(), "\n".join([*said["reasoning"], *rest]).strip()


def _as_call(name: str, piece: str) -> str:
    return f'{{"name": "{name}", "arguments": {piece}}}' if piece.startswith("{") else f"{name}({piece})"


def _channels(text: str) -> Iterator[tuple[str, str, str]]:
    """(channel, heading, what is said in it) between special tokens; the channel is empty where none is named."""
    kind, heading = "", ""
    start, end = 0, 0
    for token in [*_TOKEN.finditer(text), None]:
        piece = text[start : token.start() if token else len(text)]
        found = _channel().match(piece) if end else None
        if found:
            kind, heading = str(found.lastgroup), found.group()
            piece = piece[found.end() :]
        if piece.strip() and piece.strip() not in load_data(_FILE)["formats"]:
            yield kind, heading, piece.strip()
            kind, heading = "", ""
        if token:
            start = end = token.end()


def split_headed(text: str) -> tuple[str, str] | None:
    """The reply and the reasoning where a heading says which is which; None where none says so.

    A heading for reasoning counts when one for the answer follows it, and where its word has no other meaning. The
    last answer is the reply, and all before it reasoning; where an action is among that, it is a call with what the
    model made up of its result, and left to those who read calls.
    """
    parts = list(_sections(text))
    kinds = [kind for kind, _, _ in parts]
    if "call" in kinds:
        return None
    thoughts = [
        place for place, (kind, head, _) in enumerate(parts) if kind == "reasoning" and _counts(place, head, parts)
    ]
    if not thoughts:
        return None
    last = max((place for place, kind in enumerate(kinds) if kind == "answer" and place > thoughts[0]), default=None)
    if last is not None:
        before = [body if kind == "reasoning" else head + body for kind, head, body in parts[:last]]
        return parts[last][2].strip(), "".join(before).strip()
    kept = [head + body for place, (_, head, body) in enumerate(parts) if place not in thoughts]
    return "".join(kept).strip(), "".join(parts[place][2] for place in thoughts).strip()


def split_asides(text: str) -> tuple[str, str] | None:
    """The reply and the reasoning where it stands in brackets, "(Thinking: …)", in a block of code of that name, or
    between "Thinking..." and "...done thinking."; None where there is none."""
    thoughts: list[str] = []

    def take(found: re.Match[str], *phrases: str, inside: str) -> str:
        if not all(map(_is_reasoning, phrases)):
            return found.group()
        thoughts.append(inside.strip())
        return ""

    def aside(found: re.Match[str]) -> str:
        closed = _CLOSES[found[1]] == found[4]
        return take(found, found[2], inside=found[3]) if closed else found.group()

    text = _FENCED.sub(lambda found: take(found, found[2], inside=found[3]), text)
    text = _DOTTED.sub(lambda found: take(found, found[1], found[3].split()[-1], inside=found[2]), text)
    text = _ASIDE.sub(aside, text)
    return (text.strip(), "\n".join(thoughts)) if thoughts else None


def split_speaker(text: str) -> tuple[str, str] | None:
    """The reply without the label of who speaks, "Assistant:", and no reasoning; None where it begins with none."""
    found = _SPEAKER.match(text)
    if found is None:
        return None
    is_final = " " in found[1] and heading_kind(found[1]) == "answer"
    is_own = is_final or found[1].lower() in load_data(_FILE)["channels"]["answer"]
    return (text[found.end() :], "") if is_own else None


def _is_reasoning(phrase: str) -> bool:
    return heading_kind(phrase) == "reasoning" or (" " not in phrase and kind_of(phrase) == "reasoning")


def _counts(place: int, head: str, parts: list[tuple[str, str, str]]) -> bool:
    answered = any(kind == "answer" for kind, _, _ in parts[place + 1 :])
    return answered or not {*_words(head)}.isdisjoint(load_data(_FILE)["reasoning"])


def _sections(text: str) -> Iterator[tuple[str, str, str]]:
    """(kind, heading, what follows it); the first has no heading."""
    kind, head, start = "", "", 0
    for found in _HEADING.finditer(text):
        yield kind, head, text[start : found.start()]
        kind, head, start = _kind(found), found.group(), found.end()
    yield kind, head, text[start:]


def heading_kind(phrase: str) -> str:
    """What follows a heading, "reasoning" or "answer", when it says nothing else; else nothing."""
    listed: dict[str, list[str]] = load_data(_FILE)["headings"]
    words = [word for word in _words(phrase) if word not in listed["around"]]
    return next((kind for kind in ("reasoning", "answer") if " ".join(words) in listed[kind]), "")


def _words(phrase: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['’][^\W_]+)?", phrase.lower())


def _kind(heading: re.Match[str]) -> str:
    label = label_pattern().match(heading.group())
    if label:
        named = ((kind, label[kind]) for kind in ("thought", "answer", "say", "action", "input", "observation"))
        kind = next((kind for kind, value in named if value), "")
        return _KINDS.get(kind, "")
    return heading_kind(heading[1])


def _with_tokens(text: str) -> str:
    """The text with the special tokens that a server dropped: "analysis…assistantfinal…"."""
    if "<|channel|>" in text:
        return text
    glued = _glued()
    begins = re.match(rf"\s*(?:{_listed('reasoning', 'call')})(?=[A-Z\"'“(\d]|\s+to=)", text)
    if not glued.search(text) and not begins:
        return text
    text = glued.sub(r"<|channel|>\1<|message|>", text)
    text = re.sub(rf"\A\s*({_listed('reasoning', 'call')})(?=\S|\s+to=)", r"<|channel|>\1<|message|>", text)
    return re.sub(r"<\|message\|>(\s*to=[\w.-]+)\s*(?:json|code)?\s*(?=\{)", r"\1<|message|>", text)


@lru_cache(maxsize=1)
def _glued() -> re.Pattern[str]:
    return re.compile(rf"assistant({_listed('reasoning', 'call')}|final)(?=\S|\s+to=|\s*\Z)")


@lru_cache(maxsize=1)
def _channel() -> re.Pattern[str]:
    listed: dict[str, list[str]] = load_data(_FILE)["channels"]
    kinds = "|".join(rf"(?P<{kind}>{'|'.join(words)})" for kind, words in listed.items())
    return re.compile(rf"\s*(?:{kinds})(?!\w)(?:\s+to=\S+)?[ \t]*(?:\n|(?:json|code)?\s*\Z)")


def _listed(*kinds: str) -> str:
    return "|".join(word for kind in kinds for word in load_data(_FILE)["channels"][kind])
