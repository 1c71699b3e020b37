"""The simulated provider as an object: up inside `async with`, gone after it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from bursar_simulator.faults import Faults
from bursar_simulator.served import Served
from bursar_simulator.server import SimulatorServer
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulation import Simulation

BACKLOG_CONNECTIONS = 1_024
SHUTDOWN_S = 1.0


class SimulatedProvider:
    """Serves on `address` from entering to leaving. `served` and `faults` are the same that
    `/simulator` offers over HTTP.
    """

    def __init__(self, settings: SimulatorSettings | None = None) -> None:
        self._settings = settings or SimulatorSettings()
        self._simulation = Simulation(self._settings, secrets.token_hex(3), time.time_ns)
        self._runner: web.AppRunner | None = None
        self._address = ""

    @property
    def address(self) -> str:
        """`http://host:port`, without a path: SDKs of OpenAI want `/v1` after it."""
        return self._address

    @property
    def served(self) -> Served:
        return self._simulation.served

    @property
    def faults(self) -> Faults:
        return self._simulation.faults

    @property
    def calls_in_flight(self) -> int:
        """Calls that were taken and have not ended."""
        return self._simulation.calls_in_flight

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until `condition` holds; it is asked again whenever a call begins or ends."""
        await self._simulation.until(condition)

    async def __aenter__(self) -> Self:
        server = SimulatorServer(self._simulation, self._settings)
        runner = web.AppRunner(
            server.application(),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=SHUTDOWN_S,
        )
        await runner.setup()
        site = web.TCPSite(
            runner, self._settings.host, self._settings.port, backlog=BACKLOG_CONNECTIONS
        )
        await site.start()
        host, port = runner.addresses[0][:2]
        self._runner, self._address = runner, f"http://{host}:{port}"
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
