"""One process owns a data directory; the others join it."""

import os
import time

import pytest

from bursar.broker import (
    Credentials,
    Instance,
    InstanceRunning,
    Ownership,
    read_instance,
    wait_for_instance,
)
from bursar.errors import DeadlineExceeded, FailedPrecondition, Unavailable
from instance_processes import said


@pytest.fixture
def instance():
    return Instance("nats://127.0.0.1:1", Credentials.random("bursar"), os.getpid(), 7, {"a": "b"})


def test_an_empty_directory_belongs_to_who_takes_it_first(tmp_path):
    with Ownership.try_take(tmp_path / "data") as ownership:
        assert ownership is not None
        assert Ownership.try_take(tmp_path / "data") is None
    assert Ownership.try_take(tmp_path / "data") is not None


def test_a_directory_that_cannot_be_made_is_refused_with_a_remedy(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FailedPrecondition, match="choose another data directory"):
        Ownership.try_take(tmp_path / "file" / "data")


def test_the_directory_is_for_its_user_alone(tmp_path):
    with Ownership.try_take(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_forked_child_does_not_keep_the_ownership_of_its_parent(tmp_path):
    hold, let_go = os.pipe()
    forked, says_forked = os.pipe()
    with Ownership.try_take(tmp_path):
        child = os.fork()
        if child == 0:
            os.close(let_go)
            os.write(says_forked, b".")
            os.read(hold, 1)  # lives until its parent has taken the directory again
            os._exit(0)
        os.read(forked, 1)
    try:
        assert Ownership.try_take(tmp_path) is not None
    finally:
        for descriptor in (let_go, hold, forked, says_forked):
            os.close(descriptor)
        os.waitpid(child, 0)


def test_what_the_owner_publishes_is_read_as_it_was(tmp_path, instance):
    with Ownership.try_take(tmp_path) as ownership:
        assert read_instance(tmp_path) is None
        ownership.publish(instance)
        assert read_instance(tmp_path) == instance
        assert read_instance(tmp_path).address("a") == "b"
        with pytest.raises(Unavailable, match="edge_url"):
            instance.address("edge_url")
    assert read_instance(tmp_path) is None


def test_publishing_again_replaces_what_was_published(tmp_path, instance):
    with Ownership.try_take(tmp_path) as ownership:
        for number in range(5):
            again = Instance(f"nats://{number}", instance.credentials, 1, 2, {})
            ownership.publish(again)
            assert read_instance(tmp_path) == again
        assert sum(path.suffix == ".new" for path in tmp_path.iterdir()) == 0


def test_an_instance_file_whose_owner_is_gone_is_ignored(tmp_path, instance):
    with Ownership.try_take(tmp_path) as ownership:
        ownership.publish(instance)
        stale = (tmp_path / "instance.json").read_bytes()
    (tmp_path / "instance.json").write_bytes(stale)
    assert read_instance(tmp_path) is None
    with Ownership.try_take(tmp_path):  # owned, but what stands there is not the owner's word
        assert read_instance(tmp_path) is None


def test_the_instance_file_is_for_its_user_alone_and_no_text_form_shows_the_password(
    tmp_path, instance
):
    with Ownership.try_take(tmp_path) as ownership:
        ownership.publish(instance)
        assert (tmp_path / "instance.json").stat().st_mode & 0o777 == 0o600
    assert instance.credentials.password.reveal_text() not in f"{instance} {instance!r}"


async def test_a_reader_never_keeps_anyone_from_taking_the_directory(tmp_path, instance):
    for _ in range(200):
        with Ownership.try_take(tmp_path) as ownership:
            ownership.publish(instance)
            with (tmp_path / "instance.json").open("rb"):
                assert read_instance(tmp_path) == instance


async def test_who_comes_second_learns_how_to_join(tmp_path, instance):
    with Ownership.try_take(tmp_path) as ownership:
        ownership.publish(instance)
        with pytest.raises(InstanceRunning) as refused:
            await Ownership.take(tmp_path, timeout_s=5)
        assert refused.value.instance == instance


async def test_an_owner_that_neither_publishes_nor_ends_is_named_after_the_timeout(tmp_path):
    with (
        Ownership.try_take(tmp_path),
        pytest.raises(Unavailable, match=f"the process with id {os.getpid()} has"),
    ):
        await Ownership.take(tmp_path, timeout_s=0.05)


async def test_waiting_for_an_instance_ends_at_its_deadline(tmp_path):
    before_s = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        await wait_for_instance(tmp_path, timeout_s=0.05)
    assert time.monotonic() - before_s < 5


async def test_an_instance_of_another_version_is_not_guessed_at(tmp_path, instance):
    with Ownership.try_take(tmp_path) as ownership:
        ownership.publish(instance)
        path = tmp_path / "instance.json"
        path.write_text(path.read_text().replace('"format": 1', '"format": 2'))  # the same inode
        with pytest.raises(FailedPrecondition, match="another version"):
            read_instance(tmp_path)


@pytest.mark.broker
def test_five_processes_at_once_on_an_empty_directory_share_one_broker(tmp_path, running):
    processes = [running.owner(tmp_path / "data") for _ in range(5)]
    answers = [said(process) for process in processes]
    assert sorted(answer["role"] for answer in answers) == ["client"] * 4 + ["owner"]
    assert len({(answer["url"], answer["password"], answer["pid"]) for answer in answers}) == 1
    assert len((tmp_path / "data" / "owners").read_text().split()) == 1
