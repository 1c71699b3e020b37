"""How to reach a broker, as whom, and the proof of it.

Source: NATS client protocol, CONNECT; NKeys (ADR-14 of nats-architecture-and-design).
"""

from __future__ import annotations

import base64
import re
import ssl
from binascii import crc_hqx
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bursar.errors import FailedPrecondition, InvalidRequest
from bursar.secret import Secret

DEFAULT_PORT = 4222

_SEED_PREFIX_BYTES, _SEED_BYTES = 2, 32
_USER_PREFIX = 20 << 3
_JWT = re.compile(r"-+BEGIN NATS USER JWT-+\s+(\S+)\s+-+END NATS USER JWT-+")
_SEED = re.compile(r"-+BEGIN USER NKEY SEED-+\s+(\S+)\s+-+END USER NKEY SEED-+")


@dataclass(frozen=True, slots=True)
class Access:
    """The servers, tried in this order, and one way to sign in (or none).

    `servers`: nats://host:port, or tls://host:port; user and password may stand before the host.
    `credentials_file` holds a JWT and its seed, as the NATS tools write it; `nkey_seed` is a seed
    alone. `tls` is needed for certificates that the system does not trust.
    """

    servers: tuple[str, ...]
    user: str | None = None
    password: Secret | None = None
    token: Secret | None = None
    nkey_seed: Secret | None = None
    credentials_file: Path | None = None
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """One server of an `Access`."""

    host: str
    port: int
    user: str | None
    password: Secret | None
    wants_tls: bool


def address_of(server: str) -> Address:
    """Raises InvalidRequest for what is no address of a server."""
    parts = urlsplit(server if "://" in server else f"nats://{server}")
    if parts.scheme not in ("nats", "tls") or not parts.hostname:
        # The address may hold a password: it is not repeated.
        raise InvalidRequest.of("broker url", parts.scheme, "use nats://host:port or tls://...")
    return Address(
        host=parts.hostname,
        port=parts.port or DEFAULT_PORT,
        user=unquote(parts.username) if parts.username else None,
        password=Secret(unquote(parts.password)) if parts.password else None,
        wants_tls=parts.scheme == "tls",
    )


def proof(access: Access, address: Address, nonce: str) -> dict[str, str]:
    """The fields of CONNECT that sign in. `nonce` is the server's, signed where a key is used.

    Raises FailedPrecondition when the credentials cannot be read.
    """
    if access.credentials_file is not None:
        jwt, seed = _read_credentials(access.credentials_file)
        return {"jwt": jwt, "sig": _signed(seed, nonce)}
    if access.nkey_seed is not None:
        seed = access.nkey_seed.reveal_text()
        return {"nkey": public_nkey(seed), "sig": _signed(seed, nonce)}
    if access.token is not None:
        return {"auth_token": access.token.reveal_text()}
    user = access.user or address.user
    password = access.password or address.password
    if user is None:
        return {}
    return {"user": user, "pass": "" if password is None else password.reveal_text()}


def public_nkey(seed: str) -> str:
    """The user that a seed belongs to, as it stands in a server's configuration.

    `U...`: the prefix of a user, the key, and a CRC-16 (XMODEM, little-endian) of both, in base 32.
    """
    content = bytes([_USER_PREFIX]) + _key_of(seed).public_key().public_bytes_raw()
    checksum = crc_hqx(content, 0)
    return base64.b32encode(content + checksum.to_bytes(2, "little")).rstrip(b"=").decode()


def _read_credentials(path: Path) -> tuple[str, str]:
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise FailedPrecondition(f"the broker's credentials {path} cannot be read") from error
    jwt, seed = _JWT.search(text), _SEED.search(text)
    if jwt is None or seed is None:
        raise FailedPrecondition(f"{path} does not hold a user's JWT and seed")
    return jwt[1], seed[1]


def _key_of(seed: str) -> Ed25519PrivateKey:
    try:
        raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
        return Ed25519PrivateKey.from_private_bytes(raw[_SEED_PREFIX_BYTES:][:_SEED_BYTES])
    except ValueError as error:
        raise FailedPrecondition("the broker's key is not an NKey seed") from error


def _signed(seed: str, nonce: str) -> str:
    signature = _key_of(seed).sign(nonce.encode())
    return base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
