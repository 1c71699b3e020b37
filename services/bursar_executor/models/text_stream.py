"""The words in a stream of server-sent events, however the network has cut it."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from bursar.dialects import sse
from bursar.dialects.body import decode_object
from bursar.dialects.dialect import Dialect


class TextStream:
    """Takes chunks, gives the words of the events that each completes."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._waiting = ""

    def words(self, chunk: bytes) -> Iterator[str]:
        """One piece for each event that says something."""
        self._waiting += self._decoder.decode(chunk).replace("\r\n", "\n")
        whole, separator, rest = self._waiting.rpartition("\n\n")
        if not separator:
            return
        self._waiting = rest
        for event in whole.split("\n\n"):
            decoded = decode_object(sse.data_of(event.encode()))
            text = "" if decoded is None else self._dialect.text_delta(decoded)
            if text:
                yield text
