"""Blobs in a directory that processes share, and are killed in."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

from bursar.blobs import BlobReference, DirectoryBlobStore
from bursar.blobs.small_table import FILE_NAME
from bursar.identity import Keyring
from bursar.secret import Secret

ADDRESS_OF = Keyring(Secret(bytes(32))).blob_address
ROUND_PUTS = 8

# Writes the references of each round when all its puts have returned. The first blob of each round
# is one that every process puts, the last a file.
PUTTING = f"""
import asyncio, os, sys
from itertools import count
from pathlib import Path
from bursar.blobs import DirectoryBlobStore
from bursar.identity import Keyring
from bursar.secret import Secret

async def main():
    address_of = Keyring(Secret(bytes(32))).blob_address
    store = await DirectoryBlobStore.open(Path(sys.argv[1]), address_of)
    for number in range(int(sys.argv[2])) if len(sys.argv) > 2 else count():
        contents = [os.urandom(1 + 50 * each * each) for each in range({ROUND_PUTS - 1})]
        contents = [b"%d" % number * 3000, *contents[1:], os.urandom(100_000)]
        puts = [store.put("acme", content) for content in contents]
        references = await asyncio.gather(*puts)
        os.write(1, (" ".join(map(str, references)) + "\\n").encode())
    await store.aclose()

asyncio.run(main())
"""


def putting(*arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PUTTING, *map(str, arguments)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def put_until_killed(root, rounds):
    """What a process acknowledged before it was killed in the middle of putting."""
    with putting(root) as process:
        lines = [process.stdout.readline() for _ in range(rounds)]
        process.kill()
        lines.append(process.stdout.read())
    return b"".join(lines).decode().split()


async def assert_all_there(root, references):
    store = await DirectoryBlobStore.open(root, ADDRESS_OF)
    for reference in references:
        assert await store.get("acme", BlobReference.parse(reference))
    await store.aclose()


def table_of(root):
    return closing(sqlite3.connect(root / FILE_NAME))


async def test_killed_while_putting_it_has_all_it_acknowledged_and_nothing_torn(tmp_path):
    acknowledged = []
    for trial in range(3):
        acknowledged += await asyncio.to_thread(put_until_killed, tmp_path, 20 + 7 * trial)
    await assert_all_there(tmp_path, acknowledged)
    with table_of(tmp_path) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = database.execute("SELECT hex(address) FROM blobs").fetchall()
    await assert_all_there(tmp_path, [f"blob_{address.lower()}" for (address,) in rows])


async def test_two_processes_share_a_directory_from_their_first_moment(tmp_path):
    rounds = 25
    with putting(tmp_path, rounds) as one, putting(tmp_path, rounds) as other:
        said, also_said = await asyncio.gather(
            asyncio.to_thread(one.communicate), asyncio.to_thread(other.communicate)
        )
    assert one.returncode == other.returncode == 0
    references = (said[0] + also_said[0]).decode().split()
    assert len(references) == 2 * rounds * ROUND_PUTS
    assert len(set(references)) == len(references) - rounds
    await assert_all_there(tmp_path, references)
    with table_of(tmp_path) as database:
        ((rows,),) = database.execute("SELECT COUNT(*) FROM blobs").fetchall()
    assert rows == len(set(references)) - 2 * rounds
