"""What stands in the settings of tools where a task's files came from: another setting is another
result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

# Every file in which one of our tools looks for its settings, in a file's directory or above.
SETTINGS_NAMES = (
    ".clippy.toml",
    ".editorconfig",
    ".prettierignore",
    ".prettierrc",
    ".prettierrc.cjs",
    ".prettierrc.js",
    ".prettierrc.json",
    ".prettierrc.json5",
    ".prettierrc.mjs",
    ".prettierrc.toml",
    ".prettierrc.ts",
    ".prettierrc.yaml",
    ".prettierrc.yml",
    ".ruff.toml",
    ".rustfmt.toml",
    ".shellcheckrc",
    "Cargo.toml",
    "eslint.config.cjs",
    "eslint.config.js",
    "eslint.config.mjs",
    "eslint.config.mts",
    "eslint.config.ts",
    "package.json",
    "prettier.config.cjs",
    "prettier.config.js",
    "prettier.config.mjs",
    "prettier.config.ts",
    "pyproject.toml",
    "ruff.toml",
    "rustfmt.toml",
    "shellcheckrc",
)


def settings_digest(paths: Iterable[str], origin: Path | None) -> str:
    """SHA-256, hex, of the settings files that may count for `paths`; empty without an origin: then
    tools look at nothing but the files themselves. Blocking.
    """
    if origin is None:
        return ""
    start = origin.resolve()
    directories = {start, *start.parents}
    for path in paths:
        parts = PurePosixPath(path).parent.parts
        directories.update(start.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1))
    digest = hashlib.sha256()
    for directory in sorted(directories):
        for name in SETTINGS_NAMES:
            content = _content_of(directory / name)
            if content is not None:
                digest.update(f"{directory / name}\n{len(content)}\n".encode() + content)
    return digest.hexdigest()


def _content_of(file: Path) -> bytes | None:
    """None where it is not there, or not to be read: then no tool reads it either."""
    try:
        return file.read_bytes()
    except OSError:
        return None
