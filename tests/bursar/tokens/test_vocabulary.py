"""The shipped vocabularies: what they are, how they load, what happens to a damaged one."""

import os
import subprocess
import sys
import threading
from hashlib import sha256
from pathlib import Path

import pytest
import tiktoken_ext.openai_public as published

from bursar.errors import FailedPrecondition, InvalidRequest
from bursar.tokens import vocabulary

REPOSITORY = Path(__file__).parents[3]


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "libs")},
    )
    return done.stdout


@pytest.mark.parametrize("name", vocabulary.NAMES)
def test_a_vocabulary_is_the_one_that_tiktoken_pins(name, monkeypatch):
    pinned = {}

    def ranks(address, expected_hash):
        pinned["sha256"] = expected_hash
        return {}

    monkeypatch.setattr(published, "load_tiktoken_bpe", ranks)
    constructed = published.ENCODING_CONSTRUCTORS[name]()
    ours = vocabulary._VOCABULARIES[name]
    assert ours.sha256 == pinned["sha256"]
    assert ours.pattern == constructed["pat_str"]
    assert (
        sha256((vocabulary.DIRECTORY / f"{name}.tiktoken").read_bytes()).hexdigest() == ours.sha256
    )


@pytest.mark.parametrize(
    ("name", "ids"), [("cl100k_base", [15339, 1917]), ("o200k_base", [24912, 2375])]
)
def test_a_vocabulary_gives_its_known_ids(name, ids):
    assert vocabulary.encoding(name).encode_ordinary("hello world") == ids


def test_a_damaged_file_is_named_with_the_remedy_and_left_alone(tmp_path):
    damaged = tmp_path / "o200k_base.tiktoken"
    damaged.write_bytes(b"AA== 0\n")
    with pytest.raises(FailedPrecondition) as refused:
        vocabulary.read_encoding("o200k_base", tmp_path)
    assert str(damaged) in refused.value.message
    assert "install Bursar again" in refused.value.message
    assert damaged.read_bytes() == b"AA== 0\n"


def test_a_missing_file_is_named_with_the_remedy(tmp_path):
    with pytest.raises(FailedPrecondition, match=r"cl100k_base\.tiktoken cannot be read"):
        vocabulary.read_encoding("cl100k_base", tmp_path)


def test_an_unknown_vocabulary_is_refused_with_those_there_are():
    with pytest.raises(InvalidRequest, match="use one of cl100k_base, o200k_base"):
        vocabulary.encoding("p50k_base")


def test_many_threads_load_one_encoding():
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(vocabulary.encoding("cl100k_base")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(encoding) for encoding in found}) == 1


def test_counting_needs_no_network_and_leaves_the_environment_alone():
    printed = run_python(
        "import os, socket\n"
        "class Refused(socket.socket):\n"
        "    def connect(self, *address): raise AssertionError('the network was asked')\n"
        "socket.socket = Refused\n"
        "os.environ['TIKTOKEN_CACHE_DIR'] = '/nonexistent'\n"
        "before = dict(os.environ)\n"
        "from bursar.tokens.texts import count_text\n"
        "print(count_text('hello world', 'gpt-4o').tokens, count_text('hello', 'gpt-4').tokens)\n"
        "assert dict(os.environ) == before\n"
    )
    assert printed.split() == ["2", "1"]


def test_importing_the_package_loads_nothing_heavy():
    printed = run_python(
        "import sys, bursar.tokens, bursar.tokens.chats\n"
        "print([m for m in ('tiktoken', 'asyncio', 'msgspec', 'pydantic') if m in sys.modules])"
    )
    assert printed.strip() == "[]"
