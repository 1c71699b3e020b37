"""A quota over gRPC, durable on a broker of its own: `quota_server.py DATA_DIR`.

Prints its address when it leads; ends when its input does.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

for folder in ("libs", "services"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / folder))

import grpc  # noqa: E402
import uvloop  # noqa: E402
from quota_loads import put_limits  # noqa: E402

from bursar.broker import EmbeddedBroker  # noqa: E402
from bursar.eventlog.jetstream import JetStreamLog  # noqa: E402
from bursar.eventlog.nats_access import Access  # noqa: E402
from bursar.quota.v1 import quota_pb2  # noqa: E402
from bursar.rpc.serving import offer  # noqa: E402
from bursar_quota.service import QuotaService  # noqa: E402


async def serve(data_dir: str) -> None:
    async with EmbeddedBroker.owning(Path(data_dir)) as broker:
        own = broker.credentials
        log = JetStreamLog(Access((broker.url,), user=own.user, password=own.password))
        quota = QuotaService(log)
        running = asyncio.ensure_future(quota.run())
        await quota.ready()
        await put_limits(quota)
        server = grpc.aio.server()
        offer(server, quota_pb2.DESCRIPTOR.services_by_name["QuotaService"], quota)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        print(f"127.0.0.1:{port}", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        await server.stop(None)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await log.close()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
