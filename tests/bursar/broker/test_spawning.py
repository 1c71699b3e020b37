"""An instance in the background: started once, waited for by all."""

import asyncio
import os

import psutil
import pytest

from bursar.broker import Ownership, ensure_instance, read_instance
from bursar.errors import DeadlineExceeded, FailedPrecondition, Unavailable
from instance_processes import OWNER, ending, said, until


@pytest.mark.broker
def test_of_five_callers_at_once_one_starts_the_instance_and_all_get_it(tmp_path, running):
    command = [*OWNER, str(tmp_path)]
    answers = [said(caller) for caller in [running.caller(tmp_path, *command) for _ in range(5)]]
    with ending(answers[0]["pid"]):
        assert len({(answer["pid"], answer["url"]) for answer in answers}) == 1
        assert (tmp_path / "owners").read_text().split() == [str(answers[0]["pid"])]
        log = tmp_path / "logs" / "instance.log"
        assert log.read_text().count('"role"') == 1
        assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.broker
async def test_the_instance_is_in_a_session_of_its_own_and_is_joined_by_later_callers(
    tmp_path, owner_command
):
    instance = await ensure_instance(tmp_path, [*owner_command, str(tmp_path)], timeout_s=60)
    with ending(instance.pid):
        assert os.getsid(instance.pid) == instance.pid
        assert await ensure_instance(tmp_path, ["/absent"], timeout_s=1) == instance
    assert read_instance(tmp_path) is None


@pytest.mark.broker
async def test_an_instance_started_while_the_old_owner_is_going_waits_for_it(
    tmp_path, owner_command
):
    old = Ownership.try_take(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        wanted = tasks.create_task(
            ensure_instance(tmp_path, [*owner_command, str(tmp_path)], timeout_s=60)
        )
        await until((tmp_path / "logs" / "instance.log").exists)
        old.release()
    with ending(wanted.result().pid):
        assert wanted.result() == read_instance(tmp_path)


async def test_a_command_that_dies_early_is_reported_with_its_last_words_and_no_secret(tmp_path):
    command = ["/bin/sh", "-c", "echo old; echo the port is taken, token=hunter2 >&2; exit 4"]
    with pytest.raises(Unavailable, match="the port is taken") as refused:
        await ensure_instance(tmp_path, command, timeout_s=30)
    assert "hunter2" not in refused.value.message


async def test_words_of_earlier_instances_are_not_cited(tmp_path):
    with pytest.raises(Unavailable, match="first"):
        await ensure_instance(tmp_path, ["/bin/sh", "-c", "echo first"], timeout_s=30)
    with pytest.raises(Unavailable) as refused:
        await ensure_instance(tmp_path, ["/bin/sh", "-c", "echo second"], timeout_s=30)
    assert "first" not in refused.value.message


async def test_callers_who_waited_for_a_start_that_failed_do_not_start_it_again(tmp_path, running):
    barrier = tmp_path / "go"
    os.mkfifo(barrier)
    script = f"echo start >> {tmp_path}/starts; read line < {barrier}; echo broken; exit 1"
    callers = [running.caller(tmp_path, "/bin/sh", "-c", script) for _ in range(4)]
    for caller in callers:
        await until(lambda pid=caller.pid: takes_part(pid))
    with barrier.open("w") as go:
        go.write("now\n")
    answers = [said(caller) for caller in callers]
    assert {answer["reason"] for answer in answers} == {"UNAVAILABLE"}
    assert all("broken" in answer["message"] for answer in answers)
    assert (tmp_path / "starts").read_text().split() == ["start"]


async def test_a_command_that_never_becomes_ready_ends_the_wait_at_the_deadline(tmp_path):
    os.mkfifo(tmp_path / "never")
    command = ["/bin/sh", "-c", f"read line < {tmp_path}/never"]
    with pytest.raises(DeadlineExceeded, match="no instance came up"):
        await ensure_instance(tmp_path, command, timeout_s=0.2)
    started = [child for child in psutil.Process().children() if child.cmdline() == command]
    assert len(started) == 1
    with ending(started[0].pid):
        pass


async def test_a_command_that_does_not_exist_is_refused_by_name(tmp_path):
    with pytest.raises(FailedPrecondition, match="/absent/bursar cannot be started"):
        await ensure_instance(tmp_path, ["/absent/bursar"], timeout_s=5)


def takes_part(caller: int) -> bool:
    """Whether the process has opened the lock that decides who starts the instance."""
    return any(file.path.endswith("spawn.lock") for file in psutil.Process(caller).open_files())
