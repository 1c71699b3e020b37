"""The key that signs checkpoints, and its public half that others check them by."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from bursar.durable_files import replace_file
from bursar.errors import FailedPrecondition


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The key in `path` (PEM), made there for this user alone when there is none.

    Keep it where the writers cannot read it. Raises FailedPrecondition for a file that is no key.
    """
    if not path.exists():
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        replace_file(path, pem)
        return key
    try:
        loaded = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise FailedPrecondition(f"{path} holds no private key: {type(error).__name__}") from error
    if not isinstance(loaded, Ed25519PrivateKey):
        raise FailedPrecondition(f"{path} holds a key of another kind than Ed25519")
    return loaded


def publish_key(key: Ed25519PrivateKey, path: Path) -> None:
    """Writes the public half to `path` (PEM), for whoever checks what was signed."""
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    replace_file(path, pem)


def public_key(path: Path) -> Ed25519PublicKey:
    """The public key in `path` (PEM). Raises FailedPrecondition for a file that is none."""
    try:
        loaded = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise FailedPrecondition(f"{path} holds no public key: {type(error).__name__}") from error
    if not isinstance(loaded, Ed25519PublicKey):
        raise FailedPrecondition(f"{path} holds a key of another kind than Ed25519")
    return loaded
