"""Everything that can do work in this process, looked up by id, by model and by what a task
brings.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import aiohttp

from bursar.errors import BackendUnavailable, NotFound
from bursar.planner.v1 import planner_pb2
from bursar.tokens.texts import count_text
from bursar_executor.backends.backend import Backend
from bursar_executor.backends.discovery import Discovery
from bursar_executor.backends.log_reader import BACKEND_ID as LOG_READER_ID
from bursar_executor.backends.log_reader import LogReaderBackend, logs_in
from bursar_executor.backends.model import ModelBackend
from bursar_executor.backends.tool import ToolBackend
from bursar_executor.settings import ExecutorSettings
from bursar_executor.subprocesses.subprocesses import Subprocesses
from bursar_executor.tools.bench import Bench
from bursar_executor.tools.registry import TOOLS

AUTO = "auto"
# Sizes of contexts are counted by the newest public vocabulary, whoever reads them later.
COUNTED_AS = "gpt-4o"


class Registry:
    """Opened for the life of the executor: holds the subprocess runner, the HTTP session, the local
    model.
    """

    def __init__(self, settings: ExecutorSettings) -> None:
        self._settings = settings
        self._subprocesses = Subprocesses()
        bench = Bench(self._subprocesses)
        self._tools = [ToolBackend(tool, bench) for tool in TOOLS]
        self._log_reader = LogReaderBackend()
        self._session: aiohttp.ClientSession | None = None
        self._discovery = Discovery(settings, self._subprocesses)

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=self._settings.upstream_timeout_s, sock_connect=10)
        self._session = aiohttp.ClientSession(timeout=timeout, auto_decompress=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._discovery.close()
        self._subprocesses.close()
        if self._session is not None:
            await self._session.close()

    async def describe(self, files: dict[str, bytes]) -> list[planner_pb2.Backend]:
        """Tools whose business some of the files are, the log reader for test logs, all models."""
        paths = list(files)
        tools = [tool for tool in self._tools if tool.takes(paths)]
        if files:
            await asyncio.gather(*(tool.look() for tool in tools))
        found: list[Backend] = [*tools]
        if self.logs_in(files) or not files:
            found.append(self._log_reader)
        found += await self._models()
        return [*(backend.describe() for backend in found), *self._discovery.missing()]

    def by_id(self, backend_id: str) -> Backend:
        """Raises NotFound."""
        if backend_id == LOG_READER_ID:
            return self._log_reader
        known: list[Backend] = [*self._tools, *self._discovery.known]
        for backend in known:
            if backend.describe().backend_id == backend_id:
                return backend
        raise NotFound(f"there is no backend {backend_id!r}; see `bursar backends`")

    async def model_named(self, name: str) -> ModelBackend:
        """The model of that name; for `auto` the first available that is not chosen by name alone.

        Raises NotFound with the names there are, BackendUnavailable with the remedy.
        """
        models = await self._models()
        for model in models:
            described = model.describe()
            is_meant = (
                not described.is_by_name_only and described.is_available
                if name in ("", AUTO)
                else name in (described.target.model, described.backend_id)
            )
            if is_meant:
                if not described.is_available:
                    raise BackendUnavailable(f"{described.backend_id}: {described.remedy}")
                return model
        if name in ("", AUTO):
            remedies = "; ".join(found.remedy for found in self._discovery.missing())
            raise BackendUnavailable(f"no model can be chosen here: {remedies}")
        named = self._discovery.named(name, self._session) if self._session is not None else None
        if named is not None:
            return named
        names = ", ".join(model.model for model in models) or "none"
        raise NotFound(f"there is no model {name!r} here; there are: {names}")

    async def _models(self) -> list[ModelBackend]:
        if self._session is None:
            return []
        return await self._discovery.models(self._session)

    def logs_in(self, files: dict[str, bytes]) -> dict[str, str]:
        """Which of the files are test logs, and which runner wrote each."""
        return logs_in(files)

    def count_tokens(self, text: str) -> int:
        """How large a context is."""
        return count_text(text, COUNTED_AS).tokens
