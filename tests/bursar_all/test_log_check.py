"""`bursar log verify`: the whole log, its checkpoints, and what was published outside."""

import json

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bursar.errors import FailedPrecondition
from bursar.eventlog.checkpointing import CHECKPOINTS
from bursar.eventlog.stream import StreamId
from bursar_all.commands.log import command
from bursar_all.log_check import (
    as_text,
    check_log,
    chosen_streams,
    newest_checkpoint,
    published_in,
    read_history,
)
from bursar_all.rendering.log import checked_lines, show_checked
from bursar_command import Command
from log_frames import (
    checkpoint_frames,
    decided_frames,
    flipped,
    heads_of,
    log_of,
    observed_frames,
    rewritten,
    signed_chain,
)

USAGE, CACHE = StreamId("usage"), StreamId("cache")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
USAGE_FRAMES = decided_frames(USAGE, 9)
CACHE_FRAMES = observed_frames(CACHE, writers=2, frames_each=2)
SIGNED = signed_chain(
    KEY,
    [
        *zip(
            heads_of(USAGE, USAGE_FRAMES, 3, 6, 8),
            heads_of(CACHE, CACHE_FRAMES, 1, 3, 4),
            strict=True,
        )
    ],
)


async def checked(usage=USAGE_FRAMES, signed=SIGNED, published=(), name=None):
    log = await log_of({USAGE: usage, CACHE: CACHE_FRAMES, CHECKPOINTS: checkpoint_frames(signed)})
    history, faults = await read_history(log, KEY.public_key(), published)
    found = await check_log(log, await chosen_streams(log, name), history, lambda _: None)
    found.faults += faults
    return found


async def test_a_whole_log_is_said_to_be_whole(capsys):
    found = await checked(published=SIGNED)
    assert found.is_whole
    assert [str(each.stream) for each in found.streams] == ["usage/0", "cache/0", "checkpoints/0"]
    assert found.checkpoints == 3
    show_checked(found)
    assert "damaged" not in capsys.readouterr().out


async def test_one_stream_can_be_checked_alone_and_must_be_there():
    found = await checked(name="usage/0")
    assert [str(each.stream) for each in found.streams] == ["usage/0"]
    with pytest.raises(FailedPrecondition, match="tasks"):
        await checked(name="tasks")


async def test_a_damaged_stream_is_named_and_the_others_are_checked_all_the_same(capsys):
    frames = list(USAGE_FRAMES)
    frames[4] = flipped(frames[4], 1500)
    found = await checked(frames)
    assert not found.is_whole
    assert [each.damage is None for each in found.streams] == [False, True, True]
    show_checked(found)
    assert "usage/0, frame 5:" in capsys.readouterr().err
    first, *_, last = checked_lines(found)
    assert first["damage"]["first_sequence"] == first["damage"]["last_sequence"] == 5
    assert last == {
        "type": "log",
        "is_whole": False,
        "checkpoints": 3,
        "checkpoint_faults": [],
    }


async def test_a_forgers_work_is_located_between_two_checkpoints():
    found = await checked(rewritten(USAGE, USAGE_FRAMES, 5, b"not what happened"))
    damage = found.streams[0].damage
    assert (damage.first_sequence, damage.last_sequence) == (4, 6)


async def test_with_the_logs_own_checkpoints_cut_off_too_a_published_one_still_shows_it():
    cut = {"usage": USAGE_FRAMES[:5], "signed": SIGNED[:1]}
    assert (await checked(**cut)).is_whole
    found = await checked(**cut, published=[SIGNED[2]])
    damage = found.streams[0].damage
    assert (damage.first_sequence, damage.last_sequence) == (6, 8)
    assert ["published" in fault for fault in found.faults] == [True]


async def test_checkpoints_that_someone_else_signed_are_a_fault_of_their_own():
    forged = signed_chain(
        Ed25519PrivateKey.from_private_bytes(bytes(32)), [tuple(heads_of(USAGE, USAGE_FRAMES, 9))]
    )
    found = await checked(signed=forged)
    assert "another key" in found.faults[0]


async def test_what_is_published_is_read_as_it_was_printed(tmp_path):
    log = await log_of({CHECKPOINTS: checkpoint_frames(SIGNED)})
    path = tmp_path / "published"
    path.write_text(f"{as_text(SIGNED[0])}\n{as_text(await newest_checkpoint(log))}\n")
    assert published_in(path) == [SIGNED[0], SIGNED[2]]
    path.write_text("no base 64!")
    with pytest.raises(FailedPrecondition):
        published_in(path)


def test_the_command_checks_a_real_log_with_and_without_a_running_instance(tmp_path):
    bursar = Command(tmp_path / "data", {"BURSAR_NOTARY_INTERVAL_S": "0.2"})
    limit = ("limits", "set", "--tenant", "acme", "--cost-per-day", "5usd")
    try:
        assert bursar.run(*limit, cwd=tmp_path).returncode == 0
        while not (published := bursar.run("log", "checkpoint", cwd=tmp_path)).stdout:
            assert "nothing was signed yet" in published.stderr
    finally:
        bursar.end()
    (tmp_path / "published").write_text(published.stdout)
    done = bursar.run(
        "log", "verify", "--json", "--against", str(tmp_path / "published"), cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]["is_whole"]
    assert lines[-1]["checkpoints"] >= 1
    assert lines[0]["stream"] == "usage/0"
    assert lines[0]["events"] == 1


def test_published_checkpoints_need_a_key_to_check_them_by(tmp_path):
    (tmp_path / "published").write_text(as_text(SIGNED[0]))
    arguments = ["verify", "--against", str(tmp_path / "published"), "--data-dir", str(tmp_path)]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert "--public-key" in result.output
