"""The files of a deployment are valid, agree with each other, and give away no more than needed."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from bursar.clients.remote import CONTRACTS
from bursar.wiring.installation import Installation
from bursar.wiring.kubernetes_secrets import as_manifests
from bursar.wiring.settings import ProcessSettings
from bursar_all.targets import TARGETS
from workloads import (
    MANIFESTS,
    ROOT,
    SERVICES,
    Kubernetes,
    compose_definition,
    compose_workloads,
    manifests,
)

BIN = Path(sys.executable).parent
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
# The newest Kubernetes, and one that clusters run for a while yet.
KUBERNETES_VERSIONS = ("1.37", "1.34")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    place = tmp_path_factory.mktemp("installation")
    found = Installation(place, place / "broker")
    found.complete()
    return found


@pytest.fixture(scope="module")
def deployed(installation, tmp_path_factory):
    secrets = list(yaml.safe_load_all(as_manifests(installation, "bursar")))
    return Kubernetes(secrets, tmp_path_factory.mktemp("node")).workloads()


@pytest.fixture(scope="module")
def composed():
    return compose_workloads()


def pod_of(workload):
    return workload.definition["spec"]["template"]["spec"]


def container_of(workload):
    return pod_of(workload)["containers"][0]


def test_hadolint_finds_nothing_in_the_dockerfile():
    done = subprocess.run(
        [BIN / "hadolint", "--failure-threshold", "style", DOCKERFILE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_all_the_dockerfile_copies_is_let_through_and_there():
    allowed = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = {
        word
        for line in DOCKERFILE.read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    }
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
def test_the_manifests_are_valid_and_of_known_kinds(version, installation, tmp_path):
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text(as_manifests(installation, "bursar"))
    done = subprocess.run(
        [BIN / "kubernetes-validate", "--strict", "-k", version, *MANIFESTS, secrets],
        capture_output=True,
        text=True,
        check=False,
    )
    said = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 0
    # A kind without a schema is only warned of: here it fails.
    assert [line for line in said if not line.startswith("INFO")] == []
    assert len(said) == len(manifests()) + 2


def test_every_service_stands_in_both_deployments(deployed, composed):
    assert set(SERVICES) == set(TARGETS)
    assert set(composed) == {"keys", "nats", *SERVICES}
    assert set(deployed) == {"nats", *SERVICES}


@pytest.mark.parametrize("name", ["nats", *SERVICES])
def test_both_deployments_start_the_same_with_the_same_settings(name, deployed, composed):
    composed = composed[name]
    assert composed.command == deployed[name].command
    assert composed.image == deployed[name].image
    assert composed.image.endswith(f":{VERSION}")
    own_keys = {"ANTHROPIC_API_KEY", "OPENAI_API_KEY"}  # from a Secret that may be missing
    in_compose = {k: v for k, v in composed.environment.items() if k not in own_keys}
    assert in_compose == deployed[name].environment


def test_every_setting_of_a_process_is_one_there_is(composed):
    known = {f"BURSAR_{field}".upper() for field in ProcessSettings.model_fields}
    environment = composed["quota"].environment
    peers = {f"BURSAR_PEER_{name}".upper() for name in CONTRACTS}
    assert set(environment) <= known | peers
    assert peers <= set(environment)


def test_the_broker_reads_the_same_configuration_everywhere_and_syncs_every_write():
    text = (ROOT / "deploy" / "nats" / "nats-server.conf").read_text()
    maps = [found for found in manifests() if found["kind"] == "ConfigMap"]
    (broker,) = [found for found in maps if found["metadata"]["name"] == "nats"]
    assert broker["data"] == {"nats-server.conf": text}
    assert "sync_interval: always" in text


@pytest.mark.parametrize("name", ["nats", *SERVICES])
def test_pods_have_no_rights_they_do_not_need(name, deployed):
    pod, container = pod_of(deployed[name]), container_of(deployed[name])
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"] | {"fsGroupChangePolicy": ""} == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "fsGroup": 65532,
        "fsGroupChangePolicy": "",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"cpu", "memory"} <= set(container["resources"]["requests"])
    assert "memory" in container["resources"]["limits"]
    assert "readinessProbe" in container
    assert "livenessProbe" in container


@pytest.mark.parametrize("name", ["keys", "nats", *SERVICES])
def test_containers_have_no_rights_they_do_not_need(name, composed):
    definition = composed[name].definition
    assert definition["user"] == "65532:65532"
    assert definition["read_only"] is True
    assert definition["cap_drop"] == ["ALL"]
    assert definition["security_opt"] == ["no-new-privileges:true"]
    published = definition.get("ports", [])
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert bool(published) == (name == "edge")


def test_who_writes_a_decided_stream_without_a_lease_stands_alone(deployed):
    spec = deployed["executor"].definition["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_replicas_of_quota_reach_each_other_and_roll(deployed):
    spec = deployed["quota"].definition["spec"]
    assert spec["replicas"] >= 2
    assert "strategy" not in spec  # rolling: one always answers
    (own,) = container_of(deployed["quota"])["env"]
    assert own["name"] == "BURSAR_ADVERTISED_ADDRESS"
    assert own["valueFrom"]["fieldRef"]["fieldPath"] == "status.podIP"


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_probed_over_grpc_and_given_time_to_drain(name, deployed, composed):
    container = container_of(deployed[name])
    assert container["readinessProbe"]["grpc"] == {"port": 7700}
    assert container["livenessProbe"]["grpc"] == {"port": 7700, "service": "alive"}
    probe = ["python", "-m", "bursar.rpc.health_probe", "127.0.0.1:7700"]
    composed = composed[name]
    assert composed.probe == probe
    assert min(composed.grace_s, deployed[name].grace_s) > ProcessSettings().drain_s


def test_compose_names_only_what_it_defines(composed):
    definition = compose_definition()
    services, volumes = definition["services"], set(definition["volumes"])
    for workload in composed.values():
        assert set(workload.needs) <= set(services)
        named = {mount.source for mount in workload.mounts if isinstance(mount.source, str)}
        assert named <= volumes
        files = [mount.source for mount in workload.mounts if isinstance(mount.source, Path)]
        assert all(path.exists() for path in files)
        build = workload.definition["build"]
        assert (ROOT / build["dockerfile"]).exists()
        assert f"AS {build['target']}" in DOCKERFILE.read_text()


@pytest.mark.parametrize("name", SERVICES)
def test_compose_starts_a_service_after_all_it_needs(name, composed):
    from bursar_all.targets import modules

    (module,) = modules([name])
    needs = composed[name].definition["depends_on"]
    assert set(needs) == {"keys", "nats", *module.needs}
    assert {needs[other]["condition"] for other in ("nats", *module.needs)} == {"service_healthy"}
    assert needs["keys"]["condition"] == "service_completed_successfully"


def test_services_never_see_the_administrators_password(installation, deployed, composed):
    password = (installation.broker_dir / "administrator").read_text().strip().split(":")[1]
    assert password in (installation.broker_dir / "users.conf").read_text()
    for name in SERVICES:
        for mount in deployed[name].mounts:
            if isinstance(mount.source, Path):
                assert all(password not in path.read_text() for path in mount.source.iterdir())
        sources = {mount.source for mount in composed[name].mounts}
        assert "broker-users" not in sources
