"""Credentials for a broker that is not ours, from a file, never from a command line."""

from __future__ import annotations

from pathlib import Path

from bursar.broker.credentials import Credentials
from bursar.errors import InvalidRequest
from bursar.secret import Secret


def credentials_in(setting: str, path: Path | None) -> Credentials | None:
    """The user and password in `path`, which `setting` names, as `user:password` on its first line;
    None without a file.

    Raises InvalidRequest when the file cannot be read or holds something else.
    """
    if path is None:
        return None
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InvalidRequest.of(
            setting, path, f"name a file that can be read ({error.strerror})"
        ) from None
    user, separator, password = (lines[0] if lines else "").partition(":")
    if not user or not separator or not password:
        raise InvalidRequest.of(setting, path, "write user:password in it")
    return Credentials(user, Secret(password))
