"""The head of an answer: status line and fields."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from bursar_edge.http1.request import Headers

_STATUS_LINES = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status.value, status.phrase.encode())
    for status in HTTPStatus
}
BODILESS = frozenset({204, 304})

# Fields that are for one connection alone, and those that say where a message ends.
# Source: RFC 9110, section 7.6.1.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)


def head(status: int, headers: Iterable[tuple[bytes, bytes]], *, is_last: bool) -> bytes:
    """Everything up to and with the empty line. `is_last` says that the connection ends after."""
    line = _STATUS_LINES.get(status) or b"HTTP/1.1 %d Unknown\r\n" % status
    parts = [line]
    parts += [b"%b: %b\r\n" % field for field in headers]
    parts.append(b"connection: close\r\n\r\n" if is_last else b"\r\n")
    return b"".join(parts)


def end_to_end(headers: Headers) -> Headers:
    """The fields that go on: all but those of this connection and those it names as its own."""
    own = HOP_BY_HOP
    for name, value in headers:
        if name == b"connection" and value.lower() not in (b"keep-alive", b"close"):
            own = own | {part.strip().lower() for part in value.split(b",")}
    return [field for field in headers if field[0] not in own]
