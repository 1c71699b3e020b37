"""A request for one model call: checked, its defaults filled in, its texts compressed if asked."""

from __future__ import annotations

from hashlib import sha256

from bursar.clients.compressor import CompressorClient
from bursar.compressor.v1 import compressor_pb2
from bursar.errors import InvalidRequest
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_executor.tasks import saving
from bursar_executor.tasks.request import DEFAULT_TENANT_ID, OPERATION_ID_BYTES_MAX

DEFAULT_OUTPUT_TOKENS = 1_024
OUTPUT_TOKENS_MAX = 200_000
MESSAGES_MAX = 2_000
# Shorter texts are sent as they are.
COMPRESSED_CHARACTERS_MIN = 1_024
COMPRESSED_ROLES = (executor_pb2.ROLE_USER, executor_pb2.ROLE_TOOL)
_ID_HEX_DIGITS = 32


def checked(request: executor_pb2.GenerateRequest) -> executor_pb2.GenerateRequest:
    """A copy with its defaults filled in. Raises InvalidRequest naming the field."""
    if not request.messages:
        raise InvalidRequest.of("messages", "none", "send at least one")
    if len(request.messages) > MESSAGES_MAX:
        raise InvalidRequest.of("messages", len(request.messages), f"send at most {MESSAGES_MAX}")
    if not 0 <= request.max_output_tokens <= OUTPUT_TOKENS_MAX:
        remedy = f"give 1 to {OUTPUT_TOKENS_MAX}, or 0 for {DEFAULT_OUTPUT_TOKENS}"
        raise InvalidRequest.of("max_output_tokens", request.max_output_tokens, remedy)
    if request.max_cost_nano_usd < 0:
        raise InvalidRequest.of("max_cost_nano_usd", request.max_cost_nano_usd, "give at least 0")
    if len(request.operation_id.encode()) > OPERATION_ID_BYTES_MAX:
        raise InvalidRequest.of("operation_id", request.operation_id, "use at most 128 bytes")
    whole = executor_pb2.GenerateRequest()
    whole.CopyFrom(request)
    whole.max_output_tokens = request.max_output_tokens or DEFAULT_OUTPUT_TOKENS
    whole.attribution.tenant_id = request.attribution.tenant_id or DEFAULT_TENANT_ID
    if not request.HasField("temperature"):
        whole.temperature = 0.0
    return whole


def call_id_of(request: executor_pb2.GenerateRequest, new_id: str) -> str:
    """Another call for each operation id of each tenant; a new one where none was given."""
    if not request.operation_id:
        return f"call_{new_id}"
    named = f"{request.attribution.tenant_id}\0{request.operation_id}".encode()
    return f"call_{sha256(named).hexdigest()[:_ID_HEX_DIGITS]}"


def fingerprint_of(request: executor_pb2.GenerateRequest) -> bytes:
    """SHA-256 of the content."""
    return sha256(request.SerializeToString(deterministic=True)).digest()


def strategy_of(
    request: executor_pb2.GenerateRequest,
) -> planner_pb2.CacheStrategy.ValueType:
    """Sampled answers are not kept; others by the standard unless the caller says how."""
    if request.temperature > 0:
        return planner_pb2.CACHE_STRATEGY_NONE
    return request.cache_strategy or planner_pb2.CACHE_STRATEGY_STANDARD


async def compress(
    compressor: CompressorClient, request: executor_pb2.GenerateRequest
) -> list[ledger_pb2.Saving]:
    """Compresses the long texts of users and tools in `request` where a level is set; the savings
    that came of it.
    """
    tokens_before = tokens_after = 0
    if not request.compression_level:
        return []
    for message in request.messages:
        is_long = len(message.text) >= COMPRESSED_CHARACTERS_MIN
        if not is_long or message.role not in COMPRESSED_ROLES:
            continue
        answer = await compressor.compress(
            compressor_pb2.CompressRequest(
                attribution=request.attribution,
                content=message.text,
                level=request.compression_level,
                model=request.model,
            )
        )
        message.text = answer.content
        tokens_before += answer.tokens_before
        tokens_after += answer.tokens_after
    if tokens_after >= tokens_before:
        return []
    return [saving.by_compression(tokens_before, tokens_after)]
