import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar_executor.subprocesses.capture import Capture
from bursar_executor.subprocesses.command import Bounds, CommandResult, CommandSpec, Ending
from bursar_executor.subprocesses.subprocesses import Subprocesses
from hostile_commands import python

MIB = 1 << 20


async def run(
    subprocesses: Subprocesses, argv: tuple[str, ...], cwd: Path, bounds: Bounds
) -> CommandResult:
    return await subprocesses.run(CommandSpec(argv, cwd, bounds=bounds))


async def test_an_endless_flood_ends_the_command_and_is_marked_as_cut(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    result = await run(subprocesses, ("yes",), tmp_path, Bounds(stdout_bytes=MIB, wall_s=30))
    assert result.ending is Ending.FLOODED
    assert result.stdout_cut and not result.stderr_cut
    assert len(result.stdout) < MIB + 100
    assert b"bytes cut ...]" in result.stdout


async def test_a_talkative_command_ends_by_itself_and_keeps_its_first_and_last_lines(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    result = await run(subprocesses, ("seq", "1", "20000"), tmp_path, Bounds(stdout_bytes=4096))
    assert result.succeeded and result.stdout_cut
    assert result.stdout.startswith(b"1\n2\n3\n")
    assert result.stdout.endswith(b"19999\n20000\n")


async def test_both_streams_have_a_bound_of_their_own(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    code = "import sys; sys.stdout.write('o' * 5000); sys.stderr.write('e' * 50)"
    bounds = Bounds(stdout_bytes=1000, stderr_bytes=1000)
    result = await run(subprocesses, python(code), tmp_path, bounds)
    assert (result.stdout_cut, result.stderr_cut, result.stderr) == (True, False, b"e" * 50)


async def test_a_command_whose_time_is_up_is_ended(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    code = "print('partial', flush=True)\nimport time; time.sleep(600)"
    result = await run(subprocesses, python(code), tmp_path, Bounds(wall_s=0.3))
    assert result.ending is Ending.TIMED_OUT
    assert result.stdout == b"partial\n"
    assert result.signal == signal.SIGTERM
    assert 0.3e9 <= result.wall_ns < 2e9


async def test_memory_beyond_the_address_space_is_refused_to_the_command(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    argv = python("bytearray(600 << 20)")
    result = await run(subprocesses, argv, tmp_path, Bounds(address_space_bytes=300 * MIB))
    assert result.exit_code == 1
    assert b"MemoryError" in result.stderr


async def test_processor_time_beyond_the_limit_ends_the_command(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    result = await run(subprocesses, python("while True: pass"), tmp_path, Bounds(cpu_s=1))
    assert result.ending is Ending.SIGNALLED
    assert result.signal in {signal.SIGXCPU, signal.SIGKILL}


async def test_open_files_and_file_sizes_are_bounded(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    many = python("files = [open('/dev/null') for _ in range(64)]")
    large = ("dd", "if=/dev/zero", "of=large", "bs=64k", "count=64", "status=none")
    result = await run(subprocesses, many, tmp_path, Bounds(open_files=32))
    assert b"Too many open files" in result.stderr
    result = await run(subprocesses, large, tmp_path, Bounds(file_bytes=MIB))
    assert result.signal == signal.SIGXFSZ
    assert (tmp_path / "large").stat().st_size == MIB


@pytest.mark.parametrize("size_bytes", [99, 100, 101])
def test_a_stream_is_cut_above_its_bound_and_only_there(size_bytes: int) -> None:
    capture = Capture(100)
    capture.add(b"x" * size_bytes)
    assert capture.cut == (size_bytes > 100)
    assert capture.content().count(b"x") == min(size_bytes, 100)


@given(st.lists(st.binary(max_size=300)), st.integers(2, 200).map(lambda half: 2 * half))
def test_whatever_the_pieces_the_first_and_last_half_of_the_bound_are_kept(
    pieces: list[bytes], limit_bytes: int
) -> None:
    capture, whole = Capture(limit_bytes), b"".join(pieces)
    for piece in pieces:
        capture.add(piece)
    half_bytes = limit_bytes // 2
    assert capture.content()[:half_bytes] == whole[:half_bytes]
    assert capture.content()[-half_bytes:] == whole[-half_bytes:]
    assert len(capture.content()) <= limit_bytes + 100
