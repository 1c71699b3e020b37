"""The CLIs there are."""

from __future__ import annotations

from bursar_executor.clis import claude_code, codex, copilot, gemini_cli, opencode, qwen_code
from bursar_executor.clis.cli import Cli

CLIS: tuple[Cli, ...] = (claude_code, codex, copilot, gemini_cli, opencode, qwen_code)
