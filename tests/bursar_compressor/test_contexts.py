"""Contexts and chats through the service."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from bursar.compressor.v1 import compressor_pb2 as contract
from bursar.errors import InvalidRequest, NotFound
from bursar.eventlog.frame import decode
from bursar.events.v1 import compression_pb2, event_pb2
from bursar_compressor.service import STREAM, CompressorService
from bursar_compressor.settings import CompressorSettings
from memory_ground import memory_ground

FILE = "\n".join(f"line {number} of the file" for number in range(40)) + "\n"
NAMED = contract.NamedContext


@asynccontextmanager
async def running(tmp_path):
    service = CompressorService(memory_ground(tmp_path), CompressorSettings.load())
    async with asyncio.TaskGroup() as group:
        run = group.create_task(service.run())
        await service.ready()
        yield service
        await service.drain()
        run.cancel()


async def added(service, content, tenant_id="acme", **fields):
    request = contract.AddContextRequest(tenant_id=tenant_id, content=content, **fields)
    return await service.add_context(request)


async def test_the_same_content_has_one_reference_and_each_tenant_its_own(tmp_path):
    async with running(tmp_path) as service:
        first, again = await added(service, FILE), await added(service, FILE)
        other = await added(service, FILE, tenant_id="globex")
    assert first.reference == again.reference != other.reference
    assert first.reference.startswith("ctx_")
    assert (first.is_known, again.is_known, other.is_known) == (False, True, False)


async def test_a_delta_is_enough_to_add_the_next_version(tmp_path):
    async with running(tmp_path) as service:
        first = await added(service, FILE)
        second = await added(service, FILE.replace("line 7 ", "line seven "))
        changes = await service.diff(
            contract.DiffRequest(
                tenant_id="acme", from_reference=first.reference, to_reference=second.reference
            )
        )
        again = await added(service, "", previous=first.reference, delta=changes.delta)
        assert again.reference == second.reference
        with pytest.raises(InvalidRequest):
            await added(service, "", previous=second.reference, delta=changes.delta)


async def test_a_prompt_tells_only_what_the_model_has_not_seen(tmp_path):
    async with running(tmp_path) as service:
        first = (await added(service, FILE)).reference
        second = (await added(service, FILE.replace("line 7 ", "line seven "))).reference
        built = await service.build_prompt(
            contract.BuildPromptRequest(
                tenant_id="acme",
                model="gpt-4o",
                references=[NAMED(reference=second, name="a"), NAMED(reference=first, name="b")],
                seen=[first],
            )
        )
    assert [piece.form for piece in built.pieces] == [
        contract.Piece.FORM_DELTA,
        contract.Piece.FORM_REFERENCE,
    ]
    assert built.pieces[0].from_reference == first
    assert built.tokens < built.full_tokens // 4


@pytest.mark.parametrize("reference", [f"ctx_{'0' * 64}"])
async def test_no_reference_dangles(tmp_path, reference):
    async with running(tmp_path) as service:
        request = contract.BuildPromptRequest(references=[NAMED(reference=reference)])
        with pytest.raises(NotFound):
            await service.build_prompt(request)


@pytest.mark.parametrize("reference", ["", "ctx_1", "blob_" + "0" * 64, "ctx_" + "G" * 64])
async def test_what_is_no_reference_is_refused(tmp_path, reference):
    async with running(tmp_path) as service:
        with pytest.raises(InvalidRequest):
            await service.diff(contract.DiffRequest(from_reference=reference, to_reference=""))


async def test_another_tenants_context_is_not_there(tmp_path):
    async with running(tmp_path) as service:
        reference = (await added(service, FILE)).reference
        request = contract.BuildPromptRequest(
            tenant_id="globex", references=[NAMED(reference=reference)]
        )
        with pytest.raises(NotFound):
            await service.build_prompt(request)


def chat_request(turns, **fields):
    """Each turn calls a tool and gets a file."""
    messages = [{"role": "user", "content": "Look."}]
    for number in range(turns):
        use = {"id": f"c{number}", "type": "function", "function": {"name": "f", "arguments": ""}}
        messages += [
            {"role": "assistant", "content": None, "tool_calls": [use]},
            {
                "role": "tool",
                "tool_call_id": f"c{number}",
                "content": FILE.replace("file", f"file {number}"),
            },
        ]
    return contract.FitRequest(
        attribution={"tenant_id": "acme"},
        format=contract.CHAT_FORMAT_OPENAI_CHAT,
        body_json=json.dumps({"model": "gpt-4o", "messages": messages}).encode(),
        **fields,
    )


async def test_what_fit_clears_can_be_restored_by_the_reference_in_the_marker(tmp_path):
    request = chat_request(9, target_tokens=2_500)
    before = json.loads(request.body_json)["messages"]
    async with running(tmp_path) as service:
        response = await service.fit(request)
        assert response.tokens_after <= 2_500 < response.tokens_before
        assert response.cleared_messages == len(response.references) > 0
        assert response.restore_tool.name == "bursar_restore"
        sent = json.loads(response.body_json)["messages"]
        assert response.references[0] in sent[2]["content"]
        restored = await service.restore(
            contract.RestoreRequest(tenant_id="acme", reference=response.references[0])
        )
        assert restored.content.decode() == before[2]["content"]


async def test_at_level_plain_nothing_is_cleared(tmp_path):
    async with running(tmp_path) as service:
        with pytest.raises(InvalidRequest) as refused:
            await service.fit(chat_request(9, target_tokens=2_500, level=contract.LEVEL_PLAIN))
    assert refused.value.facts["least_tokens"] > 2_500


@pytest.mark.parametrize("fields", [{"target_tokens": 0}, {"target_tokens": 9_000, "format": 0}])
async def test_a_fit_that_names_no_window_or_format_is_refused(tmp_path, fields):
    request = chat_request(1)
    request.MergeFrom(contract.FitRequest(**fields))
    if "format" in fields:
        request.ClearField("format")
    async with running(tmp_path) as service:
        with pytest.raises(InvalidRequest):
            await service.fit(request)


async def test_a_fit_that_saves_is_an_event_without_words(tmp_path):
    ground = memory_ground(tmp_path)
    service = CompressorService(ground, CompressorSettings.load())
    async with asyncio.TaskGroup() as group:
        group.create_task(service.run())
        await service.ready()
        response = await service.fit(chat_request(9, target_tokens=2_500))
        await service.drain()
    record = await ground.log.get(STREAM, 1)
    event = event_pb2.Event.FromString(decode(record.frame, STREAM, 1).events[0])
    applied = compression_pb2.CompressionApplied.FromString(event.payload)
    assert applied.content_kind == contract.CONTENT_KIND_CHAT
    assert applied.tokens_after == response.tokens_after
    assert [change.elided_parts for change in applied.changes] == [response.cleared_messages]
    assert b"line" not in event.payload
