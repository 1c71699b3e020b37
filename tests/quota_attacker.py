"""A process that asks for many reservations at once.

`quota_attacker.py ADDRESSES COUNT NAME [TENANTS]`; addresses are separated by commas. What is not
answered is asked again with the same id, elsewhere.
"""

import asyncio
import json
import sys
from itertools import cycle

from bursar.clients.quota import RemoteQuota
from bursar.errors import DeadlineExceeded, LimitExceeded, Overloaded, Unavailable
from bursar.quota.v1 import quota_pb2
from bursar.rpc.calling import channel_to
from quota_services import a_reserve

ASKING_S_MAX = 120.0
PAUSE_S = 0.05


def request_of(name, number, tenants):
    request = a_reserve(f"{name}-{number}")
    if tenants:
        request.attribution.tenant_id = f"tenant-{number % tenants}"
    return request


async def answered(replicas, request):
    """What it is told in the end, whoever goes away meanwhile."""
    async with asyncio.timeout(ASKING_S_MAX):
        for quota in replicas:
            try:
                return await quota.reserve(request)
            except LimitExceeded as refusal:
                return refusal
            except (Unavailable, DeadlineExceeded, Overloaded):
                await asyncio.sleep(PAUSE_S)


async def attack(addresses: str, count: str, name: str, tenants: str = "0") -> None:
    channels = [channel_to(address) for address in addresses.split(",")]
    replicas = [RemoteQuota(channel) for channel in channels]
    for quota in replicas:
        await quota.list_limits(quota_pb2.ListLimitsRequest())  # connected before it begins
    print(json.dumps("ready"), flush=True)
    sys.stdin.readline()
    found = await asyncio.gather(
        *(
            answered(
                cycle(replicas[n % len(replicas) :] + replicas[: n % len(replicas)]),
                request_of(name, n, int(tenants)),
            )
            for n in range(int(count))
        )
    )
    granted = [one.reservation_id for one in found if not isinstance(one, LimitExceeded)]
    report = {"granted": granted, "refused": len(found) - len(granted)}
    print(json.dumps(report), flush=True)
    for channel in channels:
        await channel.close()


if __name__ == "__main__":
    asyncio.run(attack(*sys.argv[1:]))
