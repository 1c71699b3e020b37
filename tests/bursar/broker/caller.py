"""A process that wants an instance in the directory it is given, and says which it got."""

import asyncio
import json
import sys
from pathlib import Path

from bursar.broker import ensure_instance
from bursar.errors import BursarError


async def main(data_dir: Path, command: list[str]) -> None:
    try:
        instance = await ensure_instance(data_dir, command, timeout_s=60)
    except BursarError as error:
        print(json.dumps({"reason": error.reason, "message": error.message}))
    else:
        print(json.dumps({"url": instance.broker_url, "pid": instance.pid}))


asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
