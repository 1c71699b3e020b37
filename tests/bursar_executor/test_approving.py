"""Changes are written where their files came from once somebody says yes, and never after a no."""

import pytest

from bursar.errors import Conflict, FailedPrecondition, NotFound
from bursar.executor.v1 import executor_pb2
from executor_parts import ANN, isolate, kinds, office, task_request
from memory_ground import memory_ground

FAULTY = b"import os\nimport sys\nprint( sys.argv )\n"
MENDED = b"import sys\n\nprint(sys.argv)\n"
COMPLETED = executor_pb2.TASK_STATE_COMPLETED


@pytest.fixture
async def here(tmp_path, monkeypatch):
    isolate(monkeypatch, tmp_path)
    async with office(memory_ground(tmp_path)) as found:
        yield found


@pytest.fixture
def origin(tmp_path):
    directory = tmp_path / "origin"
    directory.mkdir()
    (directory / "a.py").write_bytes(FAULTY)
    return directory


async def tidied(here, origin):
    """The id of a task whose changes wait for a word."""
    request = task_request("tidy this", files={"a.py": FAULTY}, needs=["linting", "formatting"])
    request.origin_directory = str(origin)
    task_id = (await here.executor.submit(request)).task_id
    result = (await here.watched(task_id))[-1].result
    assert (result.state, len(result.changes)) == (COMPLETED, 1)
    return task_id


def word(task_id, **fields):
    return executor_pb2.ApproveRequest(tenant_id=ANN.tenant_id, task_id=task_id, **fields)


async def test_a_yes_writes_the_changes_once_and_is_in_the_log(here, origin):
    task_id = await tidied(here, origin)

    first = await here.executor.approve(word(task_id))
    again = await here.executor.approve(word(task_id))

    assert list(first.written_paths) == ["a.py"]
    assert list(again.written_paths) == []
    assert (origin / "a.py").read_bytes() == MENDED
    assert (await kinds(here.ground.log, "tasks")).count("task.judged") == 1


async def test_a_no_is_the_last_word_and_writes_nothing(here, origin):
    task_id = await tidied(here, origin)

    await here.executor.approve(word(task_id, is_rejected=True))

    with pytest.raises(FailedPrecondition, match="rejected before"):
        await here.executor.approve(word(task_id))
    assert (origin / "a.py").read_bytes() == FAULTY


async def test_a_yes_to_a_file_that_changed_since_writes_nothing_and_may_be_said_again(
    here, origin
):
    task_id = await tidied(here, origin)
    (origin / "a.py").write_bytes(b"mine\n")

    with pytest.raises(Conflict):
        await here.executor.approve(word(task_id))
    assert (origin / "a.py").read_bytes() == b"mine\n"

    (origin / "a.py").write_bytes(FAULTY)
    await here.executor.approve(word(task_id))
    assert (origin / "a.py").read_bytes() == MENDED


async def test_an_answer_from_the_cache_is_written_where_its_own_task_came_from(here, origin):
    await tidied(here, origin)
    elsewhere = origin.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.py").write_bytes(FAULTY)

    await here.executor.approve(word(await tidied(here, elsewhere)))

    assert (elsewhere / "a.py").read_bytes() == MENDED
    assert (origin / "a.py").read_bytes() == FAULTY


async def test_without_a_directory_there_is_nowhere_to_write(here):
    task_id = await here.submitted("tidy this", files={"a.py": FAULTY}, needs=["formatting"])
    await here.watched(task_id)

    with pytest.raises(FailedPrecondition, match="cannot write where the files came from"):
        await here.executor.approve(word(task_id))


async def test_another_tenants_task_is_not_to_be_judged(here, origin):
    request = word(await tidied(here, origin))
    request.tenant_id = "other"

    with pytest.raises(NotFound):
        await here.executor.approve(request)
