"""One process of the model: started, awaited, listened to, ended."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bursar.errors import BackendUnavailable
from bursar.secret import Secret
from bursar_executor.local_model.installation import LABEL, MODEL, REMEDY, is_installed, weights
from bursar_executor.local_model.settings import LocalModelSettings
from bursar_executor.subprocesses.capture import Capture
from bursar_executor.subprocesses.command import Bounds, CommandSpec
from bursar_executor.subprocesses.subprocesses import Subprocesses
from bursar_executor.subprocesses.supervised import Supervised

PROGRAM = Path(__file__).with_name("serving.py")
ADDRESS_LINE = b"{"
# It has no deadline of its own: it is ended when idle, and with its parent.
LIFE_S = 365 * 24 * 3600.0
KEY_BYTES = 32
CONNECT_S = 2.0
KEPT_LOG_BYTES = 16 << 10


@dataclass(frozen=True, slots=True)
class ModelProcess:
    """A model server that answers. `ended` is done once it no longer does."""

    address: str
    api_key: Secret
    ended: asyncio.Task[None]

    async def answers(self) -> bool:
        """Whether somebody listens: between a crash and the news of it nobody does."""
        if self.ended.done():
            return False
        place = urlsplit(self.address)
        try:
            async with asyncio.timeout(CONNECT_S):
                _, writer = await asyncio.open_connection(place.hostname, place.port)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True


@asynccontextmanager
async def model_process(
    settings: LocalModelSettings, subprocesses: Subprocesses
) -> AsyncIterator[ModelProcess]:
    """The server, with the model loaded; gone after the block.

    Raises BackendUnavailable when it is not installed or does not load within its bounds.
    """
    if not is_installed():
        raise BackendUnavailable(f"the {LABEL} {MODEL} is not installed here: {REMEDY}")
    api_key = Secret(secrets.token_urlsafe(KEY_BYTES))
    log = Capture(KEPT_LOG_BYTES)
    async with subprocesses.supervised(_command(settings, api_key)) as running:
        listening = asyncio.create_task(_listen(running.stderr, log))
        ended: asyncio.Task[None] | None = None
        try:
            address = await _ready(running, settings.start_s)
            if address is None:
                await listening
                raise BackendUnavailable(f"the {LABEL} did not start: {_last_line(log)}")
            ended = asyncio.create_task(_end(running))
            yield ModelProcess(address, api_key, ended)
        finally:
            await _stopped(listening, ended)


def _command(settings: LocalModelSettings, api_key: Secret) -> CommandSpec:
    order = {
        "weights": str(weights()),
        "model": MODEL,
        "api_key": api_key.reveal_text(),
        "context_tokens": settings.context_tokens,
        "threads": settings.threads,
    }
    return CommandSpec(
        argv=(sys.executable, "-I", "-B", str(PROGRAM)),
        cwd=PROGRAM.parent,
        stdin=json.dumps(order).encode(),
        bounds=Bounds(wall_s=LIFE_S, address_space_bytes=settings.address_space_bytes),
    )


async def _ready(running: Supervised, start_s: float) -> str | None:
    """The address it writes once the model is loaded; None when it ended instead.

    What else is written there is passed over: a crash of llama.cpp has a debugger talk.
    """
    try:
        async with asyncio.timeout(start_s):
            async for line in running.stdout:
                if line.startswith(ADDRESS_LINE):
                    return str(json.loads(line)["address"])
    except TimeoutError as error:
        message = f"the {LABEL} did not load within {start_s:g} s; the machine is too busy"
        raise BackendUnavailable(message) from error
    return None


async def _listen(stream: asyncio.StreamReader, log: Capture) -> None:
    """Take what it says, so that it never waits; it may say much in a long life."""
    while not await log.read(stream):
        continue


async def _end(running: Supervised) -> None:
    """Return when it has ended, whatever the way."""
    with suppress(BackendUnavailable):
        await running.report()


async def _stopped(*tasks: asyncio.Task[None] | None) -> None:
    started = [task for task in tasks if task is not None]
    for task in started:
        task.cancel()
    await asyncio.gather(*started, return_exceptions=True)


def _last_line(log: Capture) -> str:
    lines = log.content().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it ended without a word"
