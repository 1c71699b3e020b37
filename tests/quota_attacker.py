"""A process that asks for many reservations at once: `quota_attacker.py ADDRESS COUNT NAME`."""

import asyncio
import json
import sys

from bursar.clients.quota import RemoteQuota
from bursar.errors import LimitExceeded
from bursar.quota.v1 import quota_pb2
from bursar.rpc.calling import channel_to
from quota_services import a_reserve, outcomes


async def attack(address: str, count: str, name: str) -> None:
    channel = channel_to(address)
    quota = RemoteQuota(channel)
    await quota.list_limits(quota_pb2.ListLimitsRequest())  # connected before it begins
    print(json.dumps("ready"), flush=True)
    sys.stdin.readline()
    found = await outcomes(quota.reserve(a_reserve(f"{name}-{n}")) for n in range(int(count)))
    report = {"granted": [], "refused": 0, "others": []}
    for one in found:
        if isinstance(one, quota_pb2.ReserveResponse):
            report["granted"].append(one.reservation_id)
        elif isinstance(one, LimitExceeded):
            report["refused"] += 1
        else:
            report["others"].append(repr(one))
    print(json.dumps(report), flush=True)
    await channel.close()


if __name__ == "__main__":
    asyncio.run(attack(*sys.argv[1:]))
