"""Where models answer: providers that are configured by the environment, and servers that stand at
their usual address on this machine.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
import msgspec

from bursar.ledger.v1 import ledger_pb2
from bursar.secret import Secret

PROBE_TIMEOUT_S = 0.2
MODELS_TOLD_MAX = 50

# Servers that are found without being configured: OLLAMA_HOST is what Ollama itself reads.
USUAL_SERVERS = (("ollama", "http://127.0.0.1:11434"), ("llama.cpp", "http://127.0.0.1:8080"))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place that answers in one wire format. `speaks` names one of `models.speaking.DIALECTS`;
    `base_url` is without the path of the API.
    """

    provider: str
    speaks: str
    base_url: str
    tier: ledger_pb2.BackendTier.ValueType
    models: tuple[str, ...]
    api_key: Secret | None = None


@dataclass(frozen=True, slots=True)
class _Provider:
    name: str
    key_variable: str
    url_variable: str
    usual_url: str
    model_variable: str
    usual_model: str


PROVIDERS = (
    _Provider(
        "anthropic",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_BASE_URL",
        "https://api.anthropic.com",
        "BURSAR_ANTHROPIC_MODEL",
        "claude-haiku-4-5",
    ),
    _Provider(
        "openai",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "https://api.openai.com",
        "BURSAR_OPENAI_MODEL",
        "gpt-5-mini",
    ),
    _Provider(
        "google",
        "GEMINI_API_KEY",
        "GOOGLE_GEMINI_BASE_URL",
        "https://generativelanguage.googleapis.com",
        "BURSAR_GEMINI_MODEL",
        "gemini-2.5-flash",
    ),
)
# Which of its two APIs OpenAI is spoken to by: `openai`, the usual one, or `openai-responses`.
OPENAI_FORMAT_VARIABLE = "BURSAR_OPENAI_FORMAT"


def configured_endpoints(environment: Mapping[str, str] | None = None) -> tuple[Endpoint, ...]:
    """Providers whose key is in the environment, each with the one model that `auto` may take."""
    variables = os.environ if environment is None else environment
    found: list[Endpoint] = []
    for provider in PROVIDERS:
        key = variables.get(provider.key_variable, "")
        if not key:
            continue
        url = variables.get(provider.url_variable) or provider.usual_url
        model = variables.get(provider.model_variable) or provider.usual_model
        found.append(
            Endpoint(
                provider=provider.name,
                speaks=_spoken_to(provider.name, variables),
                base_url=url.rstrip("/").removesuffix("/v1").removesuffix("/v1beta"),
                tier=ledger_pb2.BACKEND_TIER_PAID_API,
                models=(model,),
                api_key=Secret(key),
            )
        )
    return tuple(found)


def _spoken_to(provider: str, variables: Mapping[str, str]) -> str:
    if provider == "google":
        return "gemini"
    is_responses = variables.get(OPENAI_FORMAT_VARIABLE) == "openai-responses"
    return "openai-responses" if provider == "openai" and is_responses else provider


async def local_endpoints(
    session: aiohttp.ClientSession, servers: tuple[tuple[str, str], ...] = USUAL_SERVERS
) -> list[Endpoint]:
    """Servers that answer at their usual address within 200 ms, with the models they name."""
    looked = await asyncio.gather(*(_look(session, name, url) for name, url in servers))
    return [found for found in looked if found is not None]


async def _look(session: aiohttp.ClientSession, name: str, url: str) -> Endpoint | None:
    timeout = aiohttp.ClientTimeout(total=PROBE_TIMEOUT_S)
    try:
        async with session.get(f"{url}/v1/models", timeout=timeout) as response:
            models = _model_names(await response.read()) if response.status == 200 else ()
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None
    if not models:
        return None
    return Endpoint(
        provider=name,
        speaks="openai",
        base_url=url,
        tier=ledger_pb2.BACKEND_TIER_LOCAL_MODEL,
        models=models,
    )


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model]


def _model_names(content: bytes) -> tuple[str, ...]:
    try:
        told = msgspec.json.decode(content, type=_Models)
    except msgspec.DecodeError:
        return ()
    return tuple(model.id for model in told.data[:MODELS_TOLD_MAX])
