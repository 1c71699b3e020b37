"""`python -m bursar.rpc.health_probe HOST:PORT [SERVICE]`: ends with 0 when it serves, else with 1.

For containers, whose engines know no gRPC. SERVICE is a full name such as
`bursar.quota.v1.QuotaService`, or `alive`; without it the whole process is asked.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import grpc
from grpc_health.v1 import health_pb2

PROBE_TIMEOUT_S = 2.0
CHECK = "/grpc.health.v1.Health/Check"


def health_of(address: str, service: str = "") -> str:
    """What the process says of itself, `SERVING` for instance; `UNREACHABLE` when it is not there,
    `SERVICE_UNKNOWN` when it has none of this name.
    """
    with grpc.insecure_channel(address) as channel:
        check = channel.unary_unary(
            CHECK,
            health_pb2.HealthCheckRequest.SerializeToString,
            health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = check(health_pb2.HealthCheckRequest(service=service), timeout=PROBE_TIMEOUT_S)
        except grpc.RpcError as error:
            is_unknown = isinstance(error, grpc.Call) and error.code() is grpc.StatusCode.NOT_FOUND
            return "SERVICE_UNKNOWN" if is_unknown else "UNREACHABLE"
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


def main(arguments: Sequence[str]) -> int:
    """The exit code; the state goes to standard output."""
    if not 1 <= len(arguments) <= 2:
        sys.stderr.write("usage: python -m bursar.rpc.health_probe HOST:PORT [SERVICE]\n")
        return 2
    state = health_of(*arguments)
    sys.stdout.write(f"{state}\n")
    return 0 if state == "SERVING" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
