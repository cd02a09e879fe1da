"""The numbers of search, from `search.yaml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

SEARCH_FILE = Path(__file__).with_name("search.yaml")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fusion(_Strict):
    """Weights of reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009)."""

    constant: float = Field(gt=0)
    dense: float = Field(ge=0)
    keywords_par: float = Field(gt=0)
    keywords_par_guided: float = Field(gt=0)
    keywords_most: float = Field(ge=0)


class Keywords(_Strict):
    """Parameters of BM25."""

    k1: float = Field(ge=0)
    b: float = Field(ge=0, le=1)
    heading_repeats: int = Field(ge=0, le=10)


class SearchConfiguration(_Strict):
    """What `search.yaml` holds."""

    fusion: Fusion
    candidates: int = Field(ge=1, le=1000)
    rerank: int = Field(20, ge=1, le=200, description="passages that a cross-encoder reads, where there is one")
    keywords: Keywords


@cache
def search_configuration() -> SearchConfiguration:
    """The configuration that ships."""
    return SearchConfiguration.model_validate(yaml.safe_load(SEARCH_FILE.read_text(encoding="utf-8")))
