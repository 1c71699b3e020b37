"""A replica of quota on a broker: `quota_process.py URL PORT DATA_DIR [FRAME [PARTITIONS]]`.

With FRAME it dies by SIGKILL when the broker has acknowledged that frame of events, before anyone
is answered.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from bursar.eventlog.frame import FrameKind, decode
from bursar.eventlog.jetstream import JetStreamLog, JetStreamTerms
from bursar.eventlog.leases import Leases
from bursar.eventlog.nats_access import Access
from bursar.rpc.liveness import gone
from bursar.wiring.loop import run_serving
from bursar.wiring.process import ProcessPlan, running
from bursar_quota.module import MODULE
from memory_ground import memory_ground


class DyingLog(JetStreamLog):
    """Ends its process between the acknowledgement of a frame and what would follow."""

    frames_left = 0

    async def append(self, stream, frame, expected_sequence, timeout_s):
        sequence = await super().append(stream, frame, expected_sequence, timeout_s)
        if self.frames_left and decode(frame, stream, sequence).header.kind is FrameKind.EVENTS:
            self.frames_left -= 1
            if self.frames_left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return sequence


async def serve(
    url: str, port: str, data_dir: str, dies_after: str = "0", partitions: str = "1"
) -> None:
    log = DyingLog(Access((url,)), JetStreamTerms(partitions={"usage": int(partitions)}))
    log.frames_left = int(dies_after)
    plan = ProcessPlan((MODULE,), port=int(port))
    ground = memory_ground(
        Path(data_dir),
        log,
        leases=Leases(log.connection, gone),
        usage_partitions=int(partitions),
    )
    async with running(plan, ground) as process:
        print(json.dumps({"address": process.address}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    run_serving(serve(*sys.argv[1:]))
