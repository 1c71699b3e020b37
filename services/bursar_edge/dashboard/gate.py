"""What a browser's request must show before the dashboard answers it: pure checks of headers.

Without keys, whoever reaches the port is let in, so a page of another site must not be able to use
the visitor's browser for that: neither by a name of its own that leads here (DNS rebinding: the
`Host` gives it away) nor by a request it sends across (the marker, which no form can set and which
a script of another origin may not send without being allowed to, and nobody is).
"""

from __future__ import annotations

from collections.abc import Mapping

from bursar.errors import Forbidden

MARKER = b"x-bursar-dashboard"
_LOOPBACK_NAMES = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})
_OWN_SITES = frozenset({b"same-origin", b"none"})

HeaderValues = Mapping[bytes, bytes]


def check_host(headers: HeaderValues) -> None:
    """Raises Forbidden where the name that the browser was led here by is not this machine's."""
    host = headers.get(b"host", b"")
    name = host.partition(b"]")[0] + b"]" if host.startswith(b"[") else host.partition(b":")[0]
    if name.lower() not in _LOOPBACK_NAMES:
        raise Forbidden(
            "without keys the dashboard answers only to localhost, 127.0.0.1 and [::1]; open it"
            " by one of these names, or ask for keys (BURSAR_AUTHENTICATION=keys)"
        )


def check_origin(headers: HeaderValues) -> None:
    """Raises Forbidden for a request that no page of this dashboard sent."""
    origin = headers.get(b"origin")
    is_own_origin = origin is None or origin.partition(b"://")[2] == headers.get(b"host")
    is_own_site = headers.get(b"sec-fetch-site", b"none") in _OWN_SITES
    if MARKER not in headers or not is_own_origin or not is_own_site:
        raise Forbidden("this is for the dashboard's own pages alone; ask over gRPC instead")
