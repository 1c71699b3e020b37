"""Answers AddContext, BuildPrompt and Diff. A context is a blob of its tenant under another name:
kept before its reference is given, and by nobody else to be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from bursar.compressor.v1 import compressor_pb2 as contract
from bursar.errors import InvalidRequest
from bursar.eventlog.envelope import DEFAULT_TENANT_ID
from bursar.wiring.module import Ground
from bursar_compressor import work
from bursar_compressor.context.deltas import applied, delta
from bursar_compressor.context.prompts import Context, Form
from bursar_compressor.context.references import blob_of, reference_of
from bursar_compressor.wire import check_size
from bursar_compressor.workers import Workers

REFERENCES_MAX = 256
CHARS_MAX = 32 * 1024 * 1024  # of all texts that one prompt is built from

_FORMS = {form: contract.Piece.Form.Value(f"FORM_{form.name}") for form in Form}


class Contexts:
    """The part of the service that knows contexts."""

    def __init__(self, ground: Ground, workers: Workers) -> None:
        self._ground = ground
        self._workers = workers

    async def add(self, request: contract.AddContextRequest) -> contract.AddContextResponse:
        """Durable when this answers. Raises NotFound when there is no such previous version."""
        tenant_id = request.tenant_id or DEFAULT_TENANT_ID
        content = request.content
        if request.delta:
            check_size(request.delta)
            before = await self._content(tenant_id, request.previous, "previous")
            size = len(before) + len(request.delta)
            content = await self._workers.run(size, partial(applied, before, request.delta))
        check_size(content)
        source = content.encode()
        address = self._ground.keyring.blob_address(tenant_id, source)
        blob = blob_of(f"ctx_{address.hex()}", "content")
        is_known = await self._ground.blobs.exists(tenant_id, blob)
        await self._ground.blobs.put(tenant_id, source)
        return contract.AddContextResponse(reference=reference_of(blob), is_known=is_known)

    async def build(self, request: contract.BuildPromptRequest) -> contract.BuildPromptResponse:
        """Raises NotFound when one of the references is not there."""
        tenant_id = request.tenant_id or DEFAULT_TENANT_ID
        if max(len(request.references), len(request.seen)) > REFERENCES_MAX:
            remedy = f"give at most {REFERENCES_MAX} references"
            raise InvalidRequest.of("references", len(request.references), remedy)
        named = [(one.reference, one.name) for one in request.references]
        wanted = await self._contexts(tenant_id, named, "references")
        seen = await self._contexts(tenant_id, [(one, "") for one in request.seen], "seen")
        chars = sum(len(one.content) for one in (*wanted, *seen))
        if chars > CHARS_MAX:
            raise InvalidRequest.of("references", f"{chars} characters", f"stay below {CHARS_MAX}")
        built = await self._workers.run(chars, partial(work.prompt, wanted, seen, request.model))
        return contract.BuildPromptResponse(
            prompt=built.prompt,
            tokens=built.tokens,
            full_tokens=built.full_tokens,
            is_estimate=built.is_estimate,
            pieces=[
                contract.Piece(
                    reference=piece.reference,
                    form=_FORMS[piece.form],
                    from_reference=piece.base,
                    tokens=piece.tokens,
                )
                for piece in built.pieces
            ],
        )

    async def diff(self, request: contract.DiffRequest) -> contract.DiffResponse:
        """Raises NotFound when one of the versions is not there."""
        tenant_id = request.tenant_id or DEFAULT_TENANT_ID
        before = await self._content(tenant_id, request.from_reference, "from_reference")
        after = await self._content(tenant_id, request.to_reference, "to_reference")
        size = len(before) + len(after)
        changes = await self._workers.run(size, partial(delta, before, after))
        return contract.DiffResponse(delta=changes)

    async def _contexts(
        self, tenant_id: str, named: Iterable[tuple[str, str]], field: str
    ) -> list[Context]:
        return [
            Context(reference, await self._content(tenant_id, reference, field), name)
            for reference, name in named
        ]

    async def _content(self, tenant_id: str, reference: str, field: str) -> str:
        return (await self._ground.blobs.get(tenant_id, blob_of(reference, field))).decode()
