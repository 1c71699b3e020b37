"""What providers say of their limits is read from either's headers, and nothing is made up."""

import pytest

from bursar.events.v1 import tasks_pb2
from bursar_executor.models.rate_limits import provider_limits

NOW_NS = 1_000_000_000_000_000_000


def limit(meter, limit, remaining, resets_at_ns=0):
    return tasks_pb2.ProviderLimit(
        meter=meter, limit=limit, remaining=remaining, resets_at_ns=resets_at_ns
    )


def test_anthropics_resets_are_instants():
    headers = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2001-09-09T01:46:40Z",
        "anthropic-ratelimit-input-tokens-limit": "30000",
        "anthropic-ratelimit-input-tokens-remaining": "29000",
    }

    assert provider_limits(headers, NOW_NS) == [
        limit("requests", 50, 49, NOW_NS),
        limit("input_tokens", 30_000, 29_000),
    ]


@pytest.mark.parametrize(
    ("reset", "left_ns"),
    [("1s", 10**9), ("6m0s", 360 * 10**9), ("17ms", 17 * 10**6), ("1.5s", 15 * 10**8)],
)
def test_openais_resets_are_durations(reset, left_ns):
    headers = {
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": reset,
    }

    assert provider_limits(headers, NOW_NS) == [limit("tokens", 1000, 0, NOW_NS + left_ns)]


@pytest.mark.parametrize("value", ["", "-1", "many", "1e9"])
def test_what_is_no_number_is_left_out(value):
    headers = {"x-ratelimit-limit-requests": value, "x-ratelimit-remaining-requests": "1"}

    assert provider_limits(headers, NOW_NS) == []
