"""The probe of containers says what a server says of itself."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from bursar.rpc.health_probe import health_of, main


@pytest.fixture
def address():
    server = grpc.server(ThreadPoolExecutor(1))
    servicer = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    servicer.set("late", health_pb2.HealthCheckResponse.NOT_SERVING)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None)


@pytest.mark.parametrize(
    ("service", "state", "code"),
    [("", "SERVING", 0), ("late", "NOT_SERVING", 1), ("absent", "SERVICE_UNKNOWN", 1)],
)
def test_the_state_is_told_and_decides_the_code(address, service, state, code, capsys):
    assert health_of(address, service) == state
    assert main([address, service]) == code
    assert capsys.readouterr().out == f"{state}\n"


def test_nobody_there_is_unreachable():
    assert health_of("127.0.0.1:1") == "UNREACHABLE"


def test_it_runs_as_a_module_and_says_how_it_is_used():
    done = subprocess.run(
        [sys.executable, "-m", "bursar.rpc.health_probe"],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "HOST:PORT" in done.stderr
