"""A call is proved from a real log, and checked offline by who has nothing but the public key."""

import asyncio
import json

import pytest

from bursar.ledger.v1 import ledger_pb2
from bursar.wiring.run import hosting
from bursar.wiring.settings import ProcessSettings
from bursar_all.joining import GRPC_ADDRESS
from bursar_all.targets import modules
from bursar_command import Command
from quota_services import a_reserve, a_settle

pytestmark = pytest.mark.broker


def call_of(request, call_id):
    request.attribution.CopyFrom(ledger_pb2.Attribution(tenant_id="acme", call_id=call_id))
    return request


async def run(bursar, *arguments, cwd):
    return await asyncio.to_thread(bursar.run, *arguments, cwd=cwd)


@pytest.fixture
def bursar(tmp_path):
    return Command(tmp_path / "data")


async def proved(bursar, directory, subject):
    """The proof, once the notary has signed what it is about."""
    async with asyncio.timeout(60):
        while True:
            done = await run(bursar, "audit", "proof", subject, cwd=directory)
            if done.returncode == 0:
                return done.stdout
            assert "no checkpoint" in done.stderr, done.stderr


async def test_a_calls_settlement_is_proved_and_a_changed_proof_does_not_hold(
    bursar, tmp_path, monkeypatch
):
    monkeypatch.setenv("BURSAR_NOTARY_INTERVAL_S", "0.2")
    settings = ProcessSettings(data_dir=bursar.data_dir)
    async with hosting(settings, modules(("quota", "efficiency", "notary"))) as hosted:
        hosted.broker.publish(**{GRPC_ADDRESS: hosted.process.address})
        quota = hosted.process.peers.client("quota")
        for call_id in ("call-1", "call-2"):
            held = await quota.reserve(call_of(a_reserve(is_dispatched=True), call_id))
            await quota.settle(a_settle(held.reservation_id))
        text = await proved(bursar, tmp_path, "call-2")
        assert json.loads(await proved(bursar, tmp_path, "usage-0-1"))["in_frame"]["index"] == 0
        published = tmp_path / "published.txt"
        witness = ("audit", "witness", "--to", "file", str(published))
        assert (await run(bursar, *witness, cwd=tmp_path)).stdout == "published\n"
        shown = await run(bursar, "audit", "call-2", "--tenant", "acme", cwd=tmp_path)
        assert "usage.settled" in shown.stdout
    # Offline: with no instance, no log and no data directory but the key.
    stranger = Command(tmp_path / "elsewhere")
    file, key = tmp_path / "proof.json", bursar.data_dir / "notary" / "public-key.pem"
    file.write_text(text)
    check = ("audit", "check", str(file), "--public-key", str(key))
    done = await run(stranger, *check, "--json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert (found["event"]["kind"], found["event"]["call_id"]) == ("usage.settled", "call-2")
    assert found["is_witnessed"] is None
    # The newest checkpoint alone was published: the proof's may be an earlier one.
    done = await run(stranger, *check, "--witness", str(published), cwd=tmp_path)
    is_newest = json.loads(text)["checkpoint"] == published.read_text().strip()
    assert (done.returncode == 0) == is_newest
    assert ("the witness has" in done.stdout) == is_newest
    fields = json.loads(text)
    file.write_text(json.dumps({**fields, "sequence": fields["sequence"] - 1}))
    done = await run(stranger, *check, cwd=tmp_path)
    assert done.returncode == 1
    assert "another place" in done.stderr
    assert not (tmp_path / "elsewhere").exists()
