"""headroom-ai and repomix on the same files, each in an environment of its own below build/."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import compressor_data
import contract

ENVIRONMENTS = contract.ROOT / "build" / "peers"
HEADROOM = "headroom-ai==0.42.0"
REPOMIX = "repomix@1.18.1"
DEADLINE_S = 900

# Runs in headroom's environment: reads texts, writes what it makes of each as a tool's result.
_HEADROOM_SCRIPT = """
import json, sys
from headroom import compress
for line in sys.stdin:
    text = json.loads(line)
    messages = [
        {"role": "user", "content": "What is in this output?"},
        {"role": "assistant", "content": "", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "run", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": text},
    ]
    result = compress(messages, model="gpt-4o", protect_recent=0).messages
    print(json.dumps(result[-1]["content"]), file=sys.__stdout__, flush=True)
"""


def show(data: Path) -> None:
    """A line a folder: tokens saved by each peer that installs."""
    for peer, measure in (("headroom-ai", _show_headroom), ("repomix", _show_repomix)):
        try:
            measure(data)
        except (OSError, subprocess.SubprocessError) as error:
            print(f"{peer} was not measured: {type(error).__name__}")


def _show_headroom(data: Path) -> None:
    for folder in ("logs", "tool", "json"):
        every = compressor_data.texts(data / folder)
        print(
            f"headroom-ai on {folder}: {_saved_pct(every, _headroom(list(every.values()))):.1f} %"
        )


def _show_repomix(data: Path) -> None:
    for folder in ("py", "ts", "go"):
        every = compressor_data.texts(data / "code" / folder)
        packed = _repomix(data / "code" / folder)
        print(f"repomix --compress on {folder}: {_saved_pct(every, [packed]):.1f} %")


def _saved_pct(before: dict[str, str], after: list[str]) -> float:
    tokens_before = sum(map(compressor_data.tokens, before.values()))
    return 100 - 100 * sum(map(compressor_data.tokens, after)) / tokens_before


def _headroom(texts: list[str]) -> list[str]:
    home = ENVIRONMENTS / "headroom"
    python = home / "bin" / "python"
    if not python.exists():
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "-q", home], check=True, timeout=DEADLINE_S)
        install = [uv, "pip", "install", "-q", "--python", python, HEADROOM]
        subprocess.run(install, check=True, timeout=DEADLINE_S)
    done = subprocess.run(
        [python, "-c", _HEADROOM_SCRIPT],
        input="\n".join(map(json.dumps, texts)),
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE_S,
        env={"HEADROOM_OFFLINE": "1", "HOME": str(home), "PATH": str(home / "bin")},
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('"')]


def _repomix(directory: Path) -> str:
    home = ENVIRONMENTS / "repomix"
    home.mkdir(parents=True, exist_ok=True)
    command = home / "node_modules" / ".bin" / "repomix"
    if not command.exists():
        subprocess.run(["npm", "install", "--silent", "--prefix", home, REPOMIX], check=True)
    packed = home / "packed.txt"
    options = ["--compress", "--no-file-summary", "--no-directory-structure", "--quiet"]
    subprocess.run(
        [command, directory, *options, "--style", "plain", "-o", packed],
        check=True,
        timeout=DEADLINE_S,
    )
    return packed.read_text()
