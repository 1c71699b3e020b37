"""The coding CLIs of this machine: which are there, and who is logged in to which."""

from __future__ import annotations

import asyncio
import time

from bursar.secret import Secret
from bursar_executor.backends.coding_cli import CliAccess, CodingCliBackend
from bursar_executor.clis.cli import Access, Cli
from bursar_executor.clis.registry import CLIS
from bursar_executor.clis.running import CliRunner
from bursar_executor.settings import ExecutorSettings
from bursar_executor.subprocesses.subprocesses import Subprocesses

LOOKED_AGAIN_AFTER_S = 30.0
# The formats Bursar's edge speaks, and a model that is asked there where none is set.
EDGE_MODELS = {
    "anthropic": "claude-haiku-4-5",
    "openai": "gpt-5-mini",
    "openai-responses": "gpt-5-mini",
}


class CodingClis:
    """Each as a backend. They are asked for their logins when somebody wants to know."""

    def __init__(self, settings: ExecutorSettings, subprocesses: Subprocesses) -> None:
        runner = CliRunner(subprocesses)
        self.known = tuple(CodingCliBackend(cli, runner, _access_of(cli, settings)) for cli in CLIS)
        self._looking = asyncio.Lock()
        self._looked_at_s = float("-inf")

    async def all(self) -> tuple[CodingCliBackend, ...]:
        """All that Bursar can run, there or not, as of half a minute ago at most."""
        async with self._looking:
            if time.monotonic() - self._looked_at_s >= LOOKED_AGAIN_AFTER_S:
                await asyncio.gather(*(backend.look() for backend in self.known))
                self._looked_at_s = time.monotonic()
        return self.known

    async def named(self, name: str) -> CodingCliBackend | None:
        """The one of that name, its login looked at now."""
        found = next((backend for backend in self.known if backend.is_named(name)), None)
        if found is not None:
            await found.look()
        return found


def _access_of(cli: Cli, settings: ExecutorSettings) -> CliAccess | None:
    """The edge, where one is set and speaks the CLI's format."""
    usual_model = EDGE_MODELS.get(cli.SPEAKS)
    if usual_model is None or not settings.cli_edge_url or settings.cli_edge_key is None:
        return None
    key = Secret(settings.cli_edge_key.get_secret_value())
    url = settings.cli_edge_url.rstrip("/").removesuffix("/v1")
    return CliAccess(Access(url, key), settings.cli_models.get(cli.NAME, usual_model))
