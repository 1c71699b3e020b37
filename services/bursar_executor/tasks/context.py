"""The text that a model is given of a task's files, compressed to what the plan allows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bursar.clients.compressor import CompressorClient
from bursar.compressor.v1 import compressor_pb2
from bursar.errors import InvalidRequest
from bursar.ledger.v1 import ledger_pb2
from bursar_executor.tasks.file_shares import shares_of_room

LEVELS = {
    "none": compressor_pb2.LEVEL_PLAIN,
    "plain": compressor_pb2.LEVEL_PLAIN,
    "lossless": compressor_pb2.LEVEL_LOSSLESS,
    "safe": compressor_pb2.LEVEL_SAFE,
    "aggressive": compressor_pb2.LEVEL_AGGRESSIVE,
}
ROUNDS_MAX = 4
FILES_AT_ONCE_MAX = 8
_SEPARATOR = "\n\n"


@dataclass(frozen=True, slots=True)
class Room:
    """What a model is to read: at most so many tokens, by a level's name, with an eye on what is
    asked.
    """

    model: str
    tokens: int
    query: str
    level: str = "safe"


@dataclass(frozen=True, slots=True)
class Context:
    """All files as one text; `methods` shortened some of it."""

    text: str
    tokens_before: int
    tokens_after: int
    methods: tuple[str, ...]


def heading(path: str) -> str:
    """What stands above a file. It is no part of what is compressed: data stays data."""
    return f"--- {path} ---\n"


class FilesInRoom:
    """Brings files into a room, each compressed by itself."""

    def __init__(
        self, compressor: CompressorClient, room: Room, attribution: ledger_pb2.Attribution
    ) -> None:
        self._compressor = compressor
        self._room = room
        self._attribution = attribution
        self._at_once = asyncio.Semaphore(FILES_AT_ONCE_MAX)

    async def compressed(
        self, files: Mapping[str, bytes], file_tokens: Mapping[str, int], headings_tokens: int
    ) -> Context:
        """`file_tokens` are what each file takes as it is, `headings_tokens` what stands above
        them. Events belong to the task.

        Raises InvalidRequest where the room holds less than the least that the files can come to.
        """
        texts = [content.decode("utf-8", errors="replace") for content in files.values()]
        wanted = [max(1, file_tokens[path]) for path in files]
        floors = [0] * len(texts)
        room_tokens = self._room.tokens - headings_tokens
        for _ in range(ROUNDS_MAX):
            shares = shares_of_room(wanted, floors, room_tokens)
            parts = await asyncio.gather(*map(self._part, texts, shares))
            done = [part for part in parts if isinstance(part, compressor_pb2.CompressResponse)]
            tokens = sum(map(_tokens_of, parts))
            if len(done) == len(parts) and tokens <= room_tokens:
                return _joined(list(files), done)
            floors = [max(pair) for pair in zip(floors, map(_least_tokens, parts), strict=True)]
            if len(done) == len(parts) or sum(floors) > room_tokens:
                break
        raise self._too_small(headings_tokens + tokens)

    async def _part(self, text: str, target_tokens: int) -> compressor_pb2.CompressResponse | int:
        """One file, or the least tokens that it can come to."""
        request = compressor_pb2.CompressRequest(
            content=text,
            level=LEVELS.get(self._room.level, compressor_pb2.LEVEL_SAFE),
            target_tokens=target_tokens,
            model=self._room.model,
            query=self._room.query,
            attribution=self._attribution,
        )
        try:
            async with self._at_once:
                return await self._compressor.compress(request)
        except InvalidRequest as error:
            least_tokens = error.facts.get("least_tokens")
            if not isinstance(least_tokens, int):
                raise
            return least_tokens

    def _too_small(self, least_tokens: int) -> InvalidRequest:
        left_tokens = self._room.tokens
        return InvalidRequest(
            f"the plan leaves {left_tokens} tokens for the files, and they take at least"
            f" {least_tokens}: say with --hint that it needs more, or give fewer files",
            facts={"left_tokens": left_tokens, "least_tokens": least_tokens},
        )


def _tokens_of(part: compressor_pb2.CompressResponse | int) -> int:
    return part if isinstance(part, int) else part.tokens_after


def _least_tokens(part: compressor_pb2.CompressResponse | int) -> int:
    return part if isinstance(part, int) else 0


def _joined(paths: Sequence[str], parts: Sequence[compressor_pb2.CompressResponse]) -> Context:
    methods = [change.method for part in parts for change in part.changes if _saved(change)]
    return Context(
        _SEPARATOR.join(
            heading(path) + part.content for path, part in zip(paths, parts, strict=True)
        ),
        sum(part.tokens_before for part in parts),
        sum(part.tokens_after for part in parts),
        tuple(dict.fromkeys(methods)),
    )


def _saved(change: compressor_pb2.Change) -> bool:
    return change.tokens_after < change.tokens_before
