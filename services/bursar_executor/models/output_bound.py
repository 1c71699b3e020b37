"""Where an answer has to be cut: at what was set aside for it."""

from __future__ import annotations

from bursar.tokens.texts import count_text

# What an estimate may be off: a stream is not cut for a tokeniser that nobody can read.
ESTIMATE_MARGIN_PCT = 25


class OutputBound:
    """Counts the words of one answer now and then: a token has at least one byte, so nothing is
    counted until so many bytes more have come as there are tokens left.
    """

    def __init__(self, max_tokens: int, model: str) -> None:
        self._max_tokens = max_tokens
        self._model = model
        self._text = ""
        self._bytes_until_next_count = max_tokens

    def is_passed(self, text: str) -> bool:
        """Whether the answer is longer than its bound, now that `text` has come too."""
        self._text += text
        self._bytes_until_next_count -= len(text.encode())
        if self._bytes_until_next_count >= 0:
            return False
        count = count_text(self._text, self._model)
        margin_tokens = count.tokens * ESTIMATE_MARGIN_PCT // 100 if count.is_estimate else 0
        left_tokens = self._max_tokens - count.tokens + margin_tokens
        self._bytes_until_next_count = max(left_tokens, self._max_tokens // 100)
        return left_tokens < 0
