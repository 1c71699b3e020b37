"""The rest of a project, for tools whose verdict on a file depends on the files around it."""

from __future__ import annotations

from pathlib import Path

from bursar.errors import InvalidRequest
from bursar_executor.subprocesses.subprocesses import Subprocesses
from bursar_executor.working_copy.bounds import CopyBounds, check_amount
from bursar_executor.working_copy.repository import git

SURROUNDINGS_BOUNDS = CopyBounds(files=10_000, file_bytes=8 << 20, total_bytes=128 << 20)


async def surroundings(origin: Path, subprocesses: Subprocesses) -> dict[str, Path]:
    """The files below `origin` that git tracks or would track, by relative path; nothing outside
    of a repository. Raises InvalidRequest when a copy of them would be too large.
    """
    listed = await git(
        origin, subprocesses, "ls-files", "-z", "--cached", "--others", "--exclude-standard"
    )
    if not listed.succeeded:
        return {}
    if listed.stdout_cut:
        raise InvalidRequest.of("files", str(origin), "the project is too large to be copied")
    names = listed.stdout.decode(errors="surrogateescape").split("\0")
    places = {name: origin / name for name in names if name}
    regular = {
        name: place for name, place in places.items() if place.is_file() and not place.is_symlink()
    }
    sizes = {name: place.stat().st_size for name, place in regular.items()}
    check_amount(sizes, SURROUNDINGS_BOUNDS)
    return regular
