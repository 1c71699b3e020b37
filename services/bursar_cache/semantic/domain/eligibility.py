"""Whether a question may be answered by another's answer at all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import regex

from bursar_cache.semantic.domain.timeliness import ttl_ns_max

TEXT_CHARS_MAX = 1_000


class Refusal(StrEnum):
    """Why a question is not looked up by meaning, and its answer not offered to others."""

    NOT_OPTED_IN = "not_opted_in"
    SAMPLED = "sampled"  # at a temperature above 0 two answers differ anyway
    TOOLS = "tools"
    EARLIER_TURNS = "earlier_turns"
    ATTACHMENTS = "attachments"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    REFERS = "refers"  # to something that is not in the text: this, the following
    PERSONAL = "personal"
    MOMENTARY = "momentary"  # asks what is so right now


@dataclass(frozen=True, slots=True)
class Asked:
    """What decides whether context is needed to answer."""

    text: str
    temperature: float = 0.0
    has_tools: bool = False
    has_earlier_turns: bool = False
    has_attachments: bool = False


_REFERS = regex.compile(
    r"""
    \b(?:this|these|those)\b(?!\s+(?:year|month|week|day|morning|evening|time|century|decade)s?\b)
    | \bthat\s+(?:one|code|text|image|file|error|message|sentence|paragraph)\b
    | \b(?:the|my)\s+(?:following|above|below|attached|latter|former|previous|given)\b
    | \b(?:following|attached|above|below)\s+
      (?:code|text|image|file|picture|sentence|paragraph|question|table|example)\b
    | \bas\s+(?:above|before|shown|described)\b | \b(?:mentioned|shown)\s+(?:above|below|earlier)\b
    | ```
    """,
    regex.VERBOSE | regex.IGNORECASE,
)
_PERSONAL = regex.compile(
    r"""
    [\w.+-]+@[\w-]+\.[\w.]+                                    # e-mail
    | (?<!\d)(?:\+?\d[\s().-]?){9,18}\d(?!\d)                   # telephone, card, account
    | \b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}\b                  # IBAN
    | \bmy\s+(?:full\s+)?name\s+is\b | \bi\s+am\s+\d{1,3}\b | \bi'm\s+\d{1,3}\b
    | \bmy\s+(?:address|birthday|date\s+of\s+birth|social\s+security|ssn|password|pin)\s+is\b
    | \bmy\s+(?:\w+\s+){0,2}(?:balance|statement|salary|diagnosis|order\s+(?:number|status))\b
    """,
    regex.VERBOSE | regex.IGNORECASE,
)


def refusal_of(asked: Asked, is_closed: bool = False) -> Refusal | None:
    """Why `asked` is not looked up by meaning; None when it may be.

    is_closed: every answer of the namespace is one of a fixed set that is the same for everybody,
    so that "this payment" is answered like any payment.
    """
    by_request = _by_request(asked)
    if by_request is not None:
        return by_request
    text = asked.text.strip()
    if not text:
        return Refusal.EMPTY
    if len(text) > TEXT_CHARS_MAX:
        return Refusal.TOO_LONG
    if _PERSONAL.search(text):
        return Refusal.PERSONAL
    if ttl_ns_max(text) == 0:
        return Refusal.MOMENTARY
    return Refusal.REFERS if not is_closed and _REFERS.search(text) else None


def _by_request(asked: Asked) -> Refusal | None:
    if asked.temperature > 0:
        return Refusal.SAMPLED
    if asked.has_tools:
        return Refusal.TOOLS
    if asked.has_earlier_turns:
        return Refusal.EARLIER_TURNS
    return Refusal.ATTACHMENTS if asked.has_attachments else None
