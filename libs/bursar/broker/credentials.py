"""A name and a password the broker knows."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from bursar.secret import Secret


@dataclass(frozen=True, slots=True)
class Credentials:
    """One user of the broker; the password shows in no text form."""

    user: str
    password: Secret

    @classmethod
    def random(cls, user: str) -> Credentials:
        """`user` with a password of 256 random bits."""
        return cls(user, Secret(secrets.token_hex(32)))

    def connect_options(self) -> dict[str, str]:
        """The options of `nats.connect` that present these."""
        return {"user": self.user, "password": self.password.reveal_text()}
