"""A process that owns the directory it is given, or joins who does, and says which.

It ends on SIGTERM.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from bursar.broker import EmbeddedBroker, Instance, InstanceRunning


def say(role: str, instance: Instance, server_pid: int = 0) -> None:
    fields = {
        "role": role,
        "url": instance.broker_url,
        "password": instance.credentials.password.reveal_text(),
        "pid": instance.pid,
        "server_pid": server_pid,
    }
    print(json.dumps(fields), flush=True)


async def main(data_dir: Path) -> None:
    told_to_end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told_to_end.set)
    try:
        async with EmbeddedBroker.owning(data_dir) as broker:
            with (data_dir / "owners").open("a") as owners:
                print(os.getpid(), file=owners)
            say("owner", broker.publish(grpc_address="127.0.0.1:7700"), broker.server_pid)
            await told_to_end.wait()
    except InstanceRunning as running:
        say("client", running.instance)


asyncio.run(main(Path(sys.argv[1])))
