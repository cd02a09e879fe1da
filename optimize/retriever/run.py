"""Fine-tunes a search encoder, exports it as int8 ONNX, measures it and puts it in place if it is no worse.

Some pairs are kept back and never trained on; before and after are measured on them, over all sections of the
documents. The encoder in place is kept whenever it ranks better: the new one then stays in the work folder.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from shopbot.engines.embedding import Encoder
from shopbot.engines.embedding.encoder import ENCODER_FILE, TOKENIZER_FILE
from shopbot.optimize.retriever.measure import Asked, Vectors, found, mean_cosine
from shopbot.optimize.retriever.pairs import Pair, PairsError, mine, read_passages
from shopbot.optimize.shipping.export_encoder import export, export_tokenizer, quantise

if TYPE_CHECKING:
    from shopbot.optimize.retriever.training import Settings
    from shopbot.optimize.training import Progress

KEPT_BACK = 0.15
REPORT_FILE = "report.json"


@dataclass(frozen=True)
class Report:
    """What a run did. `before` and `after` hold hit@3, nDCG@10 and MRR on `questions` questions, from 0 to 1.

    `cosine` is the mean between the new encoder as int8 and as float32, `written` whether it is in place now.
    """

    before: dict[str, float]
    after: dict[str, float]
    cosine: float
    megabytes: float
    pairs: int
    questions: int
    seconds: float
    written: bool
    place: str


def optimise(
    documents: Path,
    into: Path,
    work: Path,
    settings: Settings,
    *,
    source: Path,
    traces: Sequence[Path] = (),
    questions: Path | None = None,
    on_step: Callable[[Progress], None] = lambda progress: None,
) -> Report:
    """Fine-tune the encoder in `source` on `documents` and `traces`; write it to `into` unless that has a better one.

    Args:
        into: folder of the encoder in place; may be empty or absent.
        work: folder for the checkpoint and the new encoder.
        source: folder of the float32 weights (`config.json`, `model.safetensors`, `tokenizer.json`).
        questions: YAML with `answerable: [{ask, sections}]` to measure with, instead of pairs kept back.

    Raises:
        PairsError: there is nothing to learn from or to measure with.
    """
    from shopbot.optimize.retriever.model import mixed
    from shopbot.optimize.retriever.training import fingerprint, train

    began = time.monotonic()
    trained_on, asked = _divided(mine(documents, traces), questions)
    run = work / fingerprint(trained_on, settings)
    encoder = mixed(train(source, trained_on, settings, run, on_step), settings.share)
    encoder.save(run / "float32")
    exported, small = run / "float32.onnx", run / ENCODER_FILE
    export(run / "float32", exported)
    quantise(exported, small)
    export_tokenizer(source, run / TOKENIZER_FILE)
    after, vectors = _measured(Encoder(run), documents, asked)
    _, floats = _measured(Encoder(run, file=exported), documents, asked)
    before = _before(into, source, run, documents, asked)
    written = after["nDCG@10"] >= before["nDCG@10"] or not (into / ENCODER_FILE).is_file()
    if written:
        _place(run, into)
    report = Report(
        before=before,
        after=after,
        cosine=round(mean_cosine(vectors, floats), 4),
        megabytes=round(small.stat().st_size / 1e6, 1),
        pairs=len(trained_on),
        questions=len(asked),
        seconds=round(time.monotonic() - began, 1),
        written=written,
        place=str(into if written else run),
    )
    (run / REPORT_FILE).write_text(json.dumps(asdict(report), indent=1), encoding="utf-8")
    return report


def divide(pairs: Sequence[Pair], share: float = KEPT_BACK) -> tuple[list[Pair], list[Pair]]:
    """Pairs to train on and pairs kept back, by a hash of the question: the same question is always on one side.

    Headings are trained on: they stand in the passage itself, so finding it by them shows nothing.
    """
    kept = [pair for pair in pairs if pair.origin != "heading" and _fraction(pair.question) < share]
    held = {pair.question.lower() for pair in kept}
    return [pair for pair in pairs if pair.question.lower() not in held], kept


def read_asked(file: Path) -> list[Asked]:
    """Questions to measure with, from YAML with `answerable: [{ask, sections}]`.

    Raises:
        PairsError: the file is not like that.
    """
    try:
        held = yaml.safe_load(file.read_text(encoding="utf-8"))["answerable"]
        return [Asked(str(each["ask"]), frozenset(each["sections"])) for each in held]
    except (yaml.YAMLError, KeyError, TypeError):
        raise PairsError(
            f"{file} is not YAML with 'answerable: [{{ask: …, sections: [document#section]}}]': write it like that."
        ) from None


def _divided(pairs: list[Pair], questions: Path | None) -> tuple[list[Pair], list[Asked]]:
    if questions is None:
        trained_on, kept = divide(pairs)
        asked = [Asked(pair.question, frozenset({pair.key})) for pair in kept]
    else:
        asked = read_asked(questions)
        told = {each.question.lower() for each in asked}
        trained_on = [pair for pair in pairs if pair.question.lower() not in told]
    if not asked or len(trained_on) < 2:
        raise PairsError(
            f"There are {len(trained_on)} pairs to train on and {len(asked)} questions to measure with: write sample "
            "questions (questions.yaml beside the documents) or give recorded conversations."
        )
    return trained_on, asked


def _measured(encoder: Encoder, documents: Path, asked: Sequence[Asked]) -> tuple[dict[str, float], Vectors]:
    passages = read_passages(documents)
    vectors = encoder.encode(list(passages.values()))
    reached = found(encoder.encode([each.question for each in asked]), vectors, list(passages), asked)
    return {"hit@3": reached.hit_at_3, "nDCG@10": reached.ndcg_at_10, "MRR": reached.mrr}, vectors


def _before(into: Path, source: Path, run: Path, documents: Path, asked: Sequence[Asked]) -> dict[str, float]:
    """Of the encoder in place, or of the original where there is none."""
    if (into / ENCODER_FILE).is_file():
        return _measured(Encoder(into), documents, asked)[0]
    original = run / "original.onnx"
    export(source, original)
    return _measured(Encoder(run, file=original), documents, asked)[0]


def _place(run: Path, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    for name in (ENCODER_FILE, TOKENIZER_FILE):
        fresh = into / f"{name}.new"
        fresh.write_bytes((run / name).read_bytes())
        fresh.replace(into / name)


def _fraction(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.lower().encode()).digest()[:4], "big") / 2**32
