"""`bursar keys`: who may call, off loopback."""

from __future__ import annotations

import time
from pathlib import Path

import click

from bursar_all.commands.shared_options import data_dir_option


@click.group()
def command() -> None:
    """API keys of this data directory; each is shown once, when it is issued."""


@command.command()
@data_dir_option
@click.option(
    "--broker-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where nats-server's users go; `broker` in the data directory by default.",
)
def init(data_dir: Path | None, broker_dir: Path | None) -> None:
    """Make the secrets that the processes of one installation share; what is there stays."""
    from bursar.wiring.installation import Installation
    from bursar.wiring.settings import ProcessSettings

    place = ProcessSettings.load(data_dir=data_dir).identity_place
    installation = Installation(place, broker_dir or place / "broker")
    installation.complete()
    click.echo(f"keys in {installation.identity_dir}, the broker's in {installation.broker_dir}")


@command.command()
@data_dir_option
@click.option("--namespace", default="bursar", help="Where the secrets are to be.")
def secrets(data_dir: Path | None, namespace: str) -> None:
    """Print them as Kubernetes Secrets, for `kubectl apply -f -`."""
    from bursar.wiring.installation import Installation
    from bursar.wiring.kubernetes_secrets import as_manifests
    from bursar.wiring.settings import ProcessSettings

    place = ProcessSettings.load(data_dir=data_dir).identity_place
    click.echo(as_manifests(Installation(place, place / "broker"), namespace), nl=False)


@command.command()
@click.option("--tenant", required=True)
@click.option("--user", required=True)
@click.option("--team", default="")
@click.option(
    "--may",
    "scopes",
    multiple=True,
    type=click.Choice(["limits", "any_tenant"]),
    help="Set the limits of its tenant, or speak for any tenant.",
)
@data_dir_option
def issue(
    tenant: str, user: str, team: str, scopes: tuple[str, ...], data_dir: Path | None
) -> None:
    """Issue a key. It spends for its user; --may lets it do more."""
    from bursar.identity import ApiKeys, KeyHolder, Keyring, Scope
    from bursar.wiring.settings import ProcessSettings

    place = ProcessSettings.load(data_dir=data_dir).identity_place
    keys = ApiKeys.open(place, Keyring.open(place))
    holder = KeyHolder(tenant, user, team, frozenset(Scope(name) for name in scopes))
    issued = keys.issue(holder, time.time_ns())
    click.echo(issued.text.reveal_text())


@command.command("list")
@data_dir_option
def list_keys(data_dir: Path | None) -> None:
    """List keys by id; their texts are known to nobody."""
    from bursar.identity import ApiKeys, Keyring
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.rendering.tables import show_table

    place = ProcessSettings.load(data_dir=data_dir).identity_place
    keys = ApiKeys.open(place, Keyring.open(place)).issued_keys()
    rows = [
        (
            key.key_id,
            key.holder.tenant_id,
            key.holder.team_id or "-",
            key.holder.user_id,
            " ".join(sorted(key.holder.scopes)) or "-",
            "in use" if key.revoked_at_ns is None else "revoked",
        )
        for key in keys
    ]
    show_table(("key", "tenant", "team", "user", "may", "state"), rows)


@command.command()
@click.argument("key_id")
@data_dir_option
def revoke(key_id: str, data_dir: Path | None) -> None:
    """Refuse a key from now on."""
    from bursar.identity import ApiKeys, Keyring
    from bursar.wiring.settings import ProcessSettings

    place = ProcessSettings.load(data_dir=data_dir).identity_place
    ApiKeys.open(place, Keyring.open(place)).revoke(key_id, time.time_ns())
    click.echo(f"revoked {key_id}")
