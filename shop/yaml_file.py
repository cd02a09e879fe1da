"""Reads a YAML file that a shop can edit into a checked model; a mistake is named with its place."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from shopbot.shop.errors import ShopError
from shopbot.yaml_text import read_yaml_text

Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path, model: type[Model]) -> Model:
    """The content of `path` as a `model`.

    Raises:
        ShopError: the file is missing, is not YAML or does not fit; the message names file, entry and value.
    """
    import yaml

    try:
        return model.model_validate(read_yaml_text(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ShopError(f"{path} cannot be read ({error.strerror}): restore the file or correct its name.") from None
    except yaml.YAMLError as error:
        raise ShopError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from None
    except ValidationError as error:
        problem = error.errors()[0]
        entry = ".".join(str(part) for part in problem["loc"]) or "the whole"
        raise ShopError(f"{path}: {entry} is {problem['input']!r}: {problem['msg']}.") from None
