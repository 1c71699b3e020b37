"""The demonstration model: loaded at its first use, shared by its users, freed when idle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bursar.ledger.v1 import ledger_pb2
from bursar_executor.endpoints import Endpoint
from bursar_executor.local_model.installation import MODEL
from bursar_executor.local_model.process import ModelProcess, model_process
from bursar_executor.local_model.settings import LocalModelSettings
from bursar_executor.subprocesses.subprocesses import Subprocesses

PROVIDER = "local"


class LocalModel:
    """One process of the model, or none. Close it; it ends with this process in any case."""

    def __init__(self, settings: LocalModelSettings, subprocesses: Subprocesses) -> None:
        self._settings = settings
        self._subprocesses = subprocesses
        self._changing = asyncio.Lock()
        self._loaded = AsyncExitStack()
        self._process: ModelProcess | None = None
        self._users = 0
        self._freeing: asyncio.Task[None] | None = None

    @property
    def context_tokens(self) -> int:
        """The window of the model: input and output together."""
        return self._settings.context_tokens

    @property
    def start_allowance_s(self) -> float:
        """What loading it may take."""
        return self._settings.start_s

    @property
    def is_loaded(self) -> bool:
        """Whether it would answer at once."""
        return self._process is not None and not self._process.ended.done()

    @asynccontextmanager
    async def endpoint(self, speaks: str = "openai") -> AsyncIterator[Endpoint]:
        """Where it answers, for as long as the block lasts; it speaks `openai` and `anthropic`.

        It is loaded first if it has to be. Raises BackendUnavailable, with the remedy, when it is
        not installed or does not load in time.
        """
        async with self._changing:
            self._stay()
            process = await self._running()
            self._users += 1
        try:
            yield Endpoint(
                provider=PROVIDER,
                speaks=speaks,
                base_url=process.address,
                tier=ledger_pb2.BACKEND_TIER_LOCAL_MODEL,
                models=(MODEL,),
                api_key=process.api_key,
            )
        finally:
            self._users -= 1
            if not self._users:
                self._freeing = asyncio.create_task(self._free_when_idle())

    async def close(self) -> None:
        """End the process, whoever uses it."""
        async with self._changing:
            self._stay()
            await self._free()

    def _stay(self) -> None:
        """No longer free it: called under the lock, so that a freeing under way is not cut."""
        if self._freeing is not None:
            self._freeing.cancel()
        self._freeing = None

    async def _running(self) -> ModelProcess:
        """The process; a new one where the last has crashed or was killed."""
        if self._process is not None and await self._process.answers():
            return self._process
        await self._free()
        self._process = await self._loaded.enter_async_context(
            model_process(self._settings, self._subprocesses)
        )
        return self._process

    async def _free_when_idle(self) -> None:
        await asyncio.sleep(self._settings.idle_s)
        async with self._changing:
            if not self._users:
                await self._free()

    async def _free(self) -> None:
        self._process = None
        await self._loaded.aclose()
