"""Coding CLIs, unmodified, run as the executor runs them, against the simulated provider."""

import pytest

from bursar.secret import Secret
from bursar_executor.backends.backend import Job
from bursar_executor.backends.coding_cli import CliAccess, CodingCliBackend
from bursar_executor.clis.cli import Access, Ask, TaskClass
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulated_provider import SimulatedProvider
from installed_clis import CLIS, RUN_S

pytestmark = [pytest.mark.clients, pytest.mark.xdist_group("clients")]

each_cli = pytest.mark.parametrize(("cli", "model"), CLIS, ids=lambda of: getattr(of, "NAME", of))


@pytest.fixture
async def provider():
    async with SimulatedProvider(SimulatorSettings(host="127.0.0.1", port=0)) as simulated:
        yield simulated


@pytest.fixture
def run(runner, provider, tmp_path):
    """One run with a key of its own, in an empty home and an empty directory."""

    async def ran(cli, model, words="Say hi."):
        home, work = tmp_path / "home", tmp_path / "work"
        home.mkdir()
        work.mkdir()
        access = Access(provider.address, Secret("sk-simulated"))
        asked = Ask(TaskClass.ANSWER, home, model, access)
        return await runner.run(cli, asked, words, (work, RUN_S))

    return ran


@each_cli
async def test_an_answer_comes_and_its_own_account_is_what_the_provider_served(
    cli, model, run, provider
):
    done = await run(cli, model)

    assert done.report.text.startswith("SIMULATED"), done.report.error
    served = provider.served.calls
    assert {call.wire_format for call in served} == {cli.SPEAKS}
    (call,) = served
    assert call.model == model
    assert done.report.usage.input_tokens == call.usage.input_tokens
    assert done.report.usage.output_tokens == call.usage.output_tokens
    assert call.usage.input_tokens <= cli.OWN_PROMPT_TOKENS[TaskClass.ANSWER]


@each_cli
async def test_a_prompt_that_looks_like_a_command_goes_to_the_model(cli, model, run, provider):
    done = await run(cli, model, "/cost --version")

    assert done.report.text.startswith("SIMULATED"), done.report.error
    assert len(provider.served.calls) == 1


@each_cli
async def test_a_refusal_is_an_error_whatever_the_exit_code_says(cli, model, run, provider):
    provider.faults.add("status=400", times=50)

    done = await run(cli, model)

    assert not done.report.text
    assert done.report.error
    assert done.report.usage is None or done.report.usage.output_tokens == 0


@each_cli
async def test_a_task_with_files_runs_as_a_backend_and_books_nothing_the_provider_books(
    cli, model, runner, provider
):
    access = CliAccess(Access(provider.address, Secret("sk-simulated")), model)
    backend = CodingCliBackend(cli, runner, access)
    job = Job("Tidy this.", {"a.py": b"x = 1\n"}, "", max_output_tokens=400, max_duration_s=RUN_S)

    outcome = await (await backend.prepared(job)).done()

    assert outcome.error is None
    assert "SIMULATED" in outcome.text
    assert not outcome.files
    assert not outcome.usage.input_tokens
    assert provider.served.calls[0].usage.input_tokens <= cli.OWN_PROMPT_TOKENS[TaskClass.EDIT]
