"""Counting a stream while it passes: what was said so far, what it used, how it ended."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable

import msgspec

from bursar.prices.usage import Usage

# So much of a stream's text is kept for counting tokens at a cut; of older text only the length.
TEXT_KEPT_BYTES_MAX = 64 * 1024
# An event that is longer is passed on but not read.
EVENT_BYTES_MAX = 4 * 1024 * 1024


class StreamMeter(ABC):
    """One stream's account. Chunks come in whatever splits the network made of them.

    Bytes are searched, not parsed: JSON is decoded only for the few events that carry usage. With
    51 events in one chunk that costs 0.5 us an event, a third less than decoding each.
    """

    def __init__(self) -> None:
        self.usage: Usage | None = None
        """As reported so far; complete only when `is_complete`."""
        self.answer_id = ""
        self.model = ""
        """The model that answered, which may name a version that the request left open."""
        self.stop_reason = ""
        self.is_complete = False
        """The provider said that this was all."""
        self.has_failed = False
        """The provider sent an error in place of the rest."""
        self.text = StreamedText()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    def feed(self, chunk: bytes) -> bytes:
        """Counts what came; returns what goes on to the client now."""
        _, events = self._completed(chunk)
        if events:
            self._read(events)
        return chunk

    def rest(self) -> bytes:
        """To be called once when the stream has ended; returns what was held back, as it came."""
        waiting = b"".join(self._waiting)
        self._waiting = []
        if waiting:
            self._read(waiting + b"\n\n")
        return b""

    def settled_usage(
        self, input_tokens: int, count_tokens: Callable[[str], int]
    ) -> tuple[Usage, bool]:
        """(what to settle once the stream is over, whether it is an estimate).

        Of a complete stream that is what the provider reported. Of one that was cut: the input that
        it reported, else `input_tokens`, and the output counted from what came.
        """
        if self.is_complete and self.usage is not None:
            return self.usage, False
        known = self.usage or Usage(input_tokens=input_tokens)
        said_tokens = self.text.estimated_tokens(count_tokens)
        return msgspec.structs.replace(
            known, output_tokens=max(known.output_tokens, said_tokens)
        ), True

    @abstractmethod
    def _read(self, events: bytes) -> None:
        """Counts whole events, each ended by an empty line."""

    def _completed(self, chunk: bytes) -> tuple[bytes, bytes]:
        """(what is too long to be read, the events that `chunk` completes): both in the order they
        came, while the begun event waits for its end.
        """
        if not self._waiting and chunk.endswith(b"\n\n"):
            return b"", chunk
        if b"\n" not in chunk:
            return self._wait_for_more(chunk), b""
        everything = b"".join((*self._waiting, chunk)) if self._waiting else chunk
        end = max(everything.rfind(b"\n\n") + 2, everything.rfind(b"\r\n\r\n") + 4)
        if end < 4:  # neither was found
            return self._wait_for_more(chunk), b""
        self._waiting = [everything[end:]] if end < len(everything) else []
        self._waiting_bytes = len(everything) - end
        return b"", everything[:end]

    def _wait_for_more(self, chunk: bytes) -> bytes:
        self._waiting.append(chunk)
        self._waiting_bytes += len(chunk)
        if self._waiting_bytes <= EVENT_BYTES_MAX:
            return b""
        unreadable = b"".join(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        return unreadable


class StreamedText:
    """Length and last pieces of what a stream has said, as the JSON-escaped bytes that came."""

    def __init__(self) -> None:
        self.total_bytes = 0
        self._pieces: deque[bytes] = deque()
        self._kept_bytes = 0

    def add(self, piece: bytes) -> None:
        if not piece:
            return
        self.total_bytes += len(piece)
        self._pieces.append(piece)
        self._kept_bytes += len(piece)
        while self._kept_bytes > TEXT_KEPT_BYTES_MAX and len(self._pieces) > 1:
            self._kept_bytes -= len(self._pieces.popleft())

    def last_text(self) -> str:
        """The text that was kept."""
        escaped = b"".join(self._pieces)
        try:
            return msgspec.json.decode(b'"' + escaped + b'"', type=str)
        except msgspec.DecodeError:
            return escaped.decode(errors="replace")

    def estimated_tokens(self, count_tokens: Callable[[str], int]) -> int:
        """Tokens of all that was said: exact for short answers, else the kept part scaled up,
        rounded up. Reasoning that the provider hides is not in it.
        """
        if self.total_bytes == 0:
            return 0
        return -(-count_tokens(self.last_text()) * self.total_bytes // self._kept_bytes)


def json_strings(*names: str) -> re.Pattern[bytes]:
    """Finds the escaped content of every string member with one of these names.

    Inside of another string the same bytes cannot occur, for there the quotes are escaped.
    """
    alternatives = "|".join(names).encode()
    return re.compile(rb'"(?:' + alternatives + rb')":\s?"([^"\\]*(?:\\.[^"\\]*)*)"')
