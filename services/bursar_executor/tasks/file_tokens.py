"""How many tokens a task's files come to: counted once, for the plan and for what is saved."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bursar.tokens.cache import CountCache
from bursar.tokens.texts import count_text

# Sizes of contexts are counted by the newest public vocabulary, whoever reads them later.
COUNTED_AS = "gpt-4o"
# More than this is counted in a thread: at 5 MB/s, 0.8 ms.
AT_ONCE_BYTES_MAX = 4 * 1024
FILES_REMEMBERED_MAX = 4_096


class FileTokens:
    """Counts files; remembers the counts of those it has seen, not what is in them."""

    def __init__(self) -> None:
        self._counts = CountCache(FILES_REMEMBERED_MAX)
        self._is_loaded = False

    async def of(self, files: Mapping[str, bytes]) -> dict[str, int]:
        """The tokens of each file by its path."""
        size_bytes = sum(map(len, files.values()))
        if self._is_loaded and size_bytes <= AT_ONCE_BYTES_MAX:
            return self._counted(files)
        counted = await asyncio.to_thread(self._counted, files)
        self._is_loaded = True  # the first count has read the vocabulary
        return counted

    def _counted(self, files: Mapping[str, bytes]) -> dict[str, int]:
        return {
            path: count_text(content.decode(errors="replace"), COUNTED_AS, self._counts).tokens
            for path, content in files.items()
        }
