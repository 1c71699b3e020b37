"""Coding CLIs through Bursar's edge: the ledger has what the provider served, call by call."""

import pytest

from bursar.secret import Secret
from bursar_executor.backends.backend import Job
from bursar_executor.backends.coding_cli import CliAccess, CodingCliBackend
from bursar_executor.backends.coding_clis import EDGE_MODELS
from bursar_executor.clis.cli import Access
from edge_world import edge_world
from installed_clis import CLIS, RUN_S

pytestmark = [pytest.mark.clients, pytest.mark.xdist_group("clients")]
SPOKEN = [found for found in CLIS if found[0].SPEAKS in EDGE_MODELS]


@pytest.mark.parametrize(("cli", "model"), SPOKEN, ids=lambda of: getattr(of, "NAME", of))
async def test_what_a_run_took_is_in_the_ledger_and_not_in_its_own_word(
    cli, model, runner, tmp_path
):
    async with edge_world(tmp_path / "bursar") as world:
        access = CliAccess(Access(world.url, Secret("sk-simulated")), model)
        backend = CodingCliBackend(cli, runner, access)
        job = Job("Say hi.", {}, "", max_output_tokens=400, max_duration_s=RUN_S)

        outcome = await (await backend.prepared(job)).done()

        assert outcome.text.startswith("SIMULATED"), outcome.summary
        assert not outcome.usage.input_tokens
        await world.ledger.all_settled(len(world.provider.served.calls))
        totals = world.ledger.totals()
        assert totals["output_tokens"] > 0
        assert {name: world.served()[name] for name in totals} == totals
