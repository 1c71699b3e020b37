"""docs/grpc.md: its commands run as shown, its table knows every reason."""

import importlib
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bursar.errors import by_reason
from bursar.rpc.status import CODES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "grpc.md").read_text()
END = "\x01"
COMMANDS_TIMEOUT_S = 60
_ROW = re.compile(r"^\| `([A-Z_]+)` \| `([A-Z_]+)` \|", re.MULTILINE)


def sessions() -> list[tuple[str, str]]:
    """Every command of the page's consoles with what it shows."""
    found = []
    for console in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
        for entry in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
            command, _, output = entry.partition("\n")
            found.append((command, output))
    return found


def looks_like(shown: str) -> re.Pattern[str]:
    """`…` on a line of its own stands for lines, within a line for anything on it."""
    lines = [
        "(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + "\n"
        for line in shown.splitlines()
    ]
    return re.compile("".join(lines))


@pytest.fixture
def address(tmp_path):
    """Everything on this machine, without any provider's key."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "OLLAMA_HOST": "127.0.0.1:1",  # this machine's own, if any, would answer
    }
    command = [sys.executable, "-m", "bursar_all", "up", "--data-dir", str(tmp_path / "data")]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().split("gRPC ")[1].strip()
    finally:
        process.terminate()
        assert process.wait(20) == 0


@pytest.mark.broker
def test_the_commands_of_the_page_do_what_it_shows(address, tmp_path):
    shown = sessions()
    script = "\n".join(f"{{ {command}\n}} 2>&1\nprintf '{END}'" for command, _ in shown)
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "ADDR": address,
    }
    done = subprocess.run(
        ["bash", "-c", script],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=COMMANDS_TIMEOUT_S,
        check=False,
    )
    outputs = done.stdout.split(END)[:-1]
    for (command, expected), output in zip(shown, outputs, strict=True):
        assert looks_like(expected).fullmatch(output), f"{command}\nshows\n{output}"


def test_the_table_knows_every_reason_and_its_code():
    for root in ("libs", "services"):
        for module in pkgutil.walk_packages([str(ROOT / root)]):
            if not module.name.endswith(("__main__", "_pb2", "_pb2_grpc")):
                importlib.import_module(module.name)
    raised = {reason: CODES[found.kind].name for reason, found in by_reason().items()}
    own = {
        reason: code
        for reason, code in raised.items()
        if by_reason()[reason].__module__.startswith("bursar")
    }
    assert dict(_ROW.findall(PAGE)) == own
