"""By which key checkpoints are checked."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bursar.eventlog.signing import public_key


def notary_key(named: Path | None, data_dir: Path) -> Ed25519PublicKey | None:
    """The public key in the file that was named, else that of this machine's own notary.

    None when there is neither. Raises FailedPrecondition for a file that holds none.
    """
    if named is not None:
        return public_key(named)
    own = data_dir / "notary" / "public-key.pem"
    return public_key(own) if own.exists() else None
