"""Requests that tests send through the edge."""

from __future__ import annotations

import aiohttp

ANTHROPIC = "/v1/messages"
OPENAI = "/v1/chat/completions"
QUESTION = {"role": "user", "content": "What is the capital of Italy?"}


def messages(**more: object) -> dict[str, object]:
    """A small request in Anthropic's format."""
    return {"model": "claude-haiku-4-5", "max_tokens": 64, "messages": [QUESTION], **more}


def completion(**more: object) -> dict[str, object]:
    """A small request in OpenAI's format."""
    return {"model": "gpt-4o-mini", "max_tokens": 64, "messages": [QUESTION], **more}


BOTH = [(ANTHROPIC, messages()), (OPENAI, completion())]


def session(key: str = "sk-1") -> aiohttp.ClientSession:
    """A client with a key in every place where one is looked for."""
    return aiohttp.ClientSession(headers={"x-api-key": key, "authorization": f"Bearer {key}"})
