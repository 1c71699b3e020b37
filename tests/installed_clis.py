"""The coding CLIs that are installed for tests: those of `package.json`, with BURSAR_CLIENTS=every
those of `every.json`; each with the model it is told to ask for.
"""

import json
import os
from pathlib import Path

from bursar_executor.clis import claude_code, codex, copilot, gemini_cli, opencode, qwen_code

RUN_S = 120.0
_ROOT = Path(__file__).parents[1]
_IS_EVERY = os.environ.get("BURSAR_CLIENTS") == "every"
_MANIFEST = _ROOT / "tests/clients" / ("every.json" if _IS_EVERY else "package.json")
_MODELS = {
    "@anthropic-ai/claude-code": (claude_code, "claude-haiku-4-5"),
    "@github/copilot": (copilot, "gpt-4o"),
    "@google/gemini-cli": (gemini_cli, "gemini-2.5-flash"),
    "@openai/codex": (codex, "gpt-4o"),
    "@qwen-code/qwen-code": (qwen_code, "gpt-4o"),
    "opencode-ai": (opencode, "gpt-4o"),
}

PROGRAMS = _ROOT / "build" / ("every-client" if _IS_EVERY else "clients") / "node_modules/.bin"
CLIS = [_MODELS[name] for name in json.loads(_MANIFEST.read_text())["dependencies"]]
