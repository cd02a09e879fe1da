"""Distil the planner's student from its teacher: fewer layers, a trimmed token table, the same acts and tags.

    python -m shopbot.optimize.shopbot.planner.distil --teacher build/teacher/planner.pt --layers 3 --out build/student

Acts are learned from the teacher's probabilities and from the labels; so are tags, where both tokenizers cut a word at
the same place. A killed run goes on from its last checkpoint. `shopbot.optimize.shopbot.planner.export` makes the
shipped files of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from shopbot.optimize.compression.students import student_by_layers
from shopbot.optimize.compression.vocabulary import trim_table, trim_tokenizer, used_tokens
from shopbot.optimize.distillation.distil import freeze
from shopbot.optimize.distillation.losses import multilabel_distillation_loss, soft_loss
from shopbot.optimize.shopbot.conversations.compose import Example
from shopbot.optimize.shopbot.planner.data import IGNORED, MAX_TOKENS, Encoded, batches, collate, encode, load_tokenizer
from shopbot.optimize.shopbot.planner.network import PlannerModel
from shopbot.optimize.shopbot.planner.train import TOKENIZER, SpeedLog, training_examples
from shopbot.optimize.training import Schedule, fit

_TAGS_COUNT = 4.0


@dataclass(frozen=True)
class Pair:
    """One example in the tokens of both; `same` maps a student's token to the teacher's that starts with it, or -1."""

    student: Encoded
    teacher: Encoded
    same: list[int]


def trimmed(tokenizer: Path, texts: Sequence[str], tokens: int) -> tuple[str, list[int]]:
    """A tokenizer of about `tokens` tokens: what the texts use most, then what English uses most, and all letters.

    BERT's vocabulary lists its tokens by falling frequency, so a small id stands for a common word.
    """
    source = tokenizer.read_text(encoding="utf-8")
    counts = used_tokens(source, texts)
    vocabulary = Tokenizer.from_str(source).get_vocab()
    common = [token for token, _ in sorted(vocabulary.items(), key=lambda pair: pair[1]) if "[unused" not in token]
    wanted = {token for token, times in counts.items() if times > 1}
    wanted |= set(islice((token for token in common if token not in wanted), max(tokens - len(wanted), 0)))
    return trim_tokenizer(source, wanted)


def _of_student(tokenizer: Path) -> tuple[str, list[int]]:
    """The tokenizer of an earlier student, and its tokens' ids in the whole table."""
    small = tokenizer.read_text(encoding="utf-8")
    whole = Tokenizer.from_file(str(TOKENIZER)).get_vocab()
    mine = sorted(Tokenizer.from_str(small).get_vocab().items(), key=lambda pair: pair[1])
    return small, [whole[token] for token, _ in mine]


def pairs(examples: Sequence[Example], student: Tokenizer, teacher: Tokenizer) -> list[Pair]:
    """Examples as both read them."""
    whole = zip(examples, encode(examples, student), encode(examples, teacher), strict=True)
    return [Pair(small, large, _aligned(example, student, teacher)) for example, small, large in whole]


def _aligned(example: Example, student: Tokenizer, teacher: Tokenizer) -> list[int]:
    theirs = {(segment, start[0]): place for place, (segment, start) in enumerate(_starts(example, teacher))}
    return [theirs.get((segment, start[0]), -1) if segment == 1 else -1 for segment, start in _starts(example, student)]


def _starts(example: Example, tokenizer: Tokenizer) -> list[tuple[int | None, tuple[int, int]]]:
    encoding = tokenizer.encode(example.context, example.message)
    return list(zip(encoding.sequence_ids, encoding.offsets, strict=True))


def loss_of(student: nn.Module, teacher: nn.Module, batch: list[Pair], temperature: float, alpha: float) -> Tensor:
    """Acts and tags of one batch, learned from the teacher (`alpha`) and from the labels."""
    ids, mask, types, tags, acts = collate([pair.student for pair in batch])
    large = collate([pair.teacher for pair in batch])
    with torch.no_grad():
        teacher_acts, teacher_tags = teacher(*large[:3])
    act_logits, tag_logits = student(ids, mask, types)
    loss = multilabel_distillation_loss(
        act_logits.float(), teacher_acts.float(), acts, temperature=temperature, alpha=alpha
    )
    if not (tags != IGNORED).any():
        return loss
    hard = nn.functional.cross_entropy(tag_logits.float().flatten(0, 1), tags.flatten(), ignore_index=IGNORED)
    same = torch.full_like(ids, -1)
    for row, pair in enumerate(batch):
        same[row, : len(pair.same)] = torch.tensor(pair.same)
    told = torch.gather(teacher_tags.float(), 1, same.clamp_min(0).unsqueeze(-1).expand(-1, -1, teacher_tags.shape[-1]))
    soft = soft_loss(tag_logits.float(), told, temperature, (same >= 0) & (tags != IGNORED))
    return loss + _TAGS_COUNT * (alpha * soft + (1 - alpha) * hard)


def distil(wanted: argparse.Namespace) -> None:
    """Train to the end, from the last checkpoint if there is one."""
    torch.set_num_threads(wanted.threads)
    wanted.out.mkdir(parents=True, exist_ok=True)
    examples = training_examples(wanted.count, wanted.seed)
    if wanted.start:
        small, kept = _of_student(wanted.start.with_name("tokenizer.json"))
    else:
        small, kept = trimmed(TOKENIZER, [f"{one.context} {one.message}" for one in examples], wanted.tokens)
    (wanted.out / "tokenizer.json").write_text(small, encoding="utf-8")
    state = torch.load(wanted.teacher, weights_only=True, map_location="cpu")
    teacher = PlannerModel(state["layers"], pretrained=False)
    teacher.load_state_dict(state["model"])
    student = student_by_layers(teacher, wanted.layers)
    trim_table(student, kept)
    if wanted.start:
        student.load_state_dict(torch.load(wanted.start, weights_only=True)["model"])
    student.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
    freeze(teacher)
    own = load_tokenizer(wanted.out / "tokenizer.json")
    data = {id(pair.student): pair for pair in pairs(examples, own, load_tokenizer(TOKENIZER))}
    encoded = [pair.student for pair in data.values()]
    print(f"{len(encoded)} examples, {len(kept)} tokens, {wanted.layers} layers", flush=True)
    fit(
        student,
        lambda batch: loss_of(student, teacher, batch, wanted.temperature, wanted.alpha),
        lambda epoch: (
            [data[id(one)] for one in b] for b in batches(encoded, wanted.batch, wanted.seed * 1000 + epoch)
        ),
        -(-len(encoded) // wanted.batch),
        Schedule(epochs=wanted.epochs, rate=wanted.rate, seed=wanted.seed, half=True),
        folder=wanted.out,
        on_step=SpeedLog(wanted.batch),
    )
    torch.save({"model": student.state_dict(), "layers": wanted.layers, "tokens": len(kept)}, wanted.out / "planner.pt")


def main() -> None:
    """Command line of the distillation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", type=Path, required=True, help="planner.pt of optimize.planner.train")
    parser.add_argument("--start", type=Path, help="a student to go on from, of the same layers and tokens")
    parser.add_argument("--out", type=Path, default=Path("build/student"))
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument(
        "--tokens", type=int, default=12_000, help=f"size of the token table (up to {MAX_TOKENS} a text)"
    )
    parser.add_argument("--count", type=int, default=60_000, help="generated examples")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--temperature", type=float, default=2.0)
    parser.add_argument("--alpha", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--threads", type=int, default=2)
    distil(parser.parse_args())


if __name__ == "__main__":
    main()
