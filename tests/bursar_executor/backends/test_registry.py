"""What can do work here, as a task or a person sees it."""

import pytest
from aiohttp import web

from bursar.errors import BackendUnavailable, FailedPrecondition, NotFound
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_executor.backends.registry import Registry
from bursar_executor.local_model.installation import MODEL
from bursar_executor.settings import ExecutorSettings
from executor_parts import isolate

LOCAL, PAID = ledger_pb2.BACKEND_TIER_LOCAL_MODEL, ledger_pb2.BACKEND_TIER_PAID_API


@pytest.fixture
async def ollama():
    """A server that lists one model, as Ollama does."""

    async def models(request):
        return web.json_response({"data": [{"id": "qwen3:8b"}]})

    application = web.Application()
    application.router.add_get("/v1/models", models)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


@pytest.fixture
def registry(tmp_path, monkeypatch):
    isolate(monkeypatch, tmp_path)
    return lambda **servers: Registry(ExecutorSettings.load(local_servers=servers))


def ids(backends):
    return [found.backend_id for found in backends]


def task(*needed, model=""):
    return planner_pb2.Task(required_capabilities=needed, requested_model=model)


async def test_everything_is_listed_with_how_to_get_what_is_missing(registry):
    async with registry() as here:
        found = {one.backend_id: one for one in await here.everything()}

    assert found["tool/ruff-check"].is_available
    assert found["parser/test-log"].is_available
    assert found[f"local/{MODEL}"].is_by_name_only
    missing = found["anthropic/claude-haiku-4-5"]
    assert (missing.is_available, missing.remedy) == (False, "set ANTHROPIC_API_KEY")
    assert found["local-server"].remedy == "run Ollama or llama.cpp on this machine"


async def test_only_tools_whose_business_the_files_are_are_asked(registry):
    async with registry() as here:
        python = ids(await here.describe(task("linting"), ["a.py"], has_logs=False))
        shell = ids(await here.describe(task("linting"), ["bin/a.sh"], has_logs=False))

    assert "tool/ruff-check" in python
    assert "tool/shellcheck" in shell
    assert "tool/ruff-check" not in shell


async def test_the_log_reader_is_asked_where_there_is_a_log(registry):
    async with registry() as here:
        assert ids(await here.describe(task("debugging"), ["-"], has_logs=True)) == [
            "parser/test-log"
        ]
        without = await here.describe(task("debugging"), ["-"], has_logs=False)

    assert "parser/test-log" not in ids(without)
    assert "local-server" in ids(without)


async def test_the_demonstration_model_is_asked_by_name_alone(registry):
    async with registry() as here:
        unnamed = await here.describe(task("code_review"), ["a.py"], has_logs=False)
        named = await here.describe(task(model=MODEL), ["a.py"], has_logs=False)
        with pytest.raises(BackendUnavailable):
            await here.model_named("auto")
        chosen = await here.model_named(MODEL)

    assert f"local/{MODEL}" not in ids(unnamed)
    assert f"local/{MODEL}" in ids(named)
    assert chosen.mark == "demonstration model"


async def test_a_model_is_offered_for_needs_in_words_and_for_no_tools_work(registry, ollama):
    async with registry(ollama=ollama) as here:
        found = await here.describe(task("poetry", "linting"), ["a.py"], has_logs=False)

    (qwen,) = [one for one in found if one.target.model == "qwen3:8b"]
    assert "poetry" in qwen.capabilities
    assert "linting" not in qwen.capabilities
    assert qwen.target.tier == LOCAL


async def test_a_local_server_is_what_auto_takes_and_costs_nothing(registry, ollama, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    async with registry(ollama=ollama) as here:
        chosen = await here.model_named("auto")
        paid = await here.model_named("claude-sonnet-4-5")
        described = await here.everything()

    assert (chosen.model, chosen.target.tier) == ("qwen3:8b", LOCAL)
    assert (paid.backend_id, paid.target.tier) == ("anthropic/claude-sonnet-4-5", PAID)
    assert all(one.is_available for one in described if one.target.tier == PAID)


@pytest.mark.parametrize("name", ["qwen3:8b", "ollama/qwen3:8b"])
async def test_a_model_answers_to_its_name_and_to_its_id(registry, ollama, name):
    async with registry(ollama=ollama) as here:
        assert (await here.model_named(name)).model == "qwen3:8b"


async def test_a_name_there_is_none_of_is_told_the_names_there_are(registry, ollama):
    async with registry(ollama=ollama) as here:
        with pytest.raises(NotFound, match=r"qwen3:8b, smollm2"):
            await here.model_named("gpt-9")
        with pytest.raises(NotFound, match="bursar backends"):
            here.by_id("tool/none")


async def test_before_it_is_opened_it_has_no_models(registry):
    with pytest.raises(FailedPrecondition):
        await registry().model_named("auto")
