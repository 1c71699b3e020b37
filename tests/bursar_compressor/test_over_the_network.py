"""A remote caller and one in the same process see the same answers and the same errors."""

from __future__ import annotations

import json

import pytest

from bursar.clients.compressor import CompressorClient, RemoteCompressor
from bursar.compressor.v1 import compressor_pb2 as contract
from bursar.errors import InvalidRequest, NotFound
from bursar.rpc.calling import channel_to
from bursar.wiring.process import ProcessPlan, running
from bursar_compressor.module import MODULE
from memory_ground import memory_ground

LOG = "\n".join(f"2026-07-01 12:00:00 INFO step {number} of the run" for number in range(90))


@pytest.fixture(params=["in process", "remote"])
async def compressor(request, tmp_path):
    async with running(ProcessPlan([MODULE]), memory_ground(tmp_path)) as process:
        if request.param == "in process":
            yield process.peers.client("compressor")
        else:
            async with channel_to(process.address) as channel:
                yield RemoteCompressor(channel)


async def test_a_text_is_compressed_restored_and_counted(compressor: CompressorClient):
    answer = await compressor.compress(
        contract.CompressRequest(content=LOG, model="gpt-4o", target_tokens=300)
    )
    counted = await compressor.count(contract.CountRequest(content=answer.content, model="gpt-4o"))
    restored = await compressor.restore(
        contract.RestoreRequest(reference=answer.changes[-1].reference)
    )

    assert answer.tokens_after == counted.tokens <= 300
    assert restored.content == LOG.encode()


async def test_an_unreachable_target_is_the_same_error_with_the_least_count(
    compressor: CompressorClient,
):
    with pytest.raises(InvalidRequest) as refused:
        await compressor.compress(
            contract.CompressRequest(content=LOG, model="gpt-4o", target_tokens=3)
        )

    assert 3 < refused.value.facts["least_tokens"] < 200


async def test_a_reference_that_leads_nowhere_is_not_found(compressor: CompressorClient):
    with pytest.raises(NotFound):
        await compressor.restore(contract.RestoreRequest(reference=f"blob_{'0' * 64}"))


async def test_contexts_and_chats_are_the_same_over_the_network(compressor: CompressorClient):
    first = await compressor.add_context(contract.AddContextRequest(content=LOG))
    second = await compressor.add_context(contract.AddContextRequest(content=f"{LOG}\nend"))
    changes = await compressor.diff(
        contract.DiffRequest(from_reference=first.reference, to_reference=second.reference)
    )
    built = await compressor.build_prompt(
        contract.BuildPromptRequest(
            model="gpt-4o",
            references=[contract.NamedContext(reference=second.reference)],
            seen=[first.reference],
        )
    )
    assert changes.delta in built.prompt
    assert [piece.form for piece in built.pieces] == [contract.Piece.FORM_DELTA]

    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": LOG}]}).encode()
    request = contract.FitRequest(
        format=contract.CHAT_FORMAT_OPENAI_CHAT, body_json=body, target_tokens=9_000
    )
    assert (await compressor.fit(request)).body_json == body
    request.target_tokens = 40
    with pytest.raises(InvalidRequest) as refused:
        await compressor.fit(request)
    assert refused.value.facts["least_tokens"] > 40
