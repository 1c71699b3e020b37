"""Tasks while processes come together, are killed and are told to end, on real files."""

import asyncio
import json
import signal
import subprocess
from collections import Counter

import psutil
import pytest

from bursar.client import Client
from bursar.efficiency.v1 import efficiency_pb2
from bursar.executor.v1 import executor_pb2
from bursar.planner.v1 import planner_pb2
from bursar.quota.v1 import quota_pb2
from bursar_command import Command, ended, killed, parsed, up
from bursar_simulator.served import Outcome
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulated_provider import SimulatedProvider
from instance_processes import END_TIMEOUT_S, until, wait_gone

pytestmark = [pytest.mark.broker, pytest.mark.xdist_group("run survives")]

FAULTY = "import os\nimport sys\nprint( sys.argv )\n"
# Says that it is at work, and works until it is let go.
HELD_UP = """\
import pathlib, time

def test_of_patience():
    here = pathlib.Path({here!r})
    (here / "at work").touch()
    while not (here / "go").exists():
        time.sleep(0.005)
"""
GPT = "gpt-4o"


@pytest.fixture
def bursar(tmp_path):
    command = Command(tmp_path / "data")
    yield command
    command.end()


@pytest.fixture
def here(tmp_path):
    place = tmp_path / "here"
    place.mkdir()
    (place / "a.py").write_text(FAULTY)
    (place / "test_patience.py").write_text(HELD_UP.format(here=str(place)))
    return place


def at_work(here):
    """Returns once the test that is held up runs; until then nothing of it is in the way."""
    asyncio.run(until((here / "at work").exists))
    (here / "at work").unlink()


def children(process):
    return [child.pid for child in psutil.Process(process.pid).children(recursive=True)]


def audit(bursar, here, subject):
    told = bursar.run("audit", subject, "--json", cwd=here)
    assert told.returncode == 0, told.stderr
    return [json.loads(line) for line in told.stdout.splitlines()]


def test_five_commands_at_once_on_an_empty_directory_share_one_broker_and_one_log(bursar, here):
    words = [f"tidy {number}" for number in range(5)]
    processes = [bursar.start("run", word, "a.py", "--json", cwd=here) for word in words]

    done = [ended(process) for process in processes]

    assert [process.returncode for process in done] == [0] * 5, [found.stderr for found in done]
    results = [parsed(process.stdout)[-1] for process in done]
    assert len({result["task_id"] for result in results}) == 5
    instance = bursar.instance
    owned = [process.name() for process in psutil.Process(instance.pid).children(recursive=True)]
    assert owned.count("nats-server") == 1
    report = json.loads(bursar.run("report", "--json", cwd=here).stdout)
    assert report["totals"]["tasks_completed"] == "5"
    assert bursar.instance == instance


def test_a_task_goes_on_after_its_whole_instance_was_killed(bursar, here):
    with up(bursar, here) as instance:
        running = bursar.start(
            "run", "test this", "test_patience.py", "--needs", "testing", "--json", cwd=here
        )
        at_work(here)
        killed(instance, children(instance))
        # The command has started an instance of its own, and that has taken the task up.
        at_work(here)
        (here / "go").touch()
        done = ended(running)

    assert done.returncode == 0, done.stderr
    told = parsed(done.stdout)
    result = told[-1]
    assert result["state"] == "TASK_STATE_COMPLETED"
    numbers = [int(found["step_number"]) for found in told if found["type"] == "step"]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] > 100
    kinds = Counter(entry["kind"] for entry in audit(bursar, here, result["task_id"]))
    assert kinds["task.submitted"] == kinds["task.ended"] == kinds["usage.settled"] == 1
    assert kinds["usage.reserved"] == 2
    assert kinds["usage.released"] == 1


def test_an_instance_that_nobody_asks_ends_by_itself(bursar, here):
    process = bursar.start("up", "--idle-exit-s", "0.1", cwd=here)

    done = ended(process)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ready")
    assert bursar.instance is None


def test_an_instance_that_is_told_to_end_lets_its_task_come_to_its_end(bursar, here):
    with up(bursar, here) as instance:
        running = bursar.start(
            "run", "test this", "test_patience.py", "--needs", "testing", "--json", cwd=here
        )
        at_work(here)
        instance.send_signal(signal.SIGTERM)
        (here / "go").touch()
        done = ended(running)
        wait_gone(instance.pid)

    assert done.returncode == 0, done.stderr
    told = parsed(done.stdout)
    assert told[-1]["state"] == "TASK_STATE_COMPLETED"
    assert max(int(found["step_number"]) for found in told if found["type"] == "step") < 100


@pytest.fixture
async def provider():
    async with SimulatedProvider(SimulatorSettings(host="127.0.0.1", port=0)) as simulated:
        yield simulated


async def ended_task(client, task_id):
    watch = executor_pb2.WatchRequest(task_id=task_id)
    async with asyncio.timeout(END_TIMEOUT_S * 2):
        async for update in client.services.executor.watch(watch):
            if update.HasField("result"):
                return update.result
    raise AssertionError("no result")


async def started(bursar, here):
    """`bursar up`, ready."""
    process = await asyncio.to_thread(bursar.start, "up", cwd=here, stderr=subprocess.DEVNULL)
    assert (await asyncio.to_thread(process.stdout.readline)).startswith("ready")
    return process


def told_to_end(process):
    process.terminate()
    process.wait(END_TIMEOUT_S)
    process.stdout.close()


async def test_a_call_that_was_under_way_at_a_kill_is_charged_in_full_once_and_not_repeated(
    bursar, here, provider
):
    bursar.environment |= {
        "OPENAI_API_KEY": "k",
        "OPENAI_BASE_URL": provider.address,
        "BURSAR_OPENAI_MODEL": GPT,
    }
    limit = quota_pb2.Limit(
        selector=quota_pb2.Selector(tenant_id="default"),
        meter=quota_pb2.METER_COST_NANO_USD,
        window=quota_pb2.WINDOW_LIFETIME,
        amount=10**12,
    )
    first = await started(bursar, here)
    async with Client.at(bursar.instance.address("grpc_address")) as client:
        await client.limit(limit, author="ann")
        paid = await client.run("Say hello.", model=GPT)
        task = planner_pb2.Task(
            description="Tell me more. [simulate: tokens=100; chunk_s=30]", requested_model=GPT
        )
        request = executor_pb2.SubmitRequest(task=task)
        task_id = (await client.services.executor.submit(request)).task_id
        async with asyncio.timeout(END_TIMEOUT_S):
            await provider.until(lambda: provider.calls_in_flight == 1)
        await asyncio.to_thread(killed, first, children(first))
        first.stdout.close()

    second = await started(bursar, here)
    async with Client.at(bursar.instance.address("grpc_address")) as client:
        result = await ended_task(client, task_id)
        (level,) = (await client.services.quota.list_limits(quota_pb2.ListLimitsRequest())).levels
        spending = await client.spending()
        told = await client.services.efficiency.audit(efficiency_pb2.AuditRequest(task_id=task_id))
    told_to_end(second)

    assert result.error_reason == "OUTCOME_UNKNOWN"
    assert [call.outcome for call in provider.served.calls] == [
        Outcome.COMPLETE,
        Outcome.HUNG_UP,
    ]
    assert level.held == 0
    assert level.settled == spending.cost_nano_usd
    assert level.settled == paid.cost_nano_usd + result.cost.total_nano_usd
    assert result.cost.total_nano_usd > paid.cost_nano_usd
    kinds = Counter(entry.kind for entry in told.entries)
    assert kinds["task.submitted"] == kinds["task.ended"] == 1
    assert kinds["usage.dispatched"] == kinds["usage.settled"] == 1
    assert told.totals.cost_nano_usd == result.cost.total_nano_usd
