"""Checkpoints published outside, where nobody who writes the log can take them back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from subprocess import PIPE

from bursar.errors import FailedPrecondition, InvalidRequest, Unavailable

FILE_NAME = "bursar-checkpoints.txt"
GIT_TIMEOUT_S = 30.0
WEBHOOK_TIMEOUT_S = 10.0


async def publish(kind: str, place: str, line: str) -> bool:
    """Publishes one checkpoint; False where it stands there already.

    `kind`: file (a path), git (a working copy: one more commit) or webhook (an address that takes a
    POST). Raises FailedPrecondition, Unavailable, and InvalidRequest for another kind.
    """
    witness = _WITNESSES.get(kind)
    if witness is None:
        raise InvalidRequest.of("--to", kind, f"use one of {', '.join(_WITNESSES)}")
    return await witness(place, line)


async def _to_file(place: str, line: str) -> bool:
    return await asyncio.to_thread(_add_line, Path(place), line)


def _add_line(path: Path, line: str) -> bool:
    try:
        if path.exists() and line in path.read_text(encoding="ascii").split():
            return False
        with path.open("a", encoding="ascii") as file:
            file.write(line + "\n")
    except OSError as error:
        raise FailedPrecondition(f"{path} cannot be written: {error.strerror}") from error
    return True


async def _to_git(place: str, line: str) -> bool:
    """In a file of its own, and nothing else of the working copy; pushing is its owner's."""
    if not await _to_file(str(Path(place) / FILE_NAME), line):
        return False
    await _git(place, "add", "--", FILE_NAME)
    await _git(place, "commit", "--quiet", "-m", "Witness a checkpoint", "--", FILE_NAME)
    return True


async def _git(place: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec("git", "-C", place, *arguments, stderr=PIPE)
    try:
        async with asyncio.timeout(GIT_TIMEOUT_S):
            _, said = await process.communicate()
    except TimeoutError as error:
        process.kill()
        raise Unavailable(f"git did not end in {GIT_TIMEOUT_S:.0f} s") from error
    if process.returncode:
        raise FailedPrecondition(f"git {arguments[0]}: {said.decode(errors='replace').strip()}")


async def _to_webhook(place: str, line: str) -> bool:
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=WEBHOOK_TIMEOUT_S)
    headers = {"content-type": "text/plain; charset=us-ascii"}
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(place, data=line, headers=headers) as answer,
        ):
            status = answer.status
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Unavailable(f"the witness cannot be reached: {type(error).__name__}") from error
    except ValueError as error:
        raise InvalidRequest.of("webhook", place, "give an http or https address") from error
    if not 200 <= status < 300:
        raise Unavailable(f"the witness answered with status {status}")
    return True


_WITNESSES: dict[str, Callable[[str, str], Awaitable[bool]]] = {
    "file": _to_file,
    "git": _to_git,
    "webhook": _to_webhook,
}
