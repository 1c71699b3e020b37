"""What nats-server is told, in its own language."""

from __future__ import annotations

import json
from dataclasses import dataclass

from bursar.broker.credentials import Credentials
from bursar.broker.data_directory import DataDirectory
from bursar.broker.settings import MAX_PAYLOAD_BYTES, BrokerSettings

_LOG_LIMIT_BYTES = 1024 * 1024
_LOGS_KEPT = 2

# What takes something out of the log or changes a stream's promise is for the administrator.
_DESTRUCTIVE_SUBJECTS = (
    "$JS.API.STREAM.DELETE.>",
    "$JS.API.STREAM.PURGE.>",
    "$JS.API.STREAM.UPDATE.>",
    "$JS.API.STREAM.MSG.DELETE.>",
)
# Asks, and changes nothing.
_INSPECTING = json.dumps(["$SYS.REQ.SERVER.PING.>"])


@dataclass(frozen=True, slots=True)
class BrokerUsers:
    """Who may connect: `writer` uses the log, `administrator` may also delete, purge and update
    streams, `inspector` reads the server's own account of itself and sees no stream.
    """

    writer: Credentials
    administrator: Credentials
    inspector: Credentials

    @classmethod
    def random(cls) -> BrokerUsers:
        """New passwords for all three."""
        return cls(
            Credentials.random("bursar"),
            Credentials.random("administrator"),
            Credentials.random("inspector"),
        )


def configuration(data: DataDirectory, settings: BrokerSettings, users: BrokerUsers) -> str:
    """The configuration file: loopback only, a port of the kernel's choice, every write synced."""
    return f"""\
server_name: bursar
host: "127.0.0.1"
port: -1
ports_file_dir: {_quoted(data.ports)}
max_payload: {MAX_PAYLOAD_BYTES}
logfile: {_quoted(data.broker_log)}
logfile_size_limit: {_LOG_LIMIT_BYTES}
logfile_max_num: {_LOGS_KEPT}
jetstream {{
  store_dir: {_quoted(data.store)}
  max_file_store: {settings.store_limit_bytes}
  max_memory_store: {settings.memory_limit_bytes}
  sync_interval: always
}}
{accounts(users)}"""


def accounts(users: BrokerUsers) -> str:
    """The part of a configuration that says who may connect, and what each of them may do."""
    return f"""\
system_account: SYSTEM
accounts {{
  SYSTEM {{
    users: [{{ {_user(users.inspector)}, permissions: {{ publish: {{ allow: {_INSPECTING} }} }} }}]
  }}
  BURSAR {{
    jetstream: enabled
    users: [
      {{ {_user(users.administrator)} }}
      {{ {_user(users.writer)}, permissions: {{ publish: {{ deny: {_denied()} }} }} }}
    ]
  }}
}}
"""


def _user(credentials: Credentials) -> str:
    password = credentials.password.reveal_text()
    return f"user: {_quoted(credentials.user)}, password: {_quoted(password)}"


def _denied() -> str:
    return json.dumps(_DESTRUCTIVE_SUBJECTS)


def _quoted(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)
