"""A broker for all tests of the log, and streams that no other test uses."""

from itertools import count

import pytest

from bursar.eventlog.jetstream import JetStreamLog, JetStreamTerms
from bursar.eventlog.jetstream_follow import FollowTerms
from bursar.eventlog.nats_access import Access
from bursar.eventlog.stream import StreamId
from nats_broker import NatsBroker

PARTITIONS = {"usage": 1000, "cache": 1000}
QUICK = FollowTerms(heartbeat_s=0.1, silence_s=0.3, check_s=0.2, pause_s=0.05)

_partitions = count()


@pytest.fixture(scope="session")
def broker():
    """Shared and never killed; `own_broker` is for that."""
    started = NatsBroker().start()
    yield started
    started.remove()


@pytest.fixture
def own_broker():
    """For one test alone, which may kill it."""
    started = NatsBroker().start()
    yield started
    started.remove()


@pytest.fixture
def usage():
    """A decided stream of its own for each test."""
    return StreamId("usage", next(_partitions))


@pytest.fixture
def connect():
    """Makes logs on a broker, and closes them at the end."""

    def make(url, **terms):
        settings = {"store_bytes": 50 * 1024**3, "partitions": PARTITIONS, "following": QUICK}
        return JetStreamLog(Access((url,)), JetStreamTerms(**(settings | terms)))

    return make
