"""The secrets of an installation as Kubernetes knows them."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml

from bursar.durable_files import storage_errors
from bursar.errors import FailedPrecondition
from bursar.identity.api_key_file import API_KEYS_FILE
from bursar.identity.keyring import KEYRING_FILE
from bursar.wiring.installation import INSPECTOR_FILE, USERS_FILE, WRITER_FILE, Installation

# Name of the Secret -> what it holds. API keys may not have been issued yet.
SERVICES_SECRET = "bursar-keys"
BROKER_SECRET = "bursar-broker"


def as_manifests(installation: Installation, namespace: str) -> str:
    """Two Secrets in YAML: what services mount, and what the broker mounts.

    Raises FailedPrecondition when the installation is not complete.
    """
    services = _contents(installation.identity_dir, (KEYRING_FILE, WRITER_FILE, INSPECTOR_FILE))
    if (installation.identity_dir / API_KEYS_FILE).exists():
        services |= _contents(installation.identity_dir, (API_KEYS_FILE,))
    broker = _contents(installation.broker_dir, (USERS_FILE,))
    return yaml.safe_dump_all(
        [
            _secret(SERVICES_SECRET, namespace, services),
            _secret(BROKER_SECRET, namespace, broker),
        ],
        sort_keys=False,
    )


def _contents(directory: Path, names: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        path = directory / name
        if not path.exists():
            raise FailedPrecondition(
                f"{path} is not there; `bursar keys init` makes it", facts={"path": str(path)}
            )
        with storage_errors(path):
            found[name] = base64.b64encode(path.read_bytes()).decode()
    return found


def _secret(name: str, namespace: str, data: dict[str, str]) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "Opaque",
        "data": data,
    }
