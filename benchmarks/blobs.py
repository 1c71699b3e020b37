"""How long a small blob takes to be durable: in the table of small ones, and as a file.

    python benchmarks/blobs.py

Each blob is 2 KB that nobody put before, on the disk of the temporary directory (TMPDIR). First
one at a time, then 32 at a time; medians of three runs, each on a new directory.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

for folder in ("libs", "services"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / folder))

import uvloop  # noqa: E402

from bursar.blobs import BlobReference, DirectoryBlobStore  # noqa: E402
from bursar.blobs.files import BlobFiles  # noqa: E402
from bursar.blobs.place import BlobPlace  # noqa: E402
from bursar.blobs.stored_form import stored_form  # noqa: E402
from bursar.identity import Keyring  # noqa: E402
from bursar.secret import Secret  # noqa: E402

RUNS = 3
WARM_UP_PUTS = 64
PUTS = 512
AT_ONCE = 32
CONTENT_BYTES = 2048
TENANT = "acme"
ADDRESS_OF = Keyring(Secret(bytes(32))).blob_address

Put = Callable[[bytes], Awaitable[object]]


def measure() -> dict[str, float]:
    """Medians, by figure."""
    runs = [uvloop.run(_measure()) for _ in range(RUNS)]
    return {figure: statistics.median(run[figure] for run in runs) for figure in runs[0]}


async def _measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as data_dir:
        store = await DirectoryBlobStore.open(Path(data_dir, "blobs"), ADDRESS_OF)
        files = BlobFiles(Path(data_dir, "files"))

        async def put_small(content: bytes) -> object:
            return await store.put(TENANT, content)

        async def put_as_file(content: bytes) -> object:
            return await asyncio.to_thread(_put_file, files, content)

        figures = {}
        for name, put in (("table", put_small), ("file", put_as_file)):
            await _took_ms(put, WARM_UP_PUTS, 1)
            for at_once in (1, AT_ONCE):
                began = time.perf_counter()
                took_ms = await _took_ms(put, PUTS, at_once)
                puts_per_s = PUTS / (time.perf_counter() - began)
                figures[f"{name}_{at_once}_at_once_p50_ms"] = statistics.median(took_ms)
                figures[f"{name}_{at_once}_at_once_puts_per_s"] = puts_per_s
        await store.aclose()
        return figures


def _put_file(files: BlobFiles, content: bytes) -> None:
    reference = BlobReference(ADDRESS_OF(TENANT, content))
    files.put(BlobPlace.of(TENANT, reference), stored_form(content))


async def _took_ms(put: Put, puts: int, at_once: int) -> list[float]:
    took_ms: list[float] = []

    async def one_after_the_other(count: int) -> None:
        for _ in range(count):
            content = os.urandom(CONTENT_BYTES)
            began = time.perf_counter()
            await put(content)
            took_ms.append((time.perf_counter() - began) * 1000)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(one_after_the_other(puts // at_once))
    return took_ms


def main() -> None:
    """Prints a table."""
    for name, value in measure().items():
        print(f"{name:32} {value:10,.2f}")


if __name__ == "__main__":
    main()
