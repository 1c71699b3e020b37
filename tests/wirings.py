"""The services as a caller may find them: in its own process, in another one, or a process each."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bursar.clients.cache import CacheClient
from bursar.clients.compressor import CompressorClient
from bursar.clients.efficiency import EfficiencyClient
from bursar.clients.executor import ExecutorClient
from bursar.clients.planner import PlannerClient
from bursar.clients.quota import QuotaClient
from bursar.clients.remote import CONTRACTS, REMOTES
from bursar.identity import Keyring, service_key
from bursar.rpc.calling import channel_to
from bursar.wiring.run import hosting
from bursar.wiring.settings import ProcessSettings
from bursar_all.targets import modules
from deployed import Machine
from workloads import SERVICES, compose_workloads, with_environment

ASKED = tuple(name for name in SERVICES if name in CONTRACTS)


@dataclass(frozen=True)
class Clients:
    """All of one wiring, each on a log that began empty."""

    quota: QuotaClient
    cache: CacheClient
    compressor: CompressorClient
    planner: PlannerClient
    executor: ExecutorClient
    efficiency: EfficiencyClient


# The same keyring everywhere: addresses of content and pseudonyms are the same then.
KEYRING = json.dumps({"format": 1, "root_key": bytes(32).hex()})


def give_keyring(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "keyring.json"
    path.write_text(KEYRING)
    path.chmod(0o600)
    return directory


@asynccontextmanager
async def in_process(directory: Path) -> AsyncIterator[Clients]:
    settings = ProcessSettings(data_dir=give_keyring(directory))
    async with hosting(settings, modules(ASKED)) as hosted:
        yield Clients(**{name: hosted.process.peers.client(name) for name in ASKED})


@asynccontextmanager
async def one_process(directory: Path) -> AsyncIterator[Clients]:
    settings = ProcessSettings(data_dir=give_keyring(directory))
    async with hosting(settings, modules(ASKED)) as hosted:
        channel = channel_to(hosted.process.address)
        yield Clients(**{name: REMOTES[name](channel) for name in ASKED})
        await channel.close()


@asynccontextmanager
async def a_process_each(directory: Path) -> AsyncIterator[Clients]:
    """As the compose file starts them; the caller is a service among them."""
    machine = Machine(directory, ("nats", *SERVICES))
    variables = ("ANTHROPIC_BASE_URL", "BURSAR_ANTHROPIC_URL"), ("ANTHROPIC_API_KEY",) * 2
    workloads = compose_workloads({name: os.environ[own] for own, name in variables})
    keys = give_keyring(directory / "volumes" / "keys")
    machine.run(workloads["keys"])
    key = service_key(Keyring.open(keys))
    async with AsyncExitStack() as stack:
        stack.callback(machine.kill)
        machine.start(workloads["nats"])
        machine.wait_broker()
        clients: dict[str, Any] = {}
        for name in ASKED:
            machine.start(with_environment(workloads[name], BURSAR_EXECUTOR_IS_LOCAL="true"))
        for name in ASKED:
            await machine.wait_serving(name)
            channel = channel_to(f"127.0.0.1:{machine.port(name, 7700)}", key)
            stack.push_async_callback(channel.close)
            clients[name] = REMOTES[name](channel)
        yield Clients(**clients)


WIRINGS = (in_process, one_process, a_process_each)
