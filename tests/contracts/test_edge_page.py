"""docs/edge.md: its examples run, its tables say what the edge does."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
from pathlib import Path

import pytest

from bursar.dialects import anthropic_messages, openai_chat
from bursar.dialects.refusal import RefusalKind
from bursar_edge.settings import EdgeSettings
from edge_world import edge_world

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "edge.md").read_text()
ADDRESS = "http://127.0.0.1:7711"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
_REASONS = {
    "a limit is spent": RefusalKind.BUDGET_SPENT,
    "the request cannot be read": RefusalKind.INVALID,
    "the key is not known": RefusalKind.BAD_KEY,
    "the request is too large": RefusalKind.TOO_LARGE,
    "too many at once, or the log is away": RefusalKind.OVERLOADED,
    "the provider cannot be reached, or breaks off": RefusalKind.UNAVAILABLE,
    "the provider does not answer in time": RefusalKind.LATE,
}


def _run(source: str) -> str:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(source, "docs/edge.md", "exec"), {})
    return shown.getvalue()


@pytest.mark.clients
@pytest.mark.parametrize("example", EXAMPLES, ids=["anthropic", "openai"])
async def test_the_examples_of_the_page_run(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with edge_world(tmp_path) as world:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-client")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-client")
        shown = await asyncio.to_thread(_run, example.replace(ADDRESS, world.url))
        await world.ledger.all_settled(1)
    assert shown.strip()


@pytest.mark.parametrize("reason", _REASONS)
def test_the_page_has_the_status_of_every_refusal(reason: str) -> None:
    kind = _REASONS[reason]
    anthropic = anthropic_messages.refusal(kind, "", "", 1)
    openai = openai_chat.refusal(kind, "", "", 1)
    (row,) = re.findall(rf"\| {re.escape(reason)} \| (\d+) \| (\d+) \| (.*) \|", PAGE)
    assert (int(row[0]), int(row[1])) == (anthropic.status, openai.status)
    (told,) = {name for name, _ in anthropic.headers} & {"retry-after", "x-should-retry"}
    assert told in row[2]


def test_the_page_has_every_header_of_the_edges_own() -> None:
    sources = "".join(
        path.read_text() for path in (ROOT / "services" / "bursar_edge").rglob("*.py")
    )
    written = set(re.findall(r"x-bursar-[a-z-]+[a-z]", sources))
    described = set(re.findall(r"`(x-bursar-[a-z-]+[a-z])", PAGE))
    assert written == described


def test_the_page_names_only_settings_that_there_are() -> None:
    named = set(re.findall(r"BURSAR_EDGE_([A-Z_]+)", PAGE))
    assert named <= {name.upper() for name in EdgeSettings.model_fields}
