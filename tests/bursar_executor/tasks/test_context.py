"""What a model is given to read: within its share of the plan's tokens."""

import pytest

from bursar.compressor.v1 import compressor_pb2
from bursar.errors import InvalidRequest
from bursar.planner.v1 import planner_pb2
from bursar_executor.tasks.context import Room, compressed, joined
from executor_parts import ANN, isolate, office
from memory_ground import memory_ground


def test_each_file_stands_under_its_path_and_strange_bytes_do_no_harm():
    text = joined({"a.py": b"x = 1\n", "b.bin": b"\xff"})

    assert text == "--- a.py ---\nx = 1\n\n\n--- b.bin ---\n�"


@pytest.fixture
async def compressor(tmp_path, monkeypatch):
    isolate(monkeypatch, tmp_path)
    async with office(memory_ground(tmp_path)) as found:
        yield found.process.peers.client("compressor")


PLAN = planner_pb2.Plan(compression_level="safe")
LONG = "\n".join(f"line {number} says something of its own" for number in range(2_000))


async def test_a_long_context_comes_down_to_its_room(compressor):
    answer = await compressed(compressor, LONG, PLAN, Room("gpt-4o", 400, "what"), ANN)

    assert answer.tokens_after <= 400 < answer.tokens_before
    assert isinstance(answer, compressor_pb2.CompressResponse)


async def test_a_budget_below_the_least_that_can_be_reached_is_refused_with_the_remedy(compressor):
    with pytest.raises(InvalidRequest, match="--hint") as refused:
        await compressed(compressor, LONG, PLAN, Room("gpt-4o", -20, "what"), ANN)

    assert refused.value.facts["left_tokens"] == -20
    assert refused.value.facts["least_tokens"] > 0
