import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from bursar.ledger.v1 import ledger_pb2
from bursar_executor.endpoints import configured_endpoints, local_endpoints

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(answering: Answering) -> AsyncIterator[str]:
    """A server on loopback that answers /v1/models in this way."""
    application = web.Application()
    application.router.add_get("/v1/models", answering)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


async def models(request: web.Request) -> web.StreamResponse:
    return web.json_response({"object": "list", "data": [{"id": "qwen3:8b", "object": "model"}]})


async def never(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def no_json(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>a printer</html>")


async def refused(request: web.Request) -> web.StreamResponse:
    return web.Response(status=401)


def test_only_providers_with_a_key_are_configured() -> None:
    assert configured_endpoints({}) == ()
    assert configured_endpoints({"OPENAI_BASE_URL": "http://127.0.0.1:1"}) == ()
    (anthropic,) = configured_endpoints({"ANTHROPIC_API_KEY": "sk-ant-secret"})
    assert (anthropic.provider, anthropic.speaks) == ("anthropic", "anthropic")
    assert anthropic.base_url == "https://api.anthropic.com"
    assert anthropic.tier == ledger_pb2.BACKEND_TIER_PAID_API
    assert anthropic.api_key is not None
    assert anthropic.api_key.reveal_text() == "sk-ant-secret"
    assert "sk-ant-secret" not in repr(anthropic)


@pytest.mark.parametrize("url", ["http://proxy:9", "http://proxy:9/", "http://proxy:9/v1/"])
def test_a_base_address_counts_with_and_without_the_path_of_the_api(url: str) -> None:
    (openai,) = configured_endpoints({"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": url})
    assert openai.base_url == "http://proxy:9"


async def test_a_local_server_is_found_with_the_models_it_names() -> None:
    async with server(models) as url, aiohttp.ClientSession() as session:
        (found,) = await local_endpoints(session, (("ollama", url),))
    assert (found.provider, found.speaks, found.base_url) == ("ollama", "openai", url)
    assert found.models == ("qwen3:8b",)
    assert found.tier == ledger_pb2.BACKEND_TIER_LOCAL_MODEL
    assert found.api_key is None


@pytest.mark.parametrize("answering", [never, no_json, refused])
async def test_what_is_silent_or_something_else_is_no_model_server(answering: Answering) -> None:
    async with server(answering) as url, aiohttp.ClientSession() as session:
        started = time.perf_counter()
        assert await local_endpoints(session, (("llama.cpp", url),)) == []
        assert time.perf_counter() - started < 1.5  # the look itself ends after 0.2 s


async def test_where_nobody_listens_nothing_is_found() -> None:
    async with aiohttp.ClientSession() as session:
        assert await local_endpoints(session, (("ollama", "http://127.0.0.1:9"),)) == []


def test_google_speaks_gemini_and_openai_may_be_spoken_to_by_its_newer_api() -> None:
    (google,) = configured_endpoints(
        {"GEMINI_API_KEY": "k", "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:1/v1beta/"}
    )
    assert (google.provider, google.speaks) == ("google", "gemini")
    assert google.base_url == "http://127.0.0.1:1"
    keyed = {"OPENAI_API_KEY": "k"}
    (usual,) = configured_endpoints(keyed)
    (newer,) = configured_endpoints({**keyed, "BURSAR_OPENAI_FORMAT": "openai-responses"})
    assert (usual.speaks, newer.speaks) == ("openai", "openai-responses")
