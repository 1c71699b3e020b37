"""What a model is given to read: within its share of the plan's tokens."""

import json

import pytest

from bursar.errors import InvalidRequest
from bursar_executor.tasks.context import FilesInRoom, Room
from bursar_executor.tasks.file_tokens import FileTokens
from executor_parts import ANN, isolate, office
from memory_ground import memory_ground

LONG = "\n".join(f"line {number} says something of its own" for number in range(2_000)).encode()
DATA = json.dumps([{"id": number, "state": "open"} for number in range(200)], indent=4).encode()


@pytest.fixture
async def compressor(tmp_path, monkeypatch):
    isolate(monkeypatch, tmp_path)
    async with office(memory_ground(tmp_path)) as found:
        yield found.process.peers.client("compressor")


async def read(compressor, files, room_tokens, *, level="safe", query="what", headings_tokens=0):
    """The context that a model with so much room gets."""
    room = Room("gpt-4o", room_tokens, query, level)
    file_tokens = await FileTokens().of(files)
    in_room = FilesInRoom(compressor, room, ANN)
    return await in_room.compressed(files, file_tokens, headings_tokens)


async def test_each_file_stands_under_its_path_and_strange_bytes_do_no_harm(compressor):
    context = await read(compressor, {"a.py": b"x = 1\n", "b.bin": b"\xff", "c": b""}, 1_000)

    assert context.text == "--- a.py ---\nx = 1\n\n\n--- b.bin ---\n\ufffd\n\n--- c ---\n"


async def test_a_file_of_data_is_compressed_as_data_beside_others(compressor):
    context = await read(compressor, {"a.json": DATA, "b.txt": b"words"}, 100_000)

    body = context.text.split("--- a.json ---\n")[1].split("\n\n--- b.txt")[0]
    assert json.loads(body) == json.loads(DATA)
    assert len(body) < len(DATA)
    assert "json_minify" in context.methods
    assert context.tokens_after < context.tokens_before


async def test_lossless_fits_data_into_less_room_than_plain_and_leaves_nothing_out(compressor):
    context = await read(compressor, {"a.json": DATA}, 1_000, level="lossless")

    assert "coded" in context.text
    assert "blob_" not in context.text


async def test_a_long_context_comes_down_to_its_room_and_a_short_file_beside_it_stays(compressor):
    context = await read(compressor, {"long.txt": LONG, "short.txt": b"three words here"}, 600)

    assert context.tokens_after <= 600 < context.tokens_before
    assert "three words here" in context.text


async def test_the_question_says_what_is_kept(compressor):
    told = "The weather was fine. " * 300 + "The launch code is 4711. " + "Birds sang. " * 300
    context = await read(
        compressor, {"a.txt": told.encode()}, 120, level="aggressive", query="the launch code"
    )

    assert "4711" in context.text


@pytest.mark.parametrize("files", [{"a": LONG}, {"a": LONG, "b": LONG}, {"a": b"x"}])
async def test_a_budget_below_the_least_that_can_be_reached_is_refused_with_the_remedy(
    compressor, files
):
    with pytest.raises(InvalidRequest, match="--hint") as refused:
        await read(compressor, files, -20)

    assert refused.value.facts["left_tokens"] == -20
    assert refused.value.facts["least_tokens"] > 0
