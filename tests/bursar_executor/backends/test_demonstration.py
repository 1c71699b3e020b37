"""The demonstration model does a task by its name: for real, marked, and for nothing."""

from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar_executor.local_model.installation import MODEL
from executor_parts import isolate, office, settlements
from memory_ground import memory_ground


async def test_a_task_by_its_name_is_done_settled_and_known_to_cost_nothing(tmp_path, monkeypatch):
    isolate(monkeypatch, tmp_path)
    async with office(memory_ground(tmp_path)) as here:
        result = await here.done("Say hello.", model=MODEL)

        assert result.state == executor_pb2.TASK_STATE_COMPLETED, result.summary
        assert result.text
        assert result.summary.startswith("demonstration model: ")
        assert result.usage.output_tokens > 0
        assert (result.cost.total_nano_usd, result.cost.is_known) == (0, True)
        assert not result.savings
        (settled,) = await settlements(here.ground.log)
        assert settled.target.tier == ledger_pb2.BACKEND_TIER_LOCAL_MODEL
        assert settled.cost.price.price_set == "free"
        assert settled.usage == result.usage
