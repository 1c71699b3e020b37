"""What docker-compose.yml and deploy/k8s would start, read from them as they are."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
COMPOSE_FILE = ROOT / "docker-compose.yml"
MANIFESTS = sorted((ROOT / "deploy" / "k8s").glob("*.yaml"))
SERVICES = ("quota", "cache", "compressor", "planner", "executor", "efficiency", "notary", "edge")
WORKLOAD_KINDS = ("Deployment", "StatefulSet")

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_SECONDS = re.compile(r"(\d+)s")


@dataclass(frozen=True)
class Mount:
    """A source at a place in the container: a volume's name, or a file or directory."""

    target: str
    source: str | Path


@dataclass(frozen=True)
class Workload:
    """One container as it is to be started."""

    name: str
    image: str
    command: list[str]
    environment: dict[str, str]
    mounts: list[Mount]
    grace_s: float
    needs: tuple[str, ...] = ()
    probe: list[str] = field(default_factory=list)
    definition: dict[str, Any] = field(default_factory=dict)


def compose_definition(variables: dict[str, str] | None = None) -> dict[str, Any]:
    """docker-compose.yml with its variables filled in, as the engine reads it."""
    return _filled_in(yaml.safe_load(COMPOSE_FILE.read_text()), variables or {})


def _filled_in(node: Any, variables: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {name: _filled_in(value, variables) for name, value in node.items()}
    if isinstance(node, list):
        return [_filled_in(value, variables) for value in node]
    if isinstance(node, str):
        return _VARIABLE.sub(lambda found: variables.get(found[1]) or found[2] or "", node)
    return node


def compose_workloads(variables: dict[str, str] | None = None) -> dict[str, Workload]:
    found = compose_definition(variables)["services"]
    return {name: _from_compose(name, definition) for name, definition in found.items()}


def _from_compose(name: str, definition: dict[str, Any]) -> Workload:
    return Workload(
        name=name,
        image=definition["image"],
        command=definition["command"],
        environment=definition.get("environment", {}),
        mounts=[_compose_mount(text) for text in definition.get("volumes", ())],
        grace_s=float(_SECONDS.fullmatch(definition.get("stop_grace_period", "10s"))[1]),
        needs=tuple(definition.get("depends_on", ())),
        probe=definition.get("healthcheck", {}).get("test", [])[1:],
        definition=definition,
    )


def _compose_mount(text: str) -> Mount:
    source, target = text.split(":")[:2]
    return Mount(target, ROOT / source if source.startswith("./") else source)


def manifests() -> list[dict[str, Any]]:
    """Every resource of deploy/k8s."""
    return [resource for path in MANIFESTS for resource in yaml.safe_load_all(path.read_text())]


class Kubernetes:
    """Workloads of the manifests. Secrets and ConfigMaps become directories, as nodes make them."""

    def __init__(self, secrets: list[dict[str, Any]], node_dir: Path) -> None:
        self._resources = {
            (resource["kind"], resource["metadata"]["name"]): resource
            for resource in (*manifests(), *secrets)
        }
        self._node_dir = node_dir

    def workloads(self) -> dict[str, Workload]:
        return {
            name: self._workload(name, resource)
            for (kind, name), resource in self._resources.items()
            if kind in WORKLOAD_KINDS
        }

    def _workload(self, name: str, resource: dict[str, Any]) -> Workload:
        pod = resource["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        return Workload(
            name=name,
            image=container["image"],
            command=container["command"],
            environment=self._environment(container),
            mounts=[self._mount(name, pod, mount) for mount in container["volumeMounts"]],
            grace_s=float(pod["terminationGracePeriodSeconds"]),
            definition=resource,
        )

    def _environment(self, container: dict[str, Any]) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in container.get("envFrom", ()):
            found |= self._resources["ConfigMap", source["configMapRef"]["name"]]["data"]
        for variable in container.get("env", ()):
            if "value" in variable:
                found[variable["name"]] = variable["value"]
            elif "fieldRef" not in variable["valueFrom"]:  # what a node knows of its pod
                assert variable["valueFrom"]["secretKeyRef"]["optional"]
        return found

    def _mount(self, workload: str, pod: dict[str, Any], mount: dict[str, Any]) -> Mount:
        volume = next((v for v in pod.get("volumes", ()) if v["name"] == mount["name"]), {})
        if "secret" in volume:
            secret = self._resources["Secret", volume["secret"]["secretName"]]
            contents = {name: base64.b64decode(text) for name, text in secret["data"].items()}
            source: str | Path = self._directory(volume, contents, volume["secret"]["defaultMode"])
        elif "configMap" in volume:
            data = self._resources["ConfigMap", volume["configMap"]["name"]]["data"]
            contents = {name: text.encode() for name, text in data.items()}
            source = self._directory(volume, contents, 0o644)
        else:
            source = f"{workload}-{mount['name']}"
        if "subPath" in mount:
            source = Path(source) / mount["subPath"]
        return Mount(mount["mountPath"], source)

    def _directory(self, volume: dict[str, Any], contents: dict[str, bytes], mode: int) -> Path:
        directory = self._node_dir / volume["name"]
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            path = directory / name
            path.unlink(missing_ok=True)
            path.write_bytes(content)
            path.chmod(mode)
        return directory


def with_environment(workload: Workload, **variables: str) -> Workload:
    return replace(workload, environment={**workload.environment, **variables})
