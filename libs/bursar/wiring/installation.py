"""The secrets of an installation of many processes, made once and then shared by file.

What services read stands in one directory, what the broker reads in another: a service has no
business with the administrator's password.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bursar.broker.configuration import BrokerUsers, accounts
from bursar.broker.credentials import Credentials
from bursar.durable_files import create_file, make_private_directory, replace_file
from bursar.errors import FailedPrecondition
from bursar.identity import Keyring
from bursar.wiring.broker_access import credentials_in

WRITER_FILE = "broker-writer"
INSPECTOR_FILE = "broker-inspector"
ADMINISTRATOR_FILE = "administrator"
USERS_FILE = "users.conf"


@dataclass(frozen=True, slots=True)
class Installation:
    """Its two directories: the keyring, API keys and broker credentials of the services, and what
    nats-server includes in its configuration.
    """

    identity_dir: Path
    broker_dir: Path

    def complete(self) -> None:
        """Makes what is missing; what is there stays. Again does nothing.

        Raises FailedPrecondition and StorageFull as files do.
        """
        make_private_directory(self.broker_dir)
        Keyring.open(self.identity_dir)
        users = BrokerUsers(
            writer=_kept(self.identity_dir / WRITER_FILE, "bursar"),
            administrator=_kept(self.broker_dir / ADMINISTRATOR_FILE, "administrator"),
            inspector=_kept(self.identity_dir / INSPECTOR_FILE, "inspector"),
        )
        replace_file(self.broker_dir / USERS_FILE, accounts(users).encode())


def _kept(path: Path, user: str) -> Credentials:
    new = Credentials.random(user)
    create_file(path, f"{user}:{new.password.reveal_text()}\n".encode())
    found = credentials_in(str(path), path)
    if found is None:
        raise FailedPrecondition(f"{path} is gone again", facts={"path": str(path)})
    return found
