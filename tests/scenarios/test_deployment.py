"""The compose file and the manifests: their own commands, run as processes, do the work."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
import yaml

from deployed import Machine
from workloads import (
    SERVICES,
    Kubernetes,
    Workload,
    compose_workloads,
    with_environment,
)

UNTIDY = "import os, sys\n\n\ndef one( ):\n    return 1\n"
QUESTION = {
    "model": "claude-haiku-4-5",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "name a colour"}],
}


@pytest.fixture
def machine(tmp_path):
    found = Machine(tmp_path, ("nats", *SERVICES))
    yield found
    found.kill()


@pytest.fixture(scope="module")
def provider():
    """The simulated provider, where the edge expects the real one."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bursar_simulator"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process.stdout.readline().split()[-1]
    process.terminate()
    process.wait(20)


def from_compose(machine, tmp_path, provider):
    workloads = compose_workloads(
        {"BURSAR_EDGE_ANTHROPIC_URL": provider, "ANTHROPIC_API_KEY": "sk-simulated"}
    )
    machine.run(workloads.pop("keys"))
    return workloads


def from_manifests(machine, tmp_path, provider):
    keys = tmp_path / "installation"
    bursar = Workload("operator", "", ["bursar", "keys"], {}, [], 10.0)
    place = ["--data-dir", str(keys)]
    machine.run(command_of(bursar, "init", *place))
    secrets = list(yaml.safe_load_all(machine.run(command_of(bursar, "secrets", *place))))
    workloads = Kubernetes(secrets, tmp_path / "node").workloads()
    workloads["edge"] = with_environment(
        workloads["edge"], BURSAR_EDGE_ANTHROPIC_URL=provider, ANTHROPIC_API_KEY="sk-simulated"
    )
    return workloads


def command_of(workload: Workload, *words: str) -> Workload:
    return Workload(
        workload.name, "", [*workload.command, *words], workload.environment, workload.mounts, 10.0
    )


@pytest.mark.broker
@pytest.mark.timeout(300)
@pytest.mark.parametrize("deployment", [from_compose, from_manifests])
async def test_what_is_deployed_does_a_task_and_a_call_and_ends_when_told(
    deployment, machine, tmp_path, provider
):
    workloads = deployment(machine, tmp_path, provider)
    assert set(workloads) == {"nats", *SERVICES}
    await rise(machine, workloads)

    operator = Operator(machine, workloads["quota"])
    key = operator.bursar("keys", "issue", "--tenant", "acme", "--user", "ann", "--team", "web")
    developer = Developer(machine, tmp_path, key.strip())
    result = developer.tidies(UNTIDY)
    assert result["state"] == "TASK_STATE_COMPLETED"
    assert "-import os, sys" in result["diff"]
    answer = developer.asks(QUESTION)
    assert "SIMULATED" in json.dumps(answer)
    with pytest.raises(urllib.error.HTTPError) as refused:
        Developer(machine, tmp_path, "").asks(QUESTION)
    assert refused.value.code == 401
    totals = developer.report()
    assert (totals["calls_made"], totals["tasks_completed"]) == ("1", "1")

    codes = machine.stop([name for name in reversed(workloads) if name != "nats"])
    assert codes == dict.fromkeys(codes, 0)
    assert machine.stop(["nats"]) == {"nats": 0}


async def rise(machine: Machine, workloads: dict[str, Workload]) -> None:
    """In the order that the deployment asks for, each once what it waits for serves."""
    machine.start(workloads["nats"])
    machine.wait_broker()
    serving = {"nats", "keys"}
    while waiting := [w for w in workloads.values() if w.name not in serving]:
        able = [workload for workload in waiting if serving.issuperset(workload.needs)]
        assert able, "services wait for each other in a circle"
        for workload in able:
            machine.start(workload)
        for workload in able:
            await machine.wait_serving(workload.name)
            await machine.wait_serving(workload.name, "alive")
            serving.add(workload.name)
    probed = [workload for workload in workloads.values() if workload.probe]
    assert [machine.probe(workload) for workload in probed[:2]] == [0, 0][: len(probed)]


class Operator:
    """Who can read the installation's keyring: in a container of it."""

    def __init__(self, machine: Machine, container: Workload) -> None:
        self._machine = machine
        self._container = container

    def bursar(self, *words: str) -> str:
        bursar = Workload(
            self._container.name,
            "",
            ["bursar", *words],
            self._container.environment,
            self._container.mounts,
            10.0,
        )
        return self._machine.run(bursar)


class Developer:
    """Who has an API key and the addresses, and nothing else."""

    def __init__(self, machine: Machine, directory, key: str) -> None:
        self._machine = machine
        self._directory = directory / "home"
        self._directory.mkdir(exist_ok=True)
        self._key = key

    def tidies(self, source: str) -> dict:
        path = self._directory / "untidy.py"
        path.write_text(source)
        words = ("run", "tidy this up", str(path), "--needs", "linting,formatting", "--json")
        return json.loads(self._bursar(*words).splitlines()[-1])

    def report(self) -> dict:
        return json.loads(self._bursar("report", "--json").splitlines()[0])["totals"]

    def asks(self, question: dict) -> dict:
        url = f"http://127.0.0.1:{self._machine.port('edge', 7780)}/v1/messages"
        headers = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
        if self._key:
            headers["x-api-key"] = self._key
        request = urllib.request.Request(url, json.dumps(question).encode(), headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def _bursar(self, *words: str) -> str:
        environment = {**self._machine.peers(SERVICES), "BURSAR_API_KEY": self._key}
        return self._machine.run(
            Workload("developer", "", ["bursar", *words], environment, [], 10.0)
        )
