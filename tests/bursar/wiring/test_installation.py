"""The secrets of an installation are made once, and only missing ones again."""

import base64

import pytest
import yaml

from bursar.errors import FailedPrecondition
from bursar.identity import ApiKeys, KeyHolder, Keyring
from bursar.wiring.installation import Installation
from bursar.wiring.kubernetes_secrets import as_manifests


@pytest.fixture
def installation(tmp_path):
    return Installation(tmp_path / "keys", tmp_path / "broker")


def contents(installation):
    return {
        path.name: path.read_bytes()
        for directory in (installation.identity_dir, installation.broker_dir)
        for path in directory.iterdir()
    }


def test_all_is_made_private_and_stays_as_it_is(installation):
    installation.complete()
    made = contents(installation)
    assert set(made) == {
        "keyring.json",
        "broker-writer",
        "broker-inspector",
        "administrator",
        "users.conf",
    }
    for directory in (installation.identity_dir, installation.broker_dir):
        assert all(path.stat().st_mode & 0o077 == 0 for path in directory.iterdir())
    installation.complete()
    assert contents(installation) == made


def test_a_credential_that_is_deleted_is_made_anew_and_the_others_stay(installation):
    installation.complete()
    made = contents(installation)
    (installation.identity_dir / "broker-writer").unlink()
    installation.complete()
    again = contents(installation)
    assert {name for name in made if made[name] != again[name]} == {"broker-writer", "users.conf"}
    user, _, password = again["broker-writer"].decode().strip().partition(":")
    assert user == "bursar"
    assert password in again["users.conf"].decode()


def test_as_kubernetes_secrets_it_is_the_same_bytes(installation):
    installation.complete()
    keys = ApiKeys.open(installation.identity_dir, Keyring.open(installation.identity_dir))
    keys.issue(KeyHolder("acme", "ann"), now_ns=1)
    services, broker = yaml.safe_load_all(as_manifests(installation, "bursar"))
    assert set(services["data"]) == {
        "keyring.json",
        "api_keys.json",
        "broker-writer",
        "broker-inspector",
    }
    assert set(broker["data"]) == {"users.conf"}
    for secret in (services, broker):
        for name, text in secret["data"].items():
            assert base64.b64decode(text) == contents(installation)[name]


def test_an_installation_that_is_not_complete_is_not_shown(installation):
    with pytest.raises(FailedPrecondition, match="bursar keys init"):
        as_manifests(installation, "bursar")
