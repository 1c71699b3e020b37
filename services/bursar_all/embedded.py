"""Everything in the caller's own process: `async with Bursar.embedded(data_dir) as bursar: …`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bursar.broker import InstanceRunning, read_instance
from bursar.client import Client
from bursar.client.services import Services
from bursar.identity import Pseudonyms, local_caller
from bursar.ledger.v1 import ledger_pb2
from bursar.wiring.run import Hosted, hosting
from bursar.wiring.settings import ProcessSettings
from bursar_all.joining import GRPC_ADDRESS
from bursar_all.presented import own_attribution, presented_key
from bursar_all.targets import modules

# The edge is for HTTP callers; who embeds has no need of it.
EMBEDDED = ("quota", "cache", "compressor", "planner", "executor", "efficiency", "notary")


class Bursar:
    """Opens clients that need no server of their own."""

    @staticmethod
    @asynccontextmanager
    async def embedded(data_dir: Path | str) -> AsyncIterator[Client]:
        """A client of services in this process, with a broker of its own, for as long as the block.

        Where another process has the data directory already, its services are used instead.
        """
        settings = ProcessSettings.load(data_dir=Path(data_dir))
        instance = read_instance(settings.data_dir)
        if instance is None:
            try:
                async with hosting(settings, modules(EMBEDDED)) as hosted:
                    _announce(hosted)
                    yield Client(_services(hosted), _own_attribution(hosted))
                    return
            except InstanceRunning as running:
                instance = running.instance
        address, key = instance.address(GRPC_ADDRESS), presented_key(settings)
        async with Client.at(address, own_attribution(settings), key) as client:
            yield client


def _services(hosted: Hosted) -> Services:
    peers = hosted.process.peers
    return Services(peers.client("executor"), peers.client("quota"), peers.client("efficiency"))


def _announce(hosted: Hosted) -> None:
    if hosted.broker is not None:
        hosted.broker.publish(grpc_address=hosted.process.address)


def _own_attribution(hosted: Hosted) -> ledger_pb2.Attribution:
    """Nobody exchanges names on the way to a service in the same process, so it is done here."""
    caller = local_caller()
    pseudonyms = Pseudonyms(hosted.ground.keyring, hosted.ground.names)
    user_id = pseudonyms.user(caller.tenant_id, caller.user_id)
    return ledger_pb2.Attribution(tenant_id=caller.tenant_id, user_id=user_id)
