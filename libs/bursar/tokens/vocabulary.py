"""The two vocabularies shipped with Bursar: checked by hash, loaded on first use, never downloaded.

The encodings are built here from the files' bytes. `tiktoken.get_encoding` is not asked: it reads
its own cache directory, and where a file there is damaged it deletes it and goes to the network.
"""

from __future__ import annotations

import hashlib
import threading
from binascii import a2b_base64
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bursar.errors import FailedPrecondition, InvalidRequest

if TYPE_CHECKING:
    from tiktoken import Encoding

DIRECTORY = Path(__file__).parent / "vocabularies"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One vocabulary: its file, the file's hash, and how text is split before pairs are merged."""

    name: str
    sha256: str
    pattern: str


# Hashes and patterns as in tiktoken 0.14, tiktoken_ext/openai_public.py; a test compares them.
_VOCABULARIES = {
    "cl100k_base": Vocabulary(
        name="cl100k_base",
        sha256="223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        pattern=(
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
            r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
        ),
    ),
    "o200k_base": Vocabulary(
        name="o200k_base",
        sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        pattern=(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
            r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
    ),
}
NAMES = tuple(_VOCABULARIES)

_loaded: dict[str, Encoding] = {}
_loading = threading.Lock()


def encoding(name: str) -> Encoding:
    """The encoding of that name. The first call of each loads it, 0.1 to 0.4 s; any thread may.

    Raises FailedPrecondition, naming the file and the remedy, when the file is missing or damaged.
    """
    found = _loaded.get(name)
    if found is not None:
        return found
    with _loading:
        if name not in _loaded:
            _loaded[name] = read_encoding(name, DIRECTORY)
        return _loaded[name]


def read_encoding(name: str, directory: Path) -> Encoding:
    """The encoding of that name from a file in `directory`, its hash compared first."""
    vocabulary = _VOCABULARIES.get(name)
    if vocabulary is None:
        raise InvalidRequest.of("vocabulary", name, f"use one of {', '.join(NAMES)}")
    content = _checked_content(vocabulary, directory / f"{name}.tiktoken")
    from tiktoken import Encoding  # 60 ms, and only counting needs it

    # Special tokens are left out: text of a caller is never to be read as one.
    built = Encoding(
        name, pat_str=vocabulary.pattern, mergeable_ranks=_ranks(content), special_tokens={}
    )
    # The compiled part has its own copy; the one for pickling takes 30 MB and is never asked for.
    built._mergeable_ranks = {}
    return built


def _checked_content(vocabulary: Vocabulary, path: Path) -> bytes:
    remedy = "install Bursar again to restore it; nothing was downloaded"
    try:
        content = path.read_bytes()
    except OSError as cause:
        raise FailedPrecondition(
            f"the vocabulary file {path} cannot be read ({cause.strerror}); {remedy}",
            facts={"vocabulary": vocabulary.name},
        ) from cause
    found_sha256 = hashlib.sha256(content).hexdigest()
    if found_sha256 != vocabulary.sha256:
        raise FailedPrecondition(
            f"the vocabulary file {path} is damaged: its sha256 is {found_sha256}, "
            f"expected {vocabulary.sha256}; {remedy}",
            facts={"vocabulary": vocabulary.name, "found_sha256": found_sha256},
        )
    return content


def _ranks(content: bytes) -> dict[bytes, int]:
    lines = (line.split() for line in content.splitlines() if line)
    return {a2b_base64(token): int(rank) for token, rank in lines}
