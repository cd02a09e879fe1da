"""Contexts as the inputs of a learned engine's graph, several at once: for calibration, batches and counting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from shopbot.engines.learned.encoding import prepared
from shopbot.engines.learned.features import Layout, compose
from shopbot.engines.learned.folder import GRAPH, TOKENIZER, need, read_description
from shopbot.engines.learned.sayings import read_sayings
from shopbot.optimize.graphs import Feed, inputs_of


class Feeder:
    """Reads contexts as the engine in `folder` reads them.

    Raises:
        FolderError: a file of the folder is missing.
    """

    def __init__(self, folder: Path) -> None:
        settings = read_description(folder).settings
        self._layout = Layout(**settings["layout"])
        self._sayings = read_sayings(settings.get("sayings", ()))
        self._tokenizer = prepared(Tokenizer.from_file(str(need(folder, TOKENIZER))), self._layout)
        self._inputs = set(inputs_of(need(folder, GRAPH)))

    def texts(self, context: Sequence[tuple[str, str]]) -> tuple[str, str]:
        """The two segments that the tokenizer gets of a context."""
        return compose(context, self._sayings, self._layout)

    def feed(self, contexts: Sequence[Sequence[tuple[str, str]]]) -> Feed:
        """Ids, mask and segments of (contexts, longest), those of them that the graph asks for."""
        encodings = [self._tokenizer.encode(*self.texts(context)) for context in contexts]
        longest = max(len(each.ids) for each in encodings)

        def padded(rows: Sequence[Sequence[int]]) -> NDArray[np.int64]:
            return np.array([[*row, *[0] * (longest - len(row))] for row in rows], dtype=np.int64)

        feed = {
            "input_ids": padded([each.ids for each in encodings]),
            "attention_mask": padded([each.attention_mask for each in encodings]),
            "token_type_ids": padded([each.type_ids for each in encodings]),
        }
        return {name: rows for name, rows in feed.items() if name in self._inputs}
