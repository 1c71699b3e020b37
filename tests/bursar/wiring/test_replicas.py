"""By which address the other replicas reach this one."""

import socket

import pytest

from bursar.wiring.process import ProcessPlan, running
from bursar.wiring.replicas import advertised_address
from bursar.wiring.settings import ProcessSettings
from memory_ground import memory_ground

HERE = socket.gethostname()


@pytest.mark.parametrize(
    ("host", "named", "expected"),
    [
        ("127.0.0.1", "", ""),
        ("0.0.0.0", "", HERE),
        ("0.0.0.0", "10.1.2.3", "10.1.2.3"),
        ("0.0.0.0", "quota-1.internal:7711", "quota-1.internal:7711"),
        ("::", "fd00::7", "[fd00::7]"),
    ],
)
def test_the_address_is_as_named_or_the_machines_own_where_it_listens_everywhere(
    host, named, expected
):
    settings = ProcessSettings(host=host, advertised_address=named)
    assert advertised_address(settings) == expected


@pytest.mark.parametrize(
    ("advertised", "expected"),
    [
        ("", "127.0.0.1:{port}"),
        ("pod", "pod:{port}"),
        ("pod:7", "pod:7"),
        ("[fd00::7]", "[fd00::7]:{port}"),
        ("[fd00::7]:9", "[fd00::7]:9"),
    ],
)
async def test_a_host_alone_gets_the_port_that_was_taken(advertised, expected, tmp_path):
    plan = ProcessPlan((), advertised=advertised)
    async with running(plan, memory_ground(tmp_path)) as process:
        port = process.address.rpartition(":")[2]
        assert process.peers.own_address == expected.format(port=port)
