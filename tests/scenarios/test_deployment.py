"""The compose file and the manifests: their own commands, run as processes, do the work."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import replace

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

ISSUE = ("keys", "issue", "--tenant", "acme", "--user", "ann", "--team", "web")
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
        {"BURSAR_ANTHROPIC_URL": provider, "ANTHROPIC_API_KEY": "sk-simulated"}
    )
    keys = workloads.pop("keys")
    machine.run(keys)
    key = machine.run(replace(keys, command=["bursar", *ISSUE, "--data-dir", "/run/bursar/keys"]))
    return workloads, key.strip()


def from_manifests(machine, tmp_path, provider):
    place = ("--data-dir", str(tmp_path / "installation"))
    machine.run(command("keys", "init", *place))
    key = machine.run(command(*ISSUE, *place))
    secrets = list(yaml.safe_load_all(machine.run(command("keys", "secrets", *place))))
    workloads = Kubernetes(secrets, tmp_path / "node").workloads()
    workloads["edge"] = with_environment(
        workloads["edge"], BURSAR_EDGE_ANTHROPIC_URL=provider, ANTHROPIC_API_KEY="sk-simulated"
    )
    return workloads, key.strip()


def command(*words: str, environment: dict[str, str] | None = None) -> Workload:
    """`bursar …` outside of any container."""
    return Workload("outside", "", ["bursar", *words], environment or {}, [], 10.0)


@pytest.mark.broker
@pytest.mark.timeout(300)
@pytest.mark.parametrize("deployment", [from_compose, from_manifests])
async def test_what_is_deployed_does_a_task_and_a_call_and_ends_when_told(
    deployment, machine, tmp_path, provider
):
    workloads, key = deployment(machine, tmp_path, provider)
    assert set(workloads) == {"nats", *SERVICES}
    await rise(machine, workloads)

    # In a container the keyring is at hand: who operates needs no key.
    limit = ["bursar", "limits", "set", "--tenant", "acme", "--tokens-per-day", "1000000"]
    machine.run(replace(workloads["quota"], command=limit))
    developer = Developer(machine, tmp_path, key)
    result = developer.tidies(UNTIDY)
    assert result["state"] == "TASK_STATE_COMPLETED"
    assert "-import os, sys" in result["diff"]
    assert "SIMULATED" in json.dumps(developer.asks(QUESTION))
    with pytest.raises(urllib.error.HTTPError) as refused:
        Developer(machine, tmp_path, "").asks(QUESTION)
    assert refused.value.code == 401
    (report,) = developer.tells("report")
    totals = report["totals"]
    assert (totals["calls_made"], totals["tasks_completed"]) == ("1", "1")
    (level,) = developer.tells("limits", "list")
    used = int(totals["usage"]["input_tokens"]) + int(totals["usage"]["output_tokens"])
    assert int(level["settled"]) == used > 0

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
        return self.tells("run", "tidy this up", str(path), "--needs", "linting,formatting")[-1]

    def tells(self, *words: str) -> list[dict]:
        return [json.loads(line) for line in self._bursar(*words, "--json").splitlines()]

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
        return self._machine.run(command(*words, environment=environment))
