"""Processes from their settings: what they are told decides how they start and end."""

import asyncio
import os
import signal
import socket
import subprocess
import sys

import pytest

from bursar.errors import FailedPrecondition, NotFound
from bursar.wiring.run import check_exposure, hosting
from bursar.wiring.settings import ProcessSettings
from nats_broker import NatsBroker

END_TIMEOUT_S = 20


@pytest.fixture
def broker():
    found = NatsBroker().start()
    yield found
    found.remove()


def serving_quota(tmp_path, **variables: str) -> "subprocess.Popen[str]":
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "BURSAR_DATA_DIR": str(tmp_path),
        **variables,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "bursar_quota"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("host", "authentication"),
    [("127.0.0.1", "none"), ("::1", "none"), ("localhost", "none"), ("0.0.0.0", "keys")],
)
def test_strangers_are_kept_out_by_keys_or_by_loopback(host, authentication, tmp_path):
    check_exposure(ProcessSettings(data_dir=tmp_path, host=host, authentication=authentication))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "quota.example"])
def test_off_loopback_without_keys_a_server_does_not_start(host, tmp_path):
    with pytest.raises(FailedPrecondition, match="BURSAR_AUTHENTICATION=keys"):
        check_exposure(ProcessSettings(data_dir=tmp_path, host=host))


def test_a_service_alone_needs_a_broker_and_says_so_in_one_line(tmp_path):
    process = serving_quota(tmp_path)
    _, said = process.communicate(timeout=END_TIMEOUT_S)
    assert process.returncode == 1
    assert said.splitlines() == [said.strip()]
    assert "BURSAR_BROKER_URL" in said


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = serving_quota(tmp_path, BURSAR_BROKER_URL="nats://127.0.0.1:1", BURSAR_PORT=port)
        _, said = process.communicate(timeout=END_TIMEOUT_S)
    assert process.returncode == 1
    assert f"port {port} of 127.0.0.1" in said


@pytest.mark.broker
def test_a_start_that_waits_for_the_log_is_broken_off_when_told(tmp_path, broker):
    broker.freeze()
    process = serving_quota(tmp_path, BURSAR_BROKER_URL=broker.url, BURSAR_LOG_LEVEL="DEBUG")
    try:
        assert "running loop" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=END_TIMEOUT_S)
        assert process.returncode == 0
    finally:
        broker.thaw()
        process.kill()


@pytest.mark.broker
async def test_content_kept_on_the_broker_is_seen_by_every_process(tmp_path, broker):
    settings = [
        ProcessSettings(
            data_dir=tmp_path / name,
            identity_dir=tmp_path / "keys",
            broker_url=broker.url,
            blobs="broker",
        )
        for name in ("one", "other")
    ]
    async with hosting(settings[0], []) as one, hosting(settings[1], []) as other:
        reference = await one.ground.blobs.put("acme", b"content")
        assert await other.ground.blobs.get("acme", reference) == b"content"
        with pytest.raises(NotFound):
            await other.ground.blobs.get("umbrella", reference)
    assert not (tmp_path / "one" / "keyring.json").exists()
    async with asyncio.timeout(END_TIMEOUT_S), hosting(settings[0], []) as again:
        assert await again.ground.blobs.exists("acme", reference)
