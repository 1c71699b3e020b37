"""How soon the answer to a question grows old, by what it asks."""

from __future__ import annotations

import regex

NS_PER_MINUTE = 60 * 1_000_000_000
TODAY_TTL_NS = 15 * NS_PER_MINUTE
PERIOD_TTL_NS = 60 * NS_PER_MINUTE
DATED_TTL_NS = 6 * 60 * NS_PER_MINUTE

_MOMENT = regex.compile(
    r"""\b(?:
    right\ now | at\ (?:the|this)\ moment | just\ now | currently | as\ we\ speak
    | what\ time\ is\ it | live\ (?:score|price|rate|result|traffic)s?
    | (?:current|present)\ (?:time|date|price|rate|score|temperature|weather|location|balance)
    )\b""",
    regex.IGNORECASE | regex.VERBOSE,
)
_TODAY = regex.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|this (?:morning|afternoon|evening)|now|latest|newest|"
    r"breaking|news|weather|forecast|stock price|exchange rate|headlines|so far|up to date)\b",
    regex.IGNORECASE,
)
_PERIOD = regex.compile(
    r"\b(?:(?:this|last|next|past|coming) (?:week|weekend|month|quarter|year|season)|recent(?:ly)?|"
    r"nowadays|these days|current|upcoming|lately|still|yet|as of|deadline)\b",
    regex.IGNORECASE,
)
_DATED = regex.compile(
    r"\b(?:\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}\.\d{1,2}\.\d{4}"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}(?:st|nd|rd|th)?"
    r"|\d{1,2}(?:st|nd|rd|th)? (?:of )?(?:jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b",
    regex.IGNORECASE,
)
_BY_URGENCY = (
    (_MOMENT, 0),
    (_TODAY, TODAY_TTL_NS),
    (_PERIOD, PERIOD_TTL_NS),
    (_DATED, DATED_TTL_NS),
)


def ttl_ns_max(text: str) -> int | None:
    """The longest an answer to `text` may be kept; 0 when it is old at once, None when time does
    not matter.
    """
    return next((ttl_ns for pattern, ttl_ns in _BY_URGENCY if pattern.search(text)), None)


def timely_ttl_ns(text: str, ttl_ns: int) -> int:
    """`ttl_ns`, or less where the answer to `text` grows old sooner."""
    longest_ns = ttl_ns_max(text)
    return ttl_ns if longest_ns is None else min(ttl_ns, longest_ns)
